//! CMAF: initialisation segments and fragments of one track each (ISO 14496-12, 14496-15, 23000-19); and recordings, which are files
//! of two tracks.
//!
//! Owns: what the boxes of an H.264, VP8, AAC or Opus track say. Deliberately not: where a fragment begins and ends, and which
//! decode time it has (see `proto::hls`); encryption; edit lists (decode time equals presentation time everywhere here).
//! The boxes are written by the `mp4-atom` crate; sizes come out of the SPS by `h264-reader`.

mod format;
mod fragment;
mod init;
mod movie;
mod trim;

#[cfg(test)]
pub(crate) use format::tests as test_configs;
pub use format::{Format, Picture};
pub use fragment::{Sample, Start, first, fragment};
pub(crate) use movie::with_sets;
pub use movie::{Chapter, Finish, Movie, Recovered, Stretch};
pub use trim::{Trimmed, chapters, trim};

/// The one track of every file made here.
const TRACK_ID: u32 = 1;

/// A configuration that can't be packaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The parameter sets or the AudioSpecificConfig are broken.
    #[error("the {0} can't be read")]
    Malformed(&'static str),
    /// Readable, but not something an MP4 track made here can carry.
    #[error("{0}")]
    Unsupported(&'static str),
}
