//! What is plugged in, and what comes and goes: cameras (V4L2), sound cards (ALSA), screens (DRM), addresses of networks; the machine's
//! monotonic clock, and the time of day where there is no clock; volume and mute of sound cards; how process and board are, and which
//! board it is.
//!
//! Owns finding devices and naming them so that they are found again after a restart, and taking pictures of a V4L2 camera. Deliberately
//! not here: opening the others for media, and what becomes of pictures (see [`crate::drivers::pipeline`]), and choosing one (see
//! `services::endpoint`).
//!
//! Sources: Linux media documentation (V4L2 capabilities and formats), `asoundlib`, `/sys/class/drm`.

mod camera;
mod capture;
pub mod clock;
pub mod controls;
mod health;
mod machine;
mod mixer;
pub mod mode;
pub mod network;
mod nodes;
mod opened;
mod plug;
mod screen;
mod sound;

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

pub use camera::Camera;
pub use capture::{CaptureError, Shape, capture};
pub use health::{Health, Heat, health, heat, written};
pub use machine::machine;
pub use mixer::{Error as MixerError, Mixer, Setting, Way};
pub use mode::{Bus, Format, Mode, Rate};
pub use nodes::{Closed, closed};
pub use opened::opened;
pub use plug::{Plugged, follow};
pub use screen::Screen;
pub use sound::SoundDevice;

/// What is plugged in right now.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Inventory {
    /// Cameras that give pictures we can use.
    pub cameras: Vec<Camera>,
    /// Sound cards that record.
    pub microphones: Vec<SoundDevice>,
    /// Sound cards that play.
    pub speakers: Vec<SoundDevice>,
    /// Screens with something connected.
    pub screens: Vec<Screen>,
    /// What was seen and left out: what it is, and why in a sentence for people.
    pub skipped: Vec<(String, String)>,
}

/// Looks at everything that is plugged in. Opens devices, so call it off the async runtime. Never fails: what can't be
/// read is not there, or is among what was skipped.
pub fn inventory() -> Inventory {
    let mut found = Inventory::default();
    camera::find(&mut found);
    sound::find(&mut found);
    found.screens = screen::find(std::path::Path::new("/sys/class/drm"));
    found
}

/// `CLOCK_MONOTONIC` in nanoseconds: the clock that media time counts on.
pub fn monotonic_nanos() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux always has a monotonic clock");
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}

/// Does work that waits for a driver on a thread of its own. `None` if it has not come back in time: the thread is left alone then,
/// with all that it holds, for no other has to wait for a driver that hangs.
pub async fn patiently<T: Send + 'static>(patience: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("device".into()).spawn(move || {
        // Who waited may have given up.
        let _ = done.send(work());
    });
    thread.ok()?;
    tokio::time::timeout(patience, result).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_devices_has_empty_lists_and_no_failure() {
        let found = inventory();
        if !std::path::Path::new("/dev/video0").exists() {
            assert_eq!(found.cameras, []);
        }
        if !std::path::Path::new("/dev/snd").exists() {
            assert_eq!((found.microphones, found.speakers), (vec![], vec![]));
        }
    }

    #[tokio::test]
    async fn a_driver_that_hangs_is_left_alone() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        assert_eq!(patiently(Duration::from_millis(20), move || held.recv().is_ok()).await, None);
        drop(release);
        assert_eq!(patiently(Duration::from_secs(30), || 7).await, Some(7));
        assert_eq!(patiently::<u8>(Duration::from_secs(30), || panic!("fault injected")).await, None);
    }

    #[test]
    fn the_monotonic_clock_does_not_go_back() {
        let before = monotonic_nanos();
        assert!(before > 0 && monotonic_nanos() >= before);
    }
}
