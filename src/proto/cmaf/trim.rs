//! A part of a finished recording as a file of its own. Samples are copied as they are, fragment by fragment: what the recording was made
//! of still lies in it, inside the one large `mdat` (see [`Movie`]).

use std::io;
use std::ops::Range;

use bytes::Bytes;
use mp4_atom::{Decode, Moof, Traf};

use super::movie::{HEADER, SLOT, entries, next_box, whole};
use super::{Chapter, Movie, Sample, Stretch};
use crate::model::track::Kind;

/// Nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

/// A part of a recording.
#[derive(Debug)]
pub struct Trimmed {
    /// The file that it is.
    pub movie: Movie,
    /// Where it begins in the one that it comes from, in nanoseconds: at a keyframe.
    pub from: u64,
}

/// A finished recording: where what is needed of it lies.
struct Source {
    /// The `moov` at its beginning.
    moov: Vec<u8>,
    /// Parameter sets change within it, or may.
    changes: bool,
    /// Where each `moof` is, and how large.
    fragments: Vec<(u64, u64)>,
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Copies the part of a finished recording of so many bytes that begins with the first keyframe which is not before `part` and ends where
/// `part` does, in nanoseconds since its start. `read` gives so many bytes from there on; `write` takes the next bytes of the new file,
/// which is finished by [`Movie::finish`].
///
/// # Errors
/// What `read` and `write` say; [`io::ErrorKind::InvalidData`] for what is no finished recording, and
/// [`io::ErrorKind::InvalidInput`] where nothing in the part can be begun with.
pub fn trim(
    length: u64,
    part: Range<u64>,
    mut read: impl FnMut(u64, usize) -> io::Result<Vec<u8>>,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Trimmed> {
    let source = Source::open(length, &mut read)?;
    let (mut movie, header) = Movie::like(&source.moov)?;
    let from = source.start(&movie, &part, &mut read)?;
    if source.changes {
        movie.changes();
    }
    write(&header)?;
    let mut begun = false;
    for (at, size) in &source.fragments {
        let moof = moof(&whole(*at, *size, &mut read)?)?;
        let mut taken = Vec::new();
        let mut beyond = true;
        for traf in &moof.traf {
            let Some((kind, timescale)) = movie.track(traf.tfhd.track_id) else { continue };
            let (first, last) = (ticks(from, timescale), ticks(part.end, timescale));
            let samples = Samples::of(traf, *at);
            beyond &= samples.clone().next().is_none_or(|sample| sample.time >= last);
            // Sound belongs to the part if the larger half of it lies in there; what is half outside begins with it.
            let within = |sample: &Place| match kind {
                Kind::Video => sample.time >= first && sample.time < last,
                Kind::Audio => sample.time.saturating_add(u64::from(sample.duration) / 2) > first && sample.time < last,
            };
            let places: Vec<Place> = samples.filter(within).collect();
            let Some((begin, end)) = places.first().zip(places.last()) else { continue };
            let lies = begin.offset..end.offset.saturating_add(u64::from(end.size));
            let bytes = Bytes::from(whole(lies.start, lies.end - lies.start, &mut read)?);
            let decode_time = begin.time.saturating_sub(first);
            let sample = |place: &Place| {
                let at = usize::try_from(place.offset - lies.start).unwrap_or(usize::MAX);
                let end = at.saturating_add(place.size as usize);
                let data = if end <= bytes.len() { bytes.slice(at..end) } else { Bytes::new() };
                Sample { data, duration: place.duration, keyframe: place.keyframe }
            };
            taken.push((kind, decode_time, places.iter().map(sample).collect::<Vec<_>>()));
        }
        let stretches: Vec<Stretch<'_>> = taken
            .iter()
            .map(|(kind, decode_time, samples)| Stretch { kind: *kind, decode_time: *decode_time, samples })
            .collect();
        let piece = movie.fragment(&stretches);
        if !piece.is_empty() {
            begun = true;
            write(&piece)?;
        } else if begun && beyond {
            break;
        }
    }
    Ok(Trimmed { movie, from })
}

/// The chapters of a part that begins and ends there, in nanoseconds of the whole: what runs at its beginning is its first.
pub fn chapters(all: &[Chapter], part: Range<u64>) -> Vec<Chapter> {
    let running = all.iter().rposition(|chapter| chapter.at <= part.start).unwrap_or(0);
    let within = all.iter().skip(running).filter(|chapter| chapter.at < part.end);
    within.map(|chapter| Chapter { at: chapter.at.saturating_sub(part.start), title: chapter.title.clone() }).collect()
}

impl Source {
    fn open(length: u64, read: &mut impl FnMut(u64, usize) -> io::Result<Vec<u8>>) -> io::Result<Self> {
        let Some((kind, slot)) = next_box(0, length, read)? else { return Err(wrong("it is empty")) };
        if &kind != b"ftyp" || slot + SLOT > length {
            return Err(wrong("it is no recording of this box"));
        }
        let header = read(slot, SLOT as usize)?;
        let Some((b"\0\0\0\x01mdat", size)) = header.split_first_chunk::<8>() else {
            return Err(wrong("it is no finished recording of this box"));
        };
        let size = size.try_into().map(u64::from_be_bytes).map_err(|_| wrong("its header is too short"))?;
        let end = slot.checked_add(size).filter(|end| *end <= length).ok_or_else(|| wrong("it is too short"))?;
        let (mut at, mut moov, mut fragments) = (slot + SLOT, None, Vec::new());
        while let Some((kind, size)) = next_box(at, end, read)? {
            match &kind {
                b"moov" if moov.is_none() => moov = Some(whole(at, size, read)?),
                b"moof" if moov.is_some() => fragments.push((at, size)),
                b"mdat" => {}
                _ => return Err(wrong("it holds what this box does not write")),
            }
            at += size;
        }
        let moov = moov.ok_or_else(|| wrong("it is no recording of this box"))?;
        let changes = first_entry(end, length, read)?.is_some_and(|entry| &entry == b"avc3");
        Ok(Self { moov, changes, fragments })
    }

    /// Where a part begins: at its first keyframe, or, where there are no pictures, where it says.
    fn start(
        &self,
        movie: &Movie,
        part: &Range<u64>,
        read: &mut impl FnMut(u64, usize) -> io::Result<Vec<u8>>,
    ) -> io::Result<u64> {
        if !movie.has_pictures() {
            return Ok(part.start);
        }
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "no picture in this part can be begun with");
        for (at, size) in &self.fragments {
            for traf in &moof(&whole(*at, *size, read)?)?.traf {
                let Some((Kind::Video, timescale)) = movie.track(traf.tfhd.track_id) else { continue };
                let keyframes = Samples::of(traf, *at).filter(|sample| sample.keyframe);
                let found = keyframes.map(|sample| nanos(sample.time, timescale)).find(|time| *time >= part.start);
                match found {
                    Some(found) if found < part.end => return Ok(found),
                    Some(_) => return Err(none()),
                    None => {}
                }
            }
        }
        Err(none())
    }
}

fn moof(bytes: &[u8]) -> io::Result<Moof> {
    Moof::decode(&mut &bytes[..]).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn ticks(nanos: u64, timescale: u32) -> u64 {
    u64::try_from((u128::from(nanos) * u128::from(timescale) + SECOND / 2) / SECOND).unwrap_or(u64::MAX)
}

fn nanos(ticks: u64, timescale: u32) -> u64 {
    u64::try_from(u128::from(ticks) * SECOND / u128::from(timescale)).unwrap_or(u64::MAX)
}

/// One sample and where it is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Decode time in ticks.
    time: u64,
    duration: u32,
    size: u32,
    keyframe: bool,
    /// In the file.
    offset: u64,
}

/// The samples of a fragment's track, one after another.
#[derive(Clone)]
struct Samples<'a> {
    entries: std::slice::Iter<'a, mp4_atom::TrunEntry>,
    time: u64,
    offset: u64,
}

