//! The H.264 encoder in use, and those that take its place when it fails while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use super::elements::{H264Choice, H264Encoder, present};
use super::probe::Chosen;

/// Shared by all who encode; cheap to clone. What failed is not used again before the next start.
#[derive(Debug, Clone)]
pub struct Encoders(Arc<Mutex<Ranked>>);

#[derive(Debug)]
struct Ranked {
    now: Chosen,
    /// The best first.
    next: Vec<H264Encoder>,
}

impl Encoders {
    /// Begins with the one that was chosen. One that the configuration names has no other behind it.
    pub fn new(chosen: Chosen, wanted: H264Choice) -> Self {
        let ranked = H264Encoder::RANKED.into_iter();
        let behind = ranked.skip_while(|encoder| *encoder != chosen.encoder).skip(1);
        let next = behind.filter(|encoder| wanted.named().is_none() && present(encoder.element())).collect();
        Self(Arc::new(Mutex::new(Ranked { now: chosen, next })))
    }

    /// The one to use.
    pub fn now(&self) -> H264Encoder {
        self.chosen().encoder
    }

    /// The same with what is known of it.
    pub fn chosen(&self) -> Chosen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    /// This one failed or stalled while it ran. Answers whether another one is to be used now.
    pub fn failed(&self, encoder: H264Encoder) -> bool {
        let mut ranked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ranked.now.encoder != encoder {
            // Somebody else was faster.
            return true;
        }
        if ranked.next.is_empty() {
            return false;
        }
        let next = ranked.next.remove(0);
        tracing::error!(
            encoder = encoder.element(),
            instead = next.element(),
            "an encoder failed while it was used; another one takes its place until the next start"
        );
        let first = ranked.now.instead_of.unwrap_or(encoder);
        ranked.now = Chosen { encoder: next, speed: None, instead_of: Some(first) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::pipeline::Speed;

    fn chosen(encoder: H264Encoder) -> Chosen {
        Chosen { encoder, speed: Some(Speed { fps: 60.0 }), instead_of: None }
    }

    #[test]
    fn the_next_that_is_installed_takes_the_place_of_one_that_fails_for_all_who_encode() {
        super::super::init().expect("it is installed");
        let encoders = Encoders::new(chosen(H264Encoder::Va), H264Choice::Auto);
        let other = encoders.clone();
        assert_eq!(encoders.now(), H264Encoder::Va);
        assert!(encoders.failed(H264Encoder::Va));
        let found = Chosen { encoder: H264Encoder::X264, speed: None, instead_of: Some(H264Encoder::Va) };
        assert_eq!(other.chosen(), found);
        assert!(other.failed(H264Encoder::Va), "whoever notices later takes what is used now");
        assert_eq!(other.now(), H264Encoder::X264);
        assert!(other.failed(H264Encoder::X264));
        assert_eq!(other.chosen(), Chosen { encoder: H264Encoder::OpenH264, ..found }, "it is told what was meant");
        assert!(!other.failed(H264Encoder::OpenH264), "the last one is made anew");
        assert_eq!(other.now(), H264Encoder::OpenH264);
    }

    #[test]
    fn one_that_the_configuration_names_stays() {
        let encoders = Encoders::new(chosen(H264Encoder::X264), H264Choice::X264);
        assert!(!encoders.failed(H264Encoder::X264));
        assert_eq!(encoders.chosen(), chosen(H264Encoder::X264));
    }
}
