//! A recording: a file of a picture and a sound that can be played while it grows and after a crash, and, once it is finished, by everything.
//!
//! While it grows it is fragmented (ISO 14496-12 section 8.8): `ftyp`, a `free` of 16 bytes, `moov`, then `moof` and `mdat` again and
//! again. To finish it, a `moov` that lists every sample is put at its end, and the `free` becomes the header of one large `mdat` around
//! everything in between. Nothing is copied, and until the very last write it is the file that it was.
//!
//! Parameter sets of H.264 are in the stream (`avc3`), since a picture may change its size. A file in which they never changed is
//! called `avc1` in the end, which more players know.

use std::io;

use bytes::Bytes;
use mp4_atom::{
    Avc3, Chpl, ChplEntry, Co64, Codec, Decode, Encode, FourCC, Ftyp, Mfhd, Moof, Moov, Mvex, Mvhd, Stsc, StscEntry,
    Stss, Stsz, StszSamples, Stts, SttsEntry, Tfdt, Tfhd, Traf, Trex, Trun, TrunEntry, TrunSamples, Udta,
};

use super::fragment::{FLAGS_NON_SYNC, FLAGS_SYNC};
use super::{Format, Sample};
use crate::model::track::Kind;

/// Ticks a second of the whole file.
const TIMESCALE: u32 = 90_000;
/// Bytes of the `free` that becomes the header of an `mdat`.
pub(super) const SLOT: u64 = 16;
/// Bytes of a box header: size and name.
pub(super) const HEADER: u64 = 8;
/// The largest `moov` and `moof` that are read again, in bytes.
const LARGEST: u64 = 64 << 20;
/// Chapters that the box for them can list, and bytes of each one's name.
const CHAPTERS: usize = 255;
const NAME: usize = 255;

/// Somewhere in a recording that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    /// Where it begins, in nanoseconds since the start of the file.
    pub at: u64,
    /// What it is called.
    pub title: String,
}

/// Samples of one track that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    /// Of which.
    pub kind: Kind,
    /// Decode time of the first, in ticks of the track; later than the end of those before where something is missing.
    pub decode_time: u64,
    /// In order.
    pub samples: &'a [Sample],
}

/// How a file is finished: `tail` is put at its end and is on the disk before `header` is written over what is at `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The index of all samples.
    pub tail: Vec<u8>,
    /// The header of the `mdat` around everything before it.
    pub header: [u8; SLOT as usize],
    /// Where that is written.
    pub at: u64,
}

/// What was found in a file that nobody finished.
#[derive(Debug)]
pub struct Recovered {
    /// It, as it was when the last whole fragment was written.
    pub movie: Movie,
    /// Where that ends: what is behind it is cut off.
    pub end: u64,
}

/// One track, and all samples that it has by now.
#[derive(Debug)]
struct Lane {
    kind: Kind,
    id: u32,
    timescale: u32,
    /// Decode time at which the next sample is expected.
    next: u64,
    sizes: Vec<u32>,
    durations: Vec<SttsEntry>,
    keyframes: Vec<u32>,
    /// Where its samples lie: offset in the file, and how many follow each other there.
    chunks: Vec<(u64, u32)>,
}