impl<'a> Samples<'a> {
    /// Those of a `traf` whose `moof` is there in the file.
    fn of(traf: &'a Traf, moof: u64) -> Self {
        let time = traf.tfdt.as_ref().map_or(0, |tfdt| tfdt.base_media_decode_time);
        let trun = traf.trun.first();
        let behind = trun.and_then(|trun| trun.data_offset).and_then(|offset| u64::try_from(offset).ok());
        let entries = trun.map_or(&[][..], entries).iter();
        Self { entries, time, offset: moof.saturating_add(behind.unwrap_or(0)) }
    }
}

impl Iterator for Samples<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let entry = self.entries.next()?;
        let (duration, size) = (entry.duration.unwrap_or(0), entry.size.unwrap_or(0));
        let keyframe = entry.flags == Some(super::fragment::FLAGS_SYNC);
        let place = Place { time: self.time, duration, size, keyframe, offset: self.offset };
        self.time = self.time.saturating_add(u64::from(duration));
        self.offset = self.offset.saturating_add(u64::from(size));
        Some(place)
    }
}

/// The name of the first entry in the `stsd` of the first track of the index that begins there.
fn first_entry(
    at: u64,
    length: u64,
    read: &mut impl FnMut(u64, usize) -> io::Result<Vec<u8>>,
) -> io::Result<Option<[u8; 4]>> {
    let (mut at, mut end) = (at, length);
    for wanted in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"] {
        loop {
            match next_box(at, end, read)? {
                Some((kind, size)) if &kind == wanted => {
                    (at, end) = (at + HEADER, at + size);
                    break;
                }
                Some((_, size)) => at += size,
                None => return Ok(None),
            }
        }
    }
    // Version, flags and the number of entries come before them.
    Ok(next_box(at + HEADER, end, read)?.map(|(kind, _)| kind))
}

