//! H.264 byte streams (H.264 Annex B) to units with lengths (ISO 14496-15), and back.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use crate::model::unit::Config;

/// Bytes of one access unit that are looked at; a larger one comes from a broken encoder and is refused.
pub const LARGEST: usize = 8 << 20;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// `nal_unit_type` (H.264 table 7-1).
fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |b| b & 0x1f)
}

/// The NAL units of a byte stream, without start codes and trailing zeros.
pub fn split(mut stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    fn start_code(from: &[u8]) -> Option<usize> {
        from.windows(3).position(|w| w == [0, 0, 1])
    }
    let mut open = match start_code(stream) {
        Some(at) => {
            stream = &stream[at + 3..];
            true
        }
        None => false,
    };
    std::iter::from_fn(move || {
        while open {
            let nal = match start_code(stream) {
                Some(at) => {
                    let nal = &stream[..at];
                    stream = &stream[at + 3..];
                    nal
                }
                None => {
                    open = false;
                    stream
                }
            };
            let end = nal.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            if end > 0 {
                return Some(&nal[..end]);
            }
        }
        None
    })
}

/// One coded picture as [`crate::model::unit::Unit`] wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Coded {
    /// The parameter sets in force; the same `Arc` while they don't change.
    pub config: Arc<Config>,
    /// It is an IDR picture.
    pub keyframe: bool,
    /// Slices, each behind a length of four bytes.
    pub data: Bytes,
}

/// Takes the access units of one encoder apart and remembers its parameter sets.
#[derive(Debug, Default)]
pub struct Splitter {
    sps: Bytes,
    pps: Bytes,
    config: Option<Arc<Config>>,
}

impl Splitter {
    /// One access unit in; nothing comes out before the first keyframe with both parameter sets, or if it has no slice.
    /// Access unit delimiters, SEI and filler are left out.
    pub fn take(&mut self, access_unit: &[u8]) -> Option<Coded> {
        if access_unit.len() > LARGEST {
            return None;
        }
        let mut data = BytesMut::with_capacity(access_unit.len() + 16);
        let mut keyframe = false;
        for nal in split(access_unit) {
            match kind(nal) {
                SPS if self.sps != nal => {
                    self.sps = Bytes::copy_from_slice(nal);
                    self.config = None;
                }
                PPS if self.pps != nal => {
                    self.pps = Bytes::copy_from_slice(nal);
                    self.config = None;
                }
                slice @ SLICE..=IDR => {
                    keyframe |= slice == IDR;
                    data.put_u32(nal.len() as u32);
                    data.put_slice(nal);
                }
                _ => {}
            }
        }
        if data.is_empty() {
            return None;
        }
        if self.config.is_none() {
            if self.sps.is_empty() || self.pps.is_empty() || !keyframe {
                return None;
            }
            self.config = Some(Arc::new(Config::H264 { sps: self.sps.clone(), pps: self.pps.clone() }));
        }
        self.config.clone().map(|config| Coded { config, keyframe, data: data.freeze() })
    }
}

/// Writes a unit's NAL units with start codes; parameter sets first when `sets` are given. `None` when a length does
/// not fit the data, or there is nothing in it.
pub fn join(sets: Option<(&[u8], &[u8])>, mut data: &[u8]) -> Option<Vec<u8>> {
    const START: [u8; 4] = [0, 0, 0, 1];
    if data.len() > LARGEST {
        return None;
    }
    let mut out = Vec::with_capacity(data.len() + 128);
    if let Some((sps, pps)) = sets {
        for set in [sps, pps] {
            out.extend_from_slice(&START);
            out.extend_from_slice(set);
        }
    }
    let before = out.len();
    while !data.is_empty() {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let nal = rest.get(..length)?;
        if !nal.is_empty() {
            out.extend_from_slice(&START);
            out.extend_from_slice(nal);
        }
        data = &rest[length..];
    }
    (out.len() > before).then_some(out)
}

