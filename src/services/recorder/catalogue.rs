//! The recordings in a folder. Each is a video with a file beside it that says what it is; both can be carried away together. Blocks.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Mark, Recording, State};
use crate::drivers::disk::{self, Growing};
use crate::drivers::store::private;
use crate::model::id::RecordingId;
use crate::proto::cmaf::{Chapter, Finish, Movie};
use crate::proto::recording::{Kept, Shelf};

/// Most recordings in a folder that are looked at.
const MOST: usize = 10_000;

/// What stands in the file beside a video. What a later version adds is kept out of it.
#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    v: u32,
    #[serde(flatten)]
    recording: Recording,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the video is, or will be once it is finished.
    pub(super) fn video(&self, id: RecordingId) -> PathBuf {
        self.0.join(format!("{id}.mp4"))
    }

    /// Where it is while it is made.
    pub(super) fn part(&self, id: RecordingId) -> PathBuf {
        self.0.join(format!("{id}.part.mp4"))
    }

    fn beside(&self, id: RecordingId) -> PathBuf {
        self.0.join(format!("{id}.json"))
    }

    /// Says beside the video what it is.
    pub(super) fn keep(&self, recording: &Recording) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(&Beside { v: 1, recording: recording.clone() })?;
        private::write(&self.beside(recording.id), &text)
    }

    /// Takes it off the disk.
    pub(super) fn remove(&self, id: RecordingId) -> io::Result<()> {
        for path in [self.video(id), self.part(id), self.beside(id)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// All recordings in it. What was being made when the box went out is finished as far as it came.
    pub(super) fn open(&self) -> io::Result<BTreeMap<RecordingId, Recording>> {
        disk::folder(&self.0)?;
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.0)?.take(MOST * 3).flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|id| id.parse().ok())
            else {
                continue;
            };
            match self.read(id) {
                Ok(Some(recording)) if found.len() < MOST => drop(found.insert(id, recording)),
                Ok(_) => {}
                Err(error) => tracing::warn!(recording = %id, %error, "a recording can't be read; it is left as it is"),
            }
        }
        Ok(found)
    }

    /// One of them, finished if it was left behind; nothing if its video is gone.
    pub(super) fn read(&self, id: RecordingId) -> io::Result<Option<Recording>> {
        let Some(text) = private::read(&self.beside(id))? else { return Ok(None) };
        let Beside { mut recording, .. } = serde_json::from_slice(&text)?;
        // The name of the file counts: it may have been copied.
        recording.id = id;
        if recording.state == State::Trimming {
            // What it is a part of is still there.
            self.remove(id)?;
            return Ok(None);
        }
        if self.part(id).exists() {
            self.recover(&mut recording)?;
            self.keep(&recording)?;
            tracing::info!(recording = %id, seconds = recording.duration / 1000, "a recording was finished that the box left behind");
        }
        if recording.ended.is_none() {
            // It was finished, and the box went out before that was written down.
            recording.state = State::Recovered;
            recording.settle();
            self.keep(&recording)?;
        }
        match std::fs::metadata(self.video(id)) {
            Ok(video) => recording.bytes = video.len(),
            // The box went out before there was anything to write, or somebody carried it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::remove_file(self.beside(id))?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        Ok(Some(recording))
    }

    fn recover(&self, recording: &mut Recording) -> io::Result<()> {
        let mut file = Growing::open(&self.part(recording.id))?;
        let found = Movie::recover(file.length(), |at, count| file.read(at, count));
        match found {
            Ok(found) => {
                file.cut(found.end)?;
                recording.duration = found.movie.duration() / 1_000_000;
                let chapters: Vec<Chapter> = recording.chapters.iter().map(Mark::chapter).collect();
                finish(&mut file, &found.movie.finish(&chapters))?;
            }
            // The power went between the last write to it and its new name.
            Err(error) if error.kind() == io::ErrorKind::InvalidData && file.length() > 0 => {}
            Err(error) => return Err(error),
        }
        recording.state = State::Recovered;
        recording.settle();
        file.rename(&format!("{}.mp4", recording.id))
    }
}

/// Puts the index at the end of a file and makes it count. Until the last write it is the file that it was.
pub(super) fn finish(file: &mut Growing, Finish { tail, header, at }: &Finish) -> io::Result<()> {
    file.append(tail)?;
    file.overwrite(*at, header)
}

/// What there is, as the rules for room see it.
pub(super) fn shelf(all: &BTreeMap<RecordingId, Recording>, free: u64) -> Shelf<RecordingId> {
    let kept = |recording: &Recording| {
        let Recording { id, bytes, protected, deleted, .. } = *recording;
        Some(Kept { key: id, ended: recording.ended?, bytes, protected, deleted })
    };
    let growing = all.values().filter(|recording| recording.ended.is_none()).map(|recording| recording.bytes);
    Shelf { kept: all.values().filter_map(kept).collect(), growing: growing.sum(), free }
}
