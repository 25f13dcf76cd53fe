//! A fragment: `moof` and `mdat` (ISO 14496-12 section 8.8), at the start of a segment behind `styp`.

use bytes::Bytes;
use mp4_atom::{Decode, Encode, FourCC, Mfhd, Moof, Styp, Tfdt, Tfhd, Traf, Trun, TrunEntry};

use super::TRACK_ID;
use super::movie::entries;

/// `sample_depends_on` = 2: needs no other sample (ISO 14496-12 section 8.8.3.1).
pub(super) const FLAGS_SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` = 1 and `sample_is_non_sync_sample`.
pub(super) const FLAGS_NON_SYNC: u32 = 0x0101_0000;
/// Bytes of a box header: size and name.
const HEADER: usize = 8;

/// One coded sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The coded bytes, as they stand in `mdat`.
    pub data: Bytes,
    /// How long it lasts, in ticks of the track's timescale.
    pub duration: u32,
    /// A decoder can start here.
    pub keyframe: bool,
}

/// Where a fragment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// First of its segment: gets a `styp`.
    Segment,
    /// Somewhere inside a segment.
    Inside,
}

/// Appends a fragment of `samples` to `out`. `sequence` rises from fragment to fragment; `decode_time` is that of the first
/// sample, in ticks of the track's timescale.
pub fn fragment(out: &mut Vec<u8>, start: Start, sequence: u32, decode_time: u64, samples: &[Sample]) {
    if start == Start::Segment {
        let styp = Styp {
            major_brand: FourCC::new(b"msdh"),
            minor_version: 0,
            compatible_brands: vec![FourCC::new(b"msdh"), FourCC::new(b"cmfs"), FourCC::new(b"cmfl")],
        };
        styp.encode(out).expect("styp has no field with a range");
    }
    let entries: Vec<TrunEntry> = samples
        .iter()
        .map(|sample| TrunEntry {
            duration: Some(sample.duration),
            size: Some(u32::try_from(sample.data.len()).unwrap_or(u32::MAX)),
            flags: Some(if sample.keyframe { FLAGS_SYNC } else { FLAGS_NON_SYNC }),
            cts: None,
        })
        .collect();
    let mut moof = Moof {
        mfhd: Mfhd { sequence_number: sequence },
        traf: vec![Traf {
            tfhd: Tfhd { track_id: TRACK_ID, default_base_is_moof: true, ..Tfhd::default() },
            tfdt: Some(Tfdt { base_media_decode_time: decode_time }),
            trun: vec![Trun { data_offset: Some(0), samples: entries.into() }],
            ..Traf::default()
        }],
    };
    // The offset counts from the first byte of `moof` and needs its size, which does not depend on the offset's value.
    let mut sized = Vec::with_capacity(128 + 16 * samples.len());
    moof.encode(&mut sized).expect("moof has no field with a range");
    moof.traf[0].trun[0].data_offset = Some(i32::try_from(sized.len() + HEADER).unwrap_or(i32::MAX));
    let payload: usize = samples.iter().map(|sample| sample.data.len()).sum();
    out.reserve(sized.len() + HEADER + payload);
    moof.encode(out).expect("moof has no field with a range");
    out.extend_from_slice(&u32::try_from(payload + HEADER).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(b"mdat");
    for sample in samples {
        out.extend_from_slice(&sample.data);
    }
}

/// The first sample of a fragment that [`fragment`] made, as it stands in `mdat`; nothing where there is none.
pub fn first(made: &Bytes) -> Option<Bytes> {
    let mut at = 0;
    if made.get(4..8)? == b"styp" {
        at = u32::from_be_bytes(*made.first_chunk()?) as usize;
    }
    let moof = Moof::decode(&mut made.get(at..)?).ok()?;
    let trun = moof.traf.first()?.trun.first()?;
    let from = at.checked_add(usize::try_from(trun.data_offset?).ok()?)?;
    let to = from.checked_add(entries(trun).first()?.size? as usize)?;
    (to <= made.len()).then(|| made.slice(from..to))
}

#[cfg(test)]
mod tests {
    use mp4_atom::Mdat;

    use super::*;

    fn sample(data: &'static [u8], keyframe: bool) -> Sample {
        Sample { data: Bytes::from_static(data), duration: 3000, keyframe }
    }

    #[test]
    fn a_fragment_says_when_its_samples_are_and_where_they_lie() {
        let mut out = Vec::new();
        let samples = [sample(b"first", true), sample(b"second", false)];
        fragment(&mut out, Start::Inside, 7, 1 << 40, &samples);
        let mut rest = &out[..];
        let moof = Moof::decode(&mut rest).unwrap();
        let before_mdat = out.len() - rest.len();
        let mdat = Mdat::decode(&mut rest).unwrap();
        assert!(rest.is_empty());
        assert_eq!(mdat.data, b"firstsecond");
        assert_eq!(moof.mfhd.sequence_number, 7);
        let traf = &moof.traf[0];
        assert_eq!(traf.tfdt.as_ref().unwrap().base_media_decode_time, 1 << 40);
        assert!(traf.tfhd.default_base_is_moof);
        let offset = traf.trun[0].data_offset.unwrap() as usize;
        assert_eq!(offset, before_mdat + HEADER);
        assert_eq!(&out[offset..offset + 5], b"first");
        let entries: Vec<_> = traf.trun[0].samples.iter().collect();
        assert_eq!(entries.iter().map(|e| e.size.unwrap()).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(entries.iter().map(|e| e.flags.unwrap()).collect::<Vec<_>>(), [FLAGS_SYNC, FLAGS_NON_SYNC]);
        assert!(entries.iter().all(|e| e.duration == Some(3000)));
    }

    #[test]
    fn the_first_sample_is_found_again_and_in_nothing_else() {
        for start in [Start::Segment, Start::Inside] {
            let mut out = Vec::new();
            fragment(&mut out, start, 7, 1, &[sample(b"first", true), sample(b"second", false)]);
            let whole = Bytes::from(out);
            assert_eq!(first(&whole).as_deref(), Some(&b"first"[..]));
            for length in 0..whole.len() - b"second".len() {
                assert_eq!(first(&whole.slice(..length)), None, "{length} bytes of it");
            }
        }
    }

    #[test]
    fn only_the_start_of_a_segment_has_a_styp() {
        let mut inside = Vec::new();
        fragment(&mut inside, Start::Inside, 1, 0, &[sample(b"x", true)]);
        assert_eq!(&inside[4..8], b"moof");
        let mut first = Vec::new();
        fragment(&mut first, Start::Segment, 1, 0, &[sample(b"x", true)]);
        assert_eq!(&first[4..8], b"styp");
        let mut rest = &first[..];
        Styp::decode(&mut rest).unwrap();
        assert_eq!(rest, inside);
    }
}
