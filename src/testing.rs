//! Everything that reads bytes from outside, as functions of bytes: for the fuzzer (`fuzz/`), and for tests that read
//! `fuzz/seeds/`. Each may do whatever it likes with its bytes but panic; where there is more to hold, it asserts it.

mod media;
mod network;
mod text;

/// A target's name, which is that of its seeds' folder, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("annexb", media::annexb),
    ("backup", text::backup),
    ("cec", network::cec),
    ("chat", text::chat),
    ("cmaf_format", media::cmaf_format),
    ("config", text::config),
    ("datagram", media::datagram),
    ("framing", network::framing),
    ("headers", text::headers),
    ("hls_path", text::hls_path),
    ("names", text::names),
    ("offer", text::offer),
    ("patch", text::patch),
    ("rtp_clock", media::rtp_clock),
    ("rtp_forward", media::rtp_forward),
    ("rtp_h264", media::rtp_h264),
    ("rtp_opus", media::rtp_opus),
    ("rtp_vp8", media::rtp_vp8),
    ("signalling", text::signalling),
    ("stun", network::stun),
];

/// Runs one target.
///
/// # Panics
/// When the code under test does, and when there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("it is in the list");
    target(bytes);
}

/// Takes numbers and pieces off the front of bytes; at their end everything is nought and empty.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        self.number(1) as u8
    }

    /// A big-endian number of so many bytes.
    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }

    fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(bytes.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A piece behind its length in two bytes.
    fn piece(&mut self) -> &'a [u8] {
        let length = self.number(2) as usize;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_seed_of_every_target_is_read() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        for (name, target) in TARGETS {
            let folder = std::fs::read_dir(seeds.join(name)).unwrap_or_else(|error| panic!("seeds of {name}: {error}"));
            let mut read = 0;
            for seed in folder {
                let path = seed.expect("it can be listed").path();
                let bytes = std::fs::read(&path).expect("it can be read");
                let done = std::panic::catch_unwind(|| target(&bytes));
                assert!(done.is_ok(), "{}", path.display());
                read += 1;
            }
            assert!(read > 0, "{name} has no seeds");
        }
    }

    #[test]
    fn every_target_has_a_binary_for_the_fuzzer() {
        let manifest = include_str!("../fuzz/Cargo.toml");
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