impl Lane {
    fn new(kind: Kind, id: u32, timescale: u32) -> Self {
        let (sizes, durations, keyframes, chunks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { kind, id, timescale, next: 0, sizes, durations, keyframes, chunks }
    }

    fn lasts(&mut self, ticks: u32) {
        match self.durations.last_mut() {
            Some(last) if last.sample_delta == ticks => last.sample_count += 1,
            _ => self.durations.push(SttsEntry { sample_count: 1, sample_delta: ticks }),
        }
    }

    /// Samples from this decode time on lie here. What is missing before them is shown by the last one before it.
    fn add(&mut self, decode_time: u64, offset: u64, samples: impl Iterator<Item = (u32, u32, bool)>) {
        let missing = u32::try_from(decode_time.saturating_sub(self.next)).unwrap_or(u32::MAX);
        if missing > 0
            && let Some(last) = self.durations.last_mut()
        {
            let longer = last.sample_delta.saturating_add(missing);
            last.sample_count -= 1;
            if last.sample_count == 0 {
                self.durations.pop();
            }
            self.lasts(longer);
            self.next = self.next.saturating_add(u64::from(missing));
        }
        let mut count = 0;
        for (size, duration, keyframe) in samples {
            self.sizes.push(size);
            self.lasts(duration);
            self.next = self.next.saturating_add(u64::from(duration));
            if keyframe {
                self.keyframes.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
            }
            count += 1;
        }
        if count > 0 {
            self.chunks.push((offset, count));
        }
    }

    /// How long it is, in ticks of `timescale`.
    fn length(&self, timescale: u32) -> u64 {
        let ticks = u128::from(self.next) * u128::from(timescale) / u128::from(self.timescale.max(1));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Lists all samples in the box of its track.
    fn list(&self, trak: &mut mp4_atom::Trak) {
        trak.tkhd.duration = self.length(TIMESCALE);
        trak.mdia.mdhd.duration = self.next;
        let stbl = &mut trak.mdia.minf.stbl;
        stbl.stts = Stts { entries: self.durations.clone() };
        stbl.stsz = Stsz { samples: StszSamples::Different { sizes: self.sizes.clone() } };
        stbl.stss = (self.kind == Kind::Video).then(|| Stss { entries: self.keyframes.clone() });
        stbl.co64 = Some(Co64 { entries: self.chunks.iter().map(|(offset, _)| *offset).collect() });
        let mut entries: Vec<StscEntry> = Vec::new();
        for (number, (_, samples)) in (1..).zip(&self.chunks) {
            if entries.last().is_none_or(|last| last.samples_per_chunk != *samples) {
                let (samples_per_chunk, sample_description_index) = (*samples, 1);
                entries.push(StscEntry { first_chunk: number, samples_per_chunk, sample_description_index });
            }
        }
        stbl.stsc = Stsc { entries };
    }
}

/// A recording that grows. It holds what the index at the end needs: four bytes for each sample, eight more where it lasts longer or
/// shorter than the one before, and twelve for each fragment.
#[derive(Debug)]
pub struct Movie {
    /// As it stands at the beginning of the file.
    moov: Moov,
    /// Where the `free` is.
    slot: u64,
    /// Bytes of the file.
    length: u64,
    sequence: u32,
    lanes: Vec<Lane>,
    /// Parameter sets are others than at the beginning, or may be.
    changes: bool,
}

impl Movie {
    /// Begins one with these tracks. Answers the first bytes of the file.
    ///
    /// # Panics
    /// Never: [`Format::read`] checked every field with a range.
    pub fn begin(formats: &[&Format]) -> (Self, Vec<u8>) {
        let ids = || (1..).zip(formats);
        let mut trak: Vec<_> = ids().map(|(id, format)| format.trak(id)).collect();
        for trak in &mut trak {
            for entry in &mut trak.mdia.minf.stbl.stsd.codecs {
                if let Codec::Avc1(avc1) = entry {
                    *entry =
                        Codec::Avc3(Avc3 { visual: avc1.visual.clone(), avcc: avc1.avcc.clone(), ..Avc3::default() });
                }
            }
        }
        let trex = ids().map(|(id, _)| Trex { track_id: id, default_sample_description_index: 1, ..Trex::default() });
        let moov = Moov {
            mvhd: Mvhd {
                timescale: TIMESCALE,
                rate: 1.into(),
                volume: 1.into(),
                next_track_id: u32::try_from(formats.len()).unwrap_or(u32::MAX).saturating_add(1),
                ..Mvhd::default()
            },
            mvex: Some(Mvex { mehd: None, trex: trex.collect() }),
            trak,
            ..Moov::default()
        };
        let lanes = ids().map(|(id, format)| Lane::new(format.kind(), id, format.timescale())).collect();
        Self::opened(moov, lanes)
    }

    /// Begins one with the tracks of another, by the `moov` at that one's beginning. Answers the first bytes of the file.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if that can't be read or written again.
    pub(super) fn like(moov: &[u8]) -> io::Result<(Self, Vec<u8>)> {
        let Self { moov, lanes, .. } = Self::reopened(moov, 0, 0)?;
        moov.encode(&mut Vec::new()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self::opened(moov, lanes))
    }

    fn opened(moov: Moov, lanes: Vec<Lane>) -> (Self, Vec<u8>) {
        let ftyp = Ftyp {
            major_brand: FourCC::new(b"isom"),
            minor_version: 512,
            compatible_brands: [b"isom", b"iso6", b"mp41"].map(FourCC::new).to_vec(),
        };
        let mut out = Vec::with_capacity(2048);
        ftyp.encode(&mut out).expect("ftyp has no field with a range");
        let slot = out.len() as u64;
        out.extend_from_slice(&u32::try_from(SLOT).unwrap_or_default().to_be_bytes());
        out.extend_from_slice(b"free\0\0\0\0\0\0\0\0");
        moov.encode(&mut out).expect("every field with a range was checked");
        (Self { moov, slot, length: out.len() as u64, sequence: 0, lanes, changes: false }, out)
    }

    /// What the track with this number is, and its ticks a second.
    pub(super) fn track(&self, id: u32) -> Option<(Kind, u32)> {
        self.lanes.iter().find(|lane| lane.id == id).map(|lane| (lane.kind, lane.timescale.max(1)))
    }

    /// Whether there are pictures.
    pub(super) fn has_pictures(&self) -> bool {
        self.lanes.iter().any(|lane| lane.kind == Kind::Video)
    }

    /// Parameter sets are others from here on.
    pub fn changes(&mut self) {
        self.changes = true;
    }

    /// How long it is, in nanoseconds.
    pub fn duration(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.length(1_000_000_000)).max().unwrap_or(0)
    }

    /// Bytes of the file by now.
    pub const fn bytes(&self) -> u64 {
        self.length
    }

    /// The next bytes of the file: what came of each track since the ones before. Tracks that it does not have are left out.
    ///
    /// # Panics
    /// Never: no field of these boxes has a range that could be left.
    pub fn fragment(&mut self, stretches: &[Stretch<'_>]) -> Vec<u8> {
        let lane = |kind: Kind| self.lanes.iter().position(|lane| lane.kind == kind);
        let stretches: Vec<(usize, &Stretch<'_>)> = stretches
            .iter()
            .filter(|stretch| !stretch.samples.is_empty())
            .filter_map(|s| Some((lane(s.kind)?, s)))
            .collect();
        if stretches.is_empty() {
            return Vec::new();
        }
        self.sequence += 1;
        let trun = |samples: &[Sample]| {
            let entry = |sample: &Sample| TrunEntry {
                duration: Some(sample.duration),
                size: Some(u32::try_from(sample.data.len()).unwrap_or(u32::MAX)),
                flags: Some(if sample.keyframe { FLAGS_SYNC } else { FLAGS_NON_SYNC }),
                cts: None,
            };
            Trun { data_offset: Some(0), samples: samples.iter().map(entry).collect::<Vec<_>>().into() }
        };
        let traf = stretches.iter().map(|(lane, stretch)| Traf {
            tfhd: Tfhd { track_id: self.lanes[*lane].id, default_base_is_moof: true, ..Tfhd::default() },
            tfdt: Some(Tfdt { base_media_decode_time: stretch.decode_time }),
            trun: vec![trun(stretch.samples)],
            ..Traf::default()
        });
        let mut moof = Moof { mfhd: Mfhd { sequence_number: self.sequence }, traf: traf.collect() };
        // Offsets count from the first byte of `moof` and need its size, which does not depend on their values.
        let mut out = Vec::new();
        moof.encode(&mut out).expect("moof has no field with a range");
        let mut offset = out.len() as u64 + HEADER;
        for (traf, (lane, stretch)) in moof.traf.iter_mut().zip(&stretches) {
            traf.trun[0].data_offset = Some(i32::try_from(offset).unwrap_or(i32::MAX));
            let samples = stretch
                .samples
                .iter()
                .map(|s| (u32::try_from(s.data.len()).unwrap_or(u32::MAX), s.duration, s.keyframe));
            self.lanes[*lane].add(stretch.decode_time, self.length + offset, samples);
            offset += stretch.samples.iter().map(|sample| sample.data.len() as u64).sum::<u64>();
        }
        let payload = offset - out.len() as u64;
        out.clear();
        moof.encode(&mut out).expect("moof has no field with a range");
        out.extend_from_slice(&u32::try_from(payload).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(b"mdat");
        for sample in stretches.iter().flat_map(|(_, stretch)| stretch.samples) {
            out.extend_from_slice(&sample.data);
        }
        self.length += out.len() as u64;
        out
    }

    /// How the file is finished as it is now.
    ///
    /// # Panics
    /// Never: every field with a range was checked when it began or was read.
    pub fn finish(&self, chapters: &[Chapter]) -> Finish {
        let mut moov = self.moov.clone();
        moov.mvex = None;
        moov.mvhd.duration = self.lanes.iter().map(|lane| lane.length(TIMESCALE)).max().unwrap_or(0);
        for lane in &self.lanes {
            if let Some(trak) = moov.trak.iter_mut().find(|trak| trak.tkhd.track_id == lane.id) {
                lane.list(trak);
            }
        }
        if !self.changes {
            for entry in moov.trak.iter_mut().flat_map(|trak| &mut trak.mdia.minf.stbl.stsd.codecs) {
                if let Codec::Avc3(Avc3 { visual, avcc, .. }) = entry {
                    let (visual, avcc) = (visual.clone(), avcc.clone());
                    *entry = Codec::Avc1(mp4_atom::Avc1 { visual, avcc, ..mp4_atom::Avc1::default() });
                }
            }
        }
        let entries = chapters
            .iter()
            .take(CHAPTERS)
            .map(|chapter| ChplEntry { start: chapter.at / 100, title: shortened(&chapter.title, NAME).to_owned() });
        let chpl = Chpl { entries: entries.collect() };
        moov.udta = (!chpl.entries.is_empty()).then(|| Udta { chpl: Some(chpl), ..Udta::default() });
        let mut tail = Vec::new();
        moov.encode(&mut tail).expect("every field with a range was checked");
        let mut header = [0; SLOT as usize];
        header[..8].copy_from_slice(b"\0\0\0\x01mdat");
        header[8..].copy_from_slice(&(self.length - self.slot).to_be_bytes());
        Finish { tail, header, at: self.slot }
    }

    /// Reads a file of so many bytes that nobody finished, as far as it is whole. `read` gives this many bytes from there on.
    ///
    /// # Errors
    /// What `read` says, and [`io::ErrorKind::InvalidData`] for what is no such file, or a finished one.
    pub fn recover(length: u64, mut read: impl FnMut(u64, usize) -> io::Result<Vec<u8>>) -> io::Result<Recovered> {
        let wrong = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let (mut movie, mut at, mut slot) = (None::<Self>, 0, None);
        while let Some((kind, size)) = next_box(at, length, &mut read)? {
            match (&kind, &mut movie) {
                (b"ftyp", None) => {}
                (b"free", None) if size == SLOT => slot = Some(at),
                (b"moov", None) => {
                    let slot = slot.ok_or_else(|| wrong("it is no recording of this box"))?;
                    movie = Some(Self::reopened(&whole(at, size, &mut read)?, slot, at + size)?);
                }
                (b"moof", Some(movie)) => {
                    let moof = whole(at, size, &mut read)?;
                    let Some((b"mdat", payload)) =
                        next_box(at + size, length, &mut read)?.as_ref().map(|(k, s)| (k, *s))
                    else {
                        break;
                    };
                    movie.found(&moof, at, at + size + payload)?;
                    at += size + payload;
                    continue;
                }
                // The index that was being put at its end.
                (b"moov", Some(_)) => break,
                _ => return Err(wrong("it is no recording of this box, or a finished one")),
            }
            at += size;
        }
        let movie = movie.ok_or_else(|| wrong("it ends before it begins"))?;
        let end = movie.length;
        Ok(Recovered { movie, end })
    }

    fn reopened(moov: &[u8], slot: u64, length: u64) -> io::Result<Self> {
        let moov = Moov::decode(&mut &moov[..]).map_err(io::Error::other)?;
        let lane = |trak: &mp4_atom::Trak| {
            let kind = if trak.mdia.minf.vmhd.is_some() { Kind::Video } else { Kind::Audio };
            Lane::new(kind, trak.tkhd.track_id, trak.mdia.mdhd.timescale)
        };
        let lanes = moov.trak.iter().map(lane).collect();
        Ok(Self { moov, slot, length, sequence: 0, lanes, changes: true })
    }

    /// Takes a fragment in that is in the file already.
    fn found(&mut self, moof: &[u8], at: u64, end: u64) -> io::Result<()> {
        let moof = Moof::decode(&mut &moof[..]).map_err(io::Error::other)?;
        self.sequence = moof.mfhd.sequence_number;
        for traf in &moof.traf {
            let lane = self.lanes.iter_mut().find(|lane| lane.id == traf.tfhd.track_id);
            let (Some(lane), Some(trun)) = (lane, traf.trun.first()) else { continue };
            let offset = at.saturating_add(u64::try_from(trun.data_offset.unwrap_or(0)).unwrap_or(0));
            let decode_time = traf.tfdt.as_ref().map_or(lane.next, |tfdt| tfdt.base_media_decode_time);
            let sample = |entry: &TrunEntry| {
                (entry.size.unwrap_or(0), entry.duration.unwrap_or(0), entry.flags == Some(FLAGS_SYNC))
            };
            lane.add(decode_time, offset, entries(trun).iter().map(sample));
        }
        self.length = end;
        Ok(())
    }
}

/// What a `trun` says of each of its samples. One that says the same of all was not written here.
pub(super) fn entries(trun: &Trun) -> &[TrunEntry] {
    match &trun.samples {
        TrunSamples::Explicit(entries) => entries,
        TrunSamples::Inherited { .. } => &[],
    }
}

/// The whole box of this size.
pub(super) fn whole(
    at: u64,
    size: u64,
    read: &mut impl FnMut(u64, usize) -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    match usize::try_from(size) {
        Ok(bytes) if size <= LARGEST => read(at, bytes),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a box is too large")),
    }
}

/// Name and size of the box that begins here; nothing where the file ends before it does.
pub(super) fn next_box(
    at: u64,
    length: u64,
    read: &mut impl FnMut(u64, usize) -> io::Result<Vec<u8>>,
) -> io::Result<Option<([u8; 4], u64)>> {
    if at + HEADER > length {
        return Ok(None);
    }
    let head = read(at, HEADER as usize)?;
    let (Some(size), Some(kind)) = (head.first_chunk::<4>(), head.get(4..8).and_then(|kind| kind.try_into().ok()))
    else {
        return Ok(None);
    };
    let size = u64::from(u32::from_be_bytes(*size));
    Ok((size >= HEADER && at + size <= length).then_some((kind, size)))
}

/// As much of a text as fits into so many bytes.
fn shortened(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A keyframe with its parameter sets in front of it, each behind its length (ISO 14496-15 section 5.3.2).
pub(crate) fn with_sets(sets: [&[u8]; 2], data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + sets.iter().map(|set| set.len() + 4).sum::<usize>());
    for set in sets {
        out.extend_from_slice(&u32::try_from(set.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(set);
    }
    out.extend_from_slice(data);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::super::test_configs::{aac, h264};
    use super::*;

    fn sample(size: usize, duration: u32, keyframe: bool) -> Sample {
        Sample { data: vec![7; size].into(), duration, keyframe }
    }

    /// A file of so many fragments, each of a second: ten pictures and fifty pieces of sound; and how it is written on.
    fn file(fragments: u64) -> (Movie, Vec<u8>) {
        let (video, audio) = (Format::read(&h264()).expect("it is one"), Format::read(&aac()).expect("it is one"));
        let (mut movie, mut bytes) = Movie::begin(&[&video, &audio]);
        for number in 0..fragments {
            let pictures: Vec<Sample> = (0..10).map(|n| sample(100 + n, 9000, n == 0)).collect();
            let sounds: Vec<Sample> = (0..50).map(|_| sample(20, 960, true)).collect();
            bytes.extend(movie.fragment(&[
                Stretch { kind: Kind::Video, decode_time: number * 90_000, samples: &pictures },
                Stretch { kind: Kind::Audio, decode_time: number * 48_000, samples: &sounds },
            ]));
        }
        assert_eq!(bytes.len() as u64, movie.bytes());
        (movie, bytes)
    }

    fn recover(bytes: &[u8]) -> io::Result<Recovered> {
        Movie::recover(bytes.len() as u64, |at, count| {
            let at = at as usize;
            Ok(bytes.get(at..at + count).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
        })
    }

    /// The boxes of a file.
    fn boxes(bytes: &[u8]) -> Vec<(String, usize)> {
        let (mut at, mut found) = (0, Vec::new());
        while at < bytes.len() {
            let mut size = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
            if size == 1 {
                size = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().expect("eight")) as usize;
            }
            found.push((String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned(), size));
            at += size;
        }
        found
    }

    fn finished(movie: &Movie, mut bytes: Vec<u8>, chapters: &[Chapter]) -> Vec<u8> {
        let Finish { tail, header, at } = movie.finish(chapters);
        bytes.extend(tail);
        bytes[at as usize..][..header.len()].copy_from_slice(&header);
        bytes
    }

    #[test]
    fn a_finished_file_lists_where_every_sample_lies_and_copies_none() {
        let (movie, bytes) = file(3);
        let chapters = [Chapter { at: 1_000_000_000, title: "Ada".into() }];
        let done = finished(&movie, bytes.clone(), &chapters);
        let names: Vec<String> = boxes(&done).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ftyp", "mdat", "moov"]);
        assert_eq!(done.len() - movie.finish(&chapters).tail.len(), bytes.len());
        let at = done.len() - boxes(&done)[2].1;
        let moov = Moov::decode(&mut &done[at..]).expect("it is one");
        assert!(moov.mvex.is_none());
        assert_eq!(moov.mvhd.duration, 3 * 90_000);
        let [video, audio] = &moov.trak[..] else { panic!("two tracks") };
        let stbl = &video.mdia.minf.stbl;
        assert!(matches!(stbl.stsd.codecs[0], Codec::Avc1(_)), "its parameter sets never changed");
        assert_eq!(stbl.stss.as_ref().expect("keyframes").entries, [1, 11, 21]);
        assert_eq!(stbl.stts.entries, [SttsEntry { sample_count: 30, sample_delta: 9000 }]);
        assert_eq!(stbl.stsc.entries.len(), 1, "alike in every fragment");
        let offset = stbl.co64.as_ref().expect("offsets").entries[1] as usize;
        assert_eq!(done[offset - 8..offset][4..8], *b"mdat", "the pictures are first in their fragment");
        assert_eq!(done[offset], 7);
        let sounds = &audio.mdia.minf.stbl;
        assert_eq!(sounds.co64.as_ref().expect("offsets").entries[0] as usize, {
            let first = stbl.co64.as_ref().expect("offsets").entries[0] as usize;
            first + (0..10).map(|n| 100 + n).sum::<usize>()
        });
        assert!(sounds.stss.is_none(), "all sound can be begun with");
        let chpl = moov.udta.and_then(|udta| udta.chpl).expect("chapters");
        assert_eq!((chpl.entries[0].start, chpl.entries[0].title.as_str()), (10_000_000, "Ada"));
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_recovered_up_to_its_last_whole_fragment() {
        let (whole, bytes) = file(4);
        let ends: Vec<usize> = (0..=4).map(|fragments| file(fragments).1.len()).collect();
        for length in ends[0]..=bytes.len() {
            let found = recover(&bytes[..length]).expect("it is one");
            let last = ends.iter().rposition(|end| *end <= length).expect("there is a beginning");
            assert_eq!(found.end as usize, ends[last], "cut at {length}");
            assert_eq!(found.movie.duration(), last as u64 * 1_000_000_000);
        }
        // While it was being finished.
        let mut begun = bytes.clone();
        begun.extend(&whole.finish(&[]).tail);
        let found = recover(&begun).expect("it is one");
        assert_eq!(found.end as usize, bytes.len());
        let mut again = found.movie.finish(&[]);
        assert!(matches!(
            Moov::decode(&mut &again.tail[..]).expect("it is one").trak[0].mdia.minf.stbl.stsd.codecs[0],
            Codec::Avc3(_)
        ));
        again.tail.clear();
        assert_eq!(again, Finish { tail: Vec::new(), ..whole.finish(&[]) });
    }

    #[test]
    fn what_is_no_recording_or_a_finished_one_is_refused() {
        let (movie, bytes) = file(2);
        let done = finished(&movie, bytes.clone(), &[]);
        for wrong in [&done[..], b"", b"RIFF of something else", &bytes[..20]] {
            assert_eq!(recover(wrong).err().map(|error| error.kind()), Some(io::ErrorKind::InvalidData));
        }
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            // Whatever it says: it ends.
            let _ = recover(&broken);
        }
    }

    #[test]
    fn what_is_missing_is_filled_by_the_sample_before_it() {
        let video = Format::read(&h264()).expect("it is one");
        let (mut movie, mut bytes) = Movie::begin(&[&video]);
        let samples = [sample(10, 3000, true), sample(10, 3000, false)];
        for decode_time in [0, 6000, 90_000] {
            bytes.extend(movie.fragment(&[Stretch { kind: Kind::Video, decode_time, samples: &samples }]));
        }
        movie.changes();
        let expected = [(3, 3000), (1, 81_000), (2, 3000)]
            .map(|(sample_count, sample_delta)| SttsEntry { sample_count, sample_delta });
        for movie in [&movie, &recover(&bytes).expect("it is one").movie] {
            let moov = Moov::decode(&mut &movie.finish(&[]).tail[..]).expect("it is one");
            assert_eq!(moov.trak[0].mdia.minf.stbl.stts.entries, expected);
            assert!(matches!(moov.trak[0].mdia.minf.stbl.stsd.codecs[0], Codec::Avc3(_)));
            assert_eq!(movie.duration(), 96_000 * 1_000_000_000 / 90_000);
        }
        assert!(movie.fragment(&[Stretch { kind: Kind::Audio, decode_time: 0, samples: &samples }]).is_empty());
    }
}
