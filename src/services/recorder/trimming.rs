//! A part of a recording becomes one of its own.

use std::io;
use std::ops::Range;

use tokio_util::sync::CancellationToken;

use super::actor::{Actor, Trouble, folder};
use super::catalogue::{Folder, finish, shelf};
use super::session::Told;
use super::{Error, Mark, Part, Recording, State, seconds};
use crate::drivers::disk::Growing;
use crate::drivers::identity::random_id;
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
    if of.ended.is_none() || of.deleted.is_some() || of.bytes == 0 || of.alone.is_some() {
        return Err(Error::NotFound);
    }
    let to = part.to.min(of.duration);
    if part.from.saturating_add(SHORTEST) > to {
        return Err(Error::BadPart("it ends before it begins, or is shorter than a second"));
    }
    let bytes = u128::from(of.bytes) * u128::from(to - part.from) / u128::from(of.duration.max(1));
    let begins = Recording::begins(id, of.title.clone(), of.room, of.started + seconds(part.from));
    let recording = Recording { state: State::Trimming, ..begins };
    Ok((recording, u64::try_from(bytes).unwrap_or(u64::MAX)))
}

/// Copies the part into a file of its own. When that fails there is none. Blocks.
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

impl Actor {
    /// Begins to copy a part of one.
    pub(super) async fn trim(&mut self, of: RecordingId, part: Part) -> Result<Recording, Error> {
        self.look().await;
        let of = self.all.get(&of).cloned().ok_or(Error::NotFound)?;
        let (recording, bytes) = plan(&of, random_id(RecordingId::from_bytes), part)?;
        if self.trimming.is_some() {
            return Err(Error::Trimming);
        }
        match &self.trouble {
            // Nothing goes for a copy.
            None | Some(Trouble::Full) if !shelf(&self.all, self.space.free).fits(self.config.keeping(), bytes) => {
                return Err(Error::Full);
            }
            Some(trouble) if *trouble != Trouble::Full => return Err(trouble.clone().into()),
            _ => {}
        }
        self.keep_one(&recording).await.map_err(folder)?;
        let (id, begun) = (recording.id, of.started);
        self.all.insert(id, recording.clone());
        self.trimming = Some((id, begun));
        tracing::info!(recording = %id, of = %of.id, "a part of a recording is copied");
        let (told, cancel, folder) = (self.told.clone(), self.cancel.clone(), self.folder.clone());
        self.tasks.spawn(async move {
            let copying = tokio::task::spawn_blocking(move || trim(&folder, &of, id, part, &cancel));
            let made = copying.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            // When nobody listens any more the box is stopping.
            let _ = told.send(Told::Trimmed(id, made)).await;
        });
        Ok(recording)
    }

    pub(super) async fn trimmed(&mut self, id: RecordingId, made: io::Result<Trimmed>) {
        let begun = self.trimming.take_if(|(trimming, _)| *trimming == id).map(|(_, begun)| begun);
        let (Some(begun), Some(mut recording)) = (begun, self.all.remove(&id)) else { return };
        let kept = match made {
            Ok(Trimmed { from, duration, bytes, chapters }) => {
                recording.started = begun + seconds(from);
                (recording.duration, recording.bytes, recording.chapters) = (duration, bytes, chapters);
                recording.state = State::Finished;
                recording.settle();
                self.keep_one(&recording).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::error!(recording = %id, %error, "a part of a recording can't be copied");
            if let Err(error) = self.blocking(move |folder| folder.remove(id)).await {
                tracing::warn!(recording = %id, %error, "what is left of it can't be deleted");
            }
            // It stays in the list, so that whoever wanted it sees what became of it.
            (recording.state, recording.duration, recording.bytes) = (State::Broken, 0, 0);
            recording.settle();
        }
        self.all.insert(id, recording);
        self.announce(id).await;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Alone;
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
            alone: None,
            separate: Vec::new(),
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
            Recording { bytes: 0, ..whole.clone() },
            Recording { alone: Some(Alone { of: id, name: "Ada".into(), screen: false, offset: 0 }), ..whole },
        ];
        assert!(others.iter().all(|of| matches!(plan(of, 0, 10_000), Err(Error::NotFound))));
    }
}