/// What a decoder must know before the first unit, as FLV and MP4 have it (`AVCDecoderConfigurationRecord`, ISO 14496-15
/// section 5.3.3.1), for lengths of four bytes. `None` for parameter sets that can't be any.
pub fn record(sps: &[u8], pps: &[u8]) -> Option<Vec<u8>> {
    let &[_, profile, flags, level, ..] = sps else { return None };
    let mut out = vec![1, profile, flags, level, 0xff, 0xe1];
    out.extend(u16::try_from(sps.len()).ok()?.to_be_bytes());
    out.extend_from_slice(sps);
    out.push(1);
    out.extend(u16::try_from(pps.len()).ok()?.to_be_bytes());
    out.extend_from_slice(pps);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(nals: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for (n, nal) in nals.iter().enumerate() {
            out.extend_from_slice(if n % 2 == 0 { &[0, 0, 0, 1] } else { &[0, 0, 1] });
            out.extend_from_slice(nal);
        }
        out
    }

    #[test]
    fn start_codes_of_three_and_four_bytes_and_trailing_zeros_are_not_part_of_a_nal_unit() {
        let bytes = stream(&[&[0x67, 1], &[0x68, 2, 0, 0], &[0x65, 0, 0, 3, 1]]);
        let nals: Vec<_> = split(&bytes).collect();
        assert_eq!(nals, [&[0x67, 1][..], &[0x68, 2], &[0x65, 0, 0, 3, 1]]);
        assert_eq!(split(&[1, 2, 3]).count(), 0);
        assert_eq!(split(&[0, 0, 1]).count(), 0);
        assert_eq!(split(&[]).count(), 0);
    }

    #[test]
    fn a_unit_is_its_slices_with_lengths_and_its_configuration_stays_the_same_arc() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.take(&stream(&[&[0x41, 9]])), None, "nothing before the parameter sets");
        let key = splitter
            .take(&stream(&[&[9, 0x10], &[0x67, 1], &[0x68, 2], &[6, 5], &[0x65, 7], &[0x65, 8]]))
            .expect("a keyframe");
        assert!(key.keyframe);
        assert_eq!(&key.data[..], [0, 0, 0, 2, 0x65, 7, 0, 0, 0, 2, 0x65, 8]);
        let delta = splitter.take(&stream(&[&[0x41, 9]])).expect("a delta");
        assert!(!delta.keyframe);
        let again = splitter.take(&stream(&[&[0x67, 1], &[0x68, 2], &[0x65, 7]])).expect("a keyframe");
        assert!(Arc::ptr_eq(&key.config, &delta.config) && Arc::ptr_eq(&key.config, &again.config));
        let other = splitter.take(&stream(&[&[0x67, 3], &[0x68, 2], &[0x65, 7]])).expect("a keyframe");
        assert!(!Arc::ptr_eq(&key.config, &other.config));
    }

    #[test]
    fn joining_puts_the_parameter_sets_first_and_refuses_lengths_that_do_not_fit() {
        let data = [0, 0, 0, 2, 0x65, 7, 0, 0, 0, 1, 0x41];
        let joined = join(Some((&[0x67, 1], &[0x68, 2])), &data).expect("well formed");
        let nals: Vec<_> = split(&joined).collect();
        assert_eq!(nals, [&[0x67, 1][..], &[0x68, 2], &[0x65, 7], &[0x41]]);
        for bad in [&[][..], &[0, 0, 0], &[0, 0, 0, 9, 1], &[255, 255, 255, 255, 1], &[0, 0, 0, 0]] {
            assert_eq!(join(None, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_record_holds_profile_level_and_both_sets() {
        let record = record(&[0x67, 0x42, 0xc0, 0x1f, 9], &[0x68, 2]).expect("they are parameter sets");
        assert_eq!(record, [1, 0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 5, 0x67, 0x42, 0xc0, 0x1f, 9, 1, 0, 2, 0x68, 2]);
        assert_eq!(super::record(&[0x67, 1], &[0x68]), None);
    }
}