#[cfg(test)]
mod tests {
    use super::super::test_configs::{aac, h264};
    use super::super::{Finish, Format};
    use super::*;

    /// A finished file of five seconds: a keyframe each second, ten pictures and fifty pieces of sound, each with its number in it.
    fn file(changes: bool) -> Vec<u8> {
        let (video, audio) = (Format::read(&h264()).expect("it is one"), Format::read(&aac()).expect("it is one"));
        let (mut movie, mut bytes) = Movie::begin(&[&video, &audio]);
        for number in 0..5_u32 {
            let sample =
                |n: u32, duration, keyframe| Sample { data: n.to_be_bytes().to_vec().into(), duration, keyframe };
            let pictures: Vec<Sample> = (0..10).map(|n| sample(number * 10 + n, 9000, n == 0)).collect();
            let sounds: Vec<Sample> = (0..50).map(|n| sample(1000 + number * 50 + n, 960, true)).collect();
            bytes.extend(movie.fragment(&[
                Stretch { kind: Kind::Video, decode_time: u64::from(number) * 90_000, samples: &pictures },
                Stretch { kind: Kind::Audio, decode_time: u64::from(number) * 48_000, samples: &sounds },
            ]));
        }
        if changes {
            movie.changes();
        }
        finished(&movie, bytes)
    }

    fn finished(movie: &Movie, mut bytes: Vec<u8>) -> Vec<u8> {
        let Finish { tail, header, at } = movie.finish(&[]);
        bytes.extend(tail);
        bytes[at as usize..][..header.len()].copy_from_slice(&header);
        bytes
    }

    fn cut(bytes: &[u8], part: Range<u64>) -> io::Result<(Trimmed, Vec<u8>)> {
        let mut out = Vec::new();
        let read = |at: u64, count: usize| {
            let at = at as usize;
            Ok(bytes.get(at..at + count).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
        };
        let trimmed = trim(bytes.len() as u64, part, read, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })?;
        Ok((trimmed, out))
    }

