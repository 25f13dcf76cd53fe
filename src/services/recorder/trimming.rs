//! A part of a recording becomes one of its own. Blocks.

use std::io;
use std::ops::Range;

use tokio_util::sync::CancellationToken;

use super::catalogue::{Folder, finish};
use super::{Error, Mark, Part, Recording, State};
use crate::drivers::disk::Growing;
use crate::model::id::RecordingId;
use crate::proto::cmaf::{self, Chapter};

/// Bytes that are written at a time, each onto the disk.
const BLOCK: usize = 4 << 20;
/// The shortest part, in milliseconds.
const SHORTEST: u64 = 1000;

/// What was made.
#[derive(Debug)]
pub(super) struct Trimmed {
    /// Where it begins in the one that it is a part of, in milliseconds.
    pub(super) from: u64,
    /// Milliseconds that it lasts.
    pub(super) duration: u64,
    pub(super) bytes: u64,
    pub(super) chapters: Vec<Mark>,
}

/// The recording that a part of another one becomes, and about how many bytes that takes.
pub(super) fn plan(of: &Recording, id: RecordingId, part: Part) -> Result<(Recording, u64), Error> {
    if of.ended.is_none() || of.deleted.is_some() || of.bytes == 0 {
        return Err(Error::NotFound);
    }
    let to = part.to.min(of.duration);
    if part.from.saturating_add(SHORTEST) > to {
        return Err(Error::BadPart("it ends before it begins, or is shorter than a second"));
    }
    let bytes = u128::from(of.bytes) * u128::from(to - part.from) / u128::from(of.duration.max(1));
    let recording = Recording {
        id,
        started: of.started + super::seconds(part.from),
        ended: None,
        duration: 0,
        bytes: 0,
        state: State::Trimming,
        chapters: Vec::new(),
        protected: false,
        published: None,
        ..of.clone()
    };
    Ok((recording, u64::try_from(bytes).unwrap_or(u64::MAX)))
}

/// Copies the part into a file of its own. When that fails there is none.
pub(super) fn trim(
    folder: &Folder,
    of: &Recording,
    to: RecordingId,
    part: Part,
    stop: &CancellationToken,
) -> io::Result<Trimmed> {
    let path = folder.part(to);
    let source = Growing::open(&folder.video(of.id))?;
    let mut file = Growing::create(&path)?;
    let made = copy(&source, &mut file, of, part.from * 1_000_000..part.to.saturating_mul(1_000_000), stop)
        .and_then(|made| file.rename(&format!("{to}.mp4")).map(|()| made));
    if made.is_err() {
        // What is left of it is taken off at the next start, if not here.
        let _ = std::fs::remove_file(&path);
    }
    made
}

fn copy(
    source: &Growing,
    file: &mut Growing,
    of: &Recording,
    part: Range<u64>,
    stop: &CancellationToken,
) -> io::Result<Trimmed> {
    let mut waiting = Vec::with_capacity(BLOCK);
    let trimmed = cmaf::trim(
        source.length(),
        part.clone(),
        |at, count| source.read(at, count),
        |piece| {
            if stop.is_cancelled() {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "the box is shutting down"));
            }
            waiting.extend_from_slice(piece);
            if waiting.len() >= BLOCK {
                file.append(&waiting)?;
                waiting.clear();
            }
            Ok(())
        },
    )?;
    file.append(&waiting)?;
    let all: Vec<Chapter> = of.chapters.iter().map(Mark::chapter).collect();
    let chapters = cmaf::chapters(&all, trimmed.from..part.end);
    finish(file, &trimmed.movie.finish(&chapters))?;
    Ok(Trimmed {
        from: trimmed.from / 1_000_000,
        duration: trimmed.movie.duration() / 1_000_000,
        bytes: file.length(),
        chapters: chapters.iter().map(Mark::of).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::RoomId;

    #[test]
    fn a_part_is_within_what_there_is_and_long_enough() {
        let whole = Recording {
            id: RecordingId::from_bytes([1; 10]),
            title: "Garden".into(),
            room: RoomId::from_bytes([2; 10]),
            started: 100,
            ended: Some(160),
            duration: 60_000,
            bytes: 6_000,
            state: State::Finished,
            chapters: Vec::new(),
            protected: true,
            deleted: None,
            published: Some(170),
        };
        let id = RecordingId::from_bytes([3; 10]);
        let plan = |of: &Recording, from, to| plan(of, id, Part { from, to });
        let (part, bytes) = plan(&whole, 30_000, u64::MAX).expect("it is one");
        assert_eq!((part.id, part.started, part.ended, bytes), (id, 130, None, 3_000));
        assert!(!part.protected && part.published.is_none() && part.title == "Garden");
        for (from, to) in [(5_000, 5_999), (60_000, 70_000), (9_000, 3_000), (u64::MAX, u64::MAX)] {
            assert!(matches!(plan(&whole, from, to), Err(Error::BadPart(_))), "{from} to {to}");
        }
        let others = [
            Recording { ended: None, ..whole.clone() },
            Recording { deleted: Some(1), ..whole.clone() },
            Recording { bytes: 0, ..whole },
        ];
        assert!(others.iter().all(|of| matches!(plan(of, 0, 10_000), Err(Error::NotFound))));
    }
}
