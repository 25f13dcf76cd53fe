//! The recordings in a folder. Each is a video with a file beside it that says what it is; both can be carried away together. Blocks.

use std::collections::{BTreeMap, HashMap};
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

/// What there is, as the rules for room see it. What was made beside a recording goes with it, unless somebody deleted it before.
pub(super) fn shelf(all: &BTreeMap<RecordingId, Recording>, free: u64) -> Shelf<RecordingId> {
    let of = |recording: &Recording| {
        let of = all.get(&recording.alone.as_ref()?.of)?;
        (recording.deleted.is_none() || recording.deleted == of.deleted).then_some(of.id)
    };
    let mut beside: HashMap<RecordingId, u64> = HashMap::new();
    for recording in all.values().filter(|recording| recording.ended.is_some()) {
        if let Some(of) = of(recording) {
            *beside.entry(of).or_default() += recording.bytes;
        }
    }
    let kept = |recording: &Recording| {
        let Recording { id, bytes, protected, deleted, .. } = *recording;
        let bytes = bytes + beside.get(&id).copied().unwrap_or(0);
        Some(Kept { key: id, ended: recording.ended?, bytes, protected, deleted })
    };
    let mut growing: u64 =
        all.values().filter(|recording| recording.ended.is_none()).map(|recording| recording.bytes).sum();
    // What stands beside one that is still made can't go for anything.
    growing += all.values().filter(|it| it.ended.is_none()).filter_map(|it| beside.get(&it.id)).sum::<u64>();
    Shelf { kept: all.values().filter(|recording| of(recording).is_none()).filter_map(kept).collect(), growing, free }
}

#[cfg(test)]
mod tests {
    use super::super::Alone;
    use super::*;
    use crate::model::id::RoomId;

    fn id(number: u8) -> RecordingId {
        RecordingId::from_bytes([number; 10])
    }

    fn recording(number: u8, of: Option<u8>) -> Recording {
        let alone = of.map(|of| Alone { of: id(of), name: "Ada".into(), screen: false, offset: 20 });
        Recording {
            id: id(number),
            title: "Garden".into(),
            room: RoomId::from_bytes([2; 10]),
            started: 100,
            ended: Some(160),
            duration: 60_000,
            bytes: 1000,
            state: State::Finished,
            chapters: Vec::new(),
            protected: false,
            deleted: None,
            published: None,
            alone,
            separate: Vec::new(),
        }
    }

    #[test]
    fn what_was_made_beside_a_recording_goes_with_it_unless_it_was_deleted_before() {
        let mut all: BTreeMap<_, _> =
            [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(9))].map(|(n, of)| (id(n), recording(n, of))).into();
        let kept = |all: &BTreeMap<_, _>| {
            let shelf = shelf(all, 5);
            let kept: Vec<_> = shelf.kept.iter().map(|kept| (kept.key, kept.bytes)).collect();
            (kept, shelf.growing)
        };
        assert_eq!(kept(&all), (vec![(id(1), 3000), (id(4), 1000)], 0), "the last one has nothing to go with");
        all.entry(id(3)).and_modify(|it| it.deleted = Some(170));
        assert_eq!(kept(&all).0, [(id(1), 2000), (id(3), 1000), (id(4), 1000)]);
        all.entry(id(1)).and_modify(|it| it.ended = None);
        assert_eq!(kept(&all), (vec![(id(3), 1000), (id(4), 1000)], 2000), "beside one that is still made");
        all.entry(id(1)).and_modify(|it| (it.ended, it.deleted) = (Some(160), Some(170)));
        all.entry(id(2)).and_modify(|it| it.deleted = Some(170));
        assert_eq!(kept(&all).0, [(id(1), 3000), (id(4), 1000)], "they were deleted together");
    }

    #[test]
    fn what_stands_beside_a_video_says_whose_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Folder::new(folder.path().to_owned());
        let (whole, alone) = (recording(1, None), recording(2, Some(1)));
        for recording in [&whole, &alone] {
            kept.keep(recording).expect("it is kept");
            std::fs::write(kept.video(recording.id), [0; 1000]).expect("it is written");
        }
        let found = kept.open().expect("it opens");
        assert_eq!(found.into_values().collect::<Vec<_>>(), [whole, alone]);
        // As an earlier version wrote it.
        let text = std::fs::read_to_string(folder.path().join(format!("{}.json", id(1)))).expect("it is there");
        let mut older: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let fields = older.as_object_mut().expect("it has fields");
        fields.retain(|name, _| name != "alone" && name != "separate");
        private::write(&folder.path().join(format!("{}.json", id(1))), older.to_string().as_bytes()).expect("written");
        assert_eq!(kept.read(id(1)).expect("it is read"), Some(recording(1, None)));
    }
}