    /// What is in the samples of a finished file, pictures and sound.
    fn numbers(bytes: &[u8]) -> [Vec<u32>; 2] {
        let read = |at: u64, count: usize| Ok(bytes[at as usize..][..count].to_vec());
        let source = Source::open(bytes.len() as u64, &mut { read }).expect("it is a recording");
        let movie = Movie::like(&source.moov).expect("it is one").0;
        let mut found = [Vec::new(), Vec::new()];
        for (at, size) in source.fragments {
            for traf in &moof(&bytes[at as usize..][..size as usize]).expect("it is one").traf {
                let (kind, _) = movie.track(traf.tfhd.track_id).expect("it is a track");
                let number = |place: Place| {
                    u32::from_be_bytes(bytes[place.offset as usize..][..4].try_into().expect("four bytes"))
                };
                found[usize::from(kind == Kind::Audio)].extend(Samples::of(traf, at).map(number));
            }
        }
        found
    }

    #[test]
    fn a_part_holds_what_lies_in_it_from_its_first_keyframe_on_and_nothing_else() {
        let bytes = file(false);
        // From 1.2 to 3.45 seconds: the keyframe is at 2.
        let (trimmed, part) = cut(&bytes, 1_200_000_000..3_450_000_000).expect("there is something");
        assert_eq!(trimmed.from, 2_000_000_000);
        let part = finished(&trimmed.movie, part);
        assert_eq!(numbers(&part), [(20..35).collect::<Vec<_>>(), (1100..1173).collect()]);
        // The last picture lasts as long as it did.
        assert_eq!(trimmed.movie.duration(), 1_500_000_000);
        // A part of a part.
        let (again, out) = cut(&part, 0..1_000_000_000).expect("there is something");
        assert_eq!((again.from, numbers(&finished(&again.movie, out))[0].len()), (0, 10));
        // All of it.
        let (whole, out) = cut(&bytes, 0..u64::MAX).expect("there is something");
        assert_eq!((whole.from, numbers(&finished(&whole.movie, out))), (0, numbers(&bytes)));
    }

    #[test]
    fn parameter_sets_that_change_are_looked_for_in_the_stream_of_the_part_as_well() {
        for (changes, name) in [(false, b"avc1"), (true, b"avc3")] {
            let (trimmed, _) = cut(&file(changes), 0..u64::MAX).expect("there is something");
            assert!(trimmed.movie.finish(&[]).tail.windows(4).any(|four| four == name), "{changes}");
        }
    }

    #[test]
    fn what_can_t_be_begun_with_and_what_is_no_finished_recording_is_refused() {
        let bytes = file(false);
        for part in [4_100_000_000..5_000_000_000, 1_100_000_000..1_900_000_000, 9_000_000_000..10_000_000_000] {
            let refused = cut(&bytes, part).err().map(|error| error.kind());
            assert_eq!(refused, Some(io::ErrorKind::InvalidInput));
        }
        for wrong in [&b""[..], b"RIFF of something else, longer than a header", &bytes[..bytes.len() / 2]] {
            assert_eq!(cut(wrong, 0..u64::MAX).err().map(|error| error.kind()), Some(io::ErrorKind::InvalidData));
        }
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            // Whatever it says: it ends.
            let _ = cut(&broken, 0..u64::MAX);
        }
    }

    #[test]
    fn chapters_of_a_part_begin_with_the_one_that_runs() {
        let chapter = |at: u64, title: &str| Chapter { at, title: title.into() };
        let all = [chapter(0, "Everybody"), chapter(10, "Ada"), chapter(20, "Bob"), chapter(30, "Cleo")];
        assert_eq!(chapters(&all, 15..30), [chapter(0, "Ada"), chapter(5, "Bob")]);
        assert_eq!(chapters(&all, 0..5), [chapter(0, "Everybody")]);
        assert_eq!(chapters(&[], 0..5), []);
    }
}
