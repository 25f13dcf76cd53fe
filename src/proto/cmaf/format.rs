//! What a player must know about a track before its first sample.

use bytes::Bytes;
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, decode_nal};

use super::Error;
use crate::model::track::Kind;
use crate::model::unit::{Config, Unit};

/// Ticks a second of every video track.
const VIDEO_TIMESCALE: u32 = 90_000;
/// Ticks a second of every Opus track (RFC 7845 section 4).
const OPUS_TIMESCALE: u32 = 48_000;

/// Size of a picture as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across, after cropping.
    pub width: u16,
    /// Pixels down, after cropping.
    pub height: u16,
}

/// One track's codec, read from its configuration once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    pub(super) config: Config,
    timescale: u32,
    codec: String,
    picture: Option<Picture>,
}

impl Format {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`Error`] for what can't be read or carried.
    pub fn read(config: &Config) -> Result<Self, Error> {
        let (timescale, codec, picture) = match config {
            Config::H264 { sps, pps } => {
                if pps.is_empty() || pps.len() > usize::from(u16::MAX) || sps.len() > usize::from(u16::MAX) {
                    return Err(Error::Malformed("picture parameter set"));
                }
                let codec = match sps.get(..4) {
                    Some([_, profile, flags, level]) => format!("avc1.{profile:02X}{flags:02X}{level:02X}"),
                    _ => return Err(Error::Malformed("sequence parameter set")),
                };
                (VIDEO_TIMESCALE, codec, Some(picture(sps)?))
            }
            Config::Vp8 => return Err(Error::Unsupported("VP8 has no place in these streams")),
            Config::Opus { channels } => {
                stereo_at_most(*channels)?;
                (OPUS_TIMESCALE, "opus".to_owned(), None)
            }
            Config::Aac { asc, rate, channels } => {
                stereo_at_most(*channels)?;
                if *rate == 0 || *rate > u32::from(u16::MAX) {
                    return Err(Error::Unsupported("AAC above 65535 samples a second is not packaged"));
                }
                let first = asc.first().ok_or(Error::Malformed("AudioSpecificConfig"))?;
                if asc.len() < 2 || asc.len() > 64 {
                    return Err(Error::Malformed("AudioSpecificConfig"));
                }
                (*rate, format!("mp4a.40.{}", first >> 3), None)
            }
        };
        Ok(Self { config: config.clone(), timescale, codec, picture })
    }

    /// What it was read from.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Reads what a track begins with: its configuration, and of VP8 the keyframe, which alone says how large the picture is.
    ///
    /// # Errors
    /// [`Error`] for what can't be read or carried.
    pub fn first(unit: &Unit) -> Result<Self, Error> {
        match &*unit.config {
            Config::Vp8 => {
                let picture = vp8(&unit.data).ok_or(Error::Malformed("keyframe"))?;
                let codec = "vp08.00.10.08".to_owned();
                Ok(Self { config: Config::Vp8, timescale: VIDEO_TIMESCALE, codec, picture: Some(picture) })
            }
            config => Self::read(config),
        }
    }

    /// Sound or picture.
    pub const fn kind(&self) -> Kind {
        match self.config {
            Config::H264 { .. } | Config::Vp8 => Kind::Video,
            Config::Opus { .. } | Config::Aac { .. } => Kind::Audio,
        }
    }

    /// Ticks a second of decode times and durations: 90 000 for video, the sample rate for sound.
    pub const fn timescale(&self) -> u32 {
        self.timescale
    }

    /// The codec as RFC 6381 names it, such as `avc1.42C01F` or `mp4a.40.2`.
    pub fn codec(&self) -> &str {
        &self.codec
    }

    /// How large the picture is; nothing for sound.
    pub const fn picture(&self) -> Option<Picture> {
        self.picture
    }

    /// Channels of sound; 0 for video.
    pub const fn channels(&self) -> u8 {
        match self.config {
            Config::H264 { .. } | Config::Vp8 => 0,
            Config::Opus { channels } | Config::Aac { channels, .. } => channels,
        }
    }

    /// Ticks of a sample whose maker did not say how long it lasts.
    pub const fn usual_duration(&self) -> u32 {
        match self.config {
            Config::H264 { .. } | Config::Vp8 => VIDEO_TIMESCALE / 30,
            Config::Opus { .. } => OPUS_TIMESCALE / 50,
            Config::Aac { .. } => 1024,
        }
    }
}

fn stereo_at_most(channels: u8) -> Result<(), Error> {
    match channels {
        1 | 2 => Ok(()),
        _ => Err(Error::Unsupported("only mono and stereo sound is packaged")),
    }
}

/// How large the picture of a keyframe of VP8 is (RFC 6386 section 9.1).
fn vp8(frame: &[u8]) -> Option<Picture> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = frame.first_chunk::<10>()? else { return None };
    let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
    let picture = Picture { width: size(w0, w1), height: size(h0, h1) };
    (tag & 1 == 0 && picture.width > 0 && picture.height > 0).then_some(picture)
}

fn picture(sps: &Bytes) -> Result<Picture, Error> {
    const BROKEN: Error = Error::Malformed("sequence parameter set");
    let rbsp = decode_nal(sps).map_err(|_| BROKEN)?;
    let sps = SeqParameterSet::from_bits(BitReader::new(&*rbsp)).map_err(|_| BROKEN)?;
    let (width, height) = sps.pixel_dimensions().map_err(|_| BROKEN)?;
    match (u16::try_from(width), u16::try_from(height)) {
        (Ok(width @ 1..), Ok(height @ 1..)) => Ok(Picture { width, height }),
        _ => Err(Error::Unsupported("the picture is larger than an MP4 track can say")),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// 1280x720, constrained baseline, level 3.1, as x264 writes it.
    pub(crate) const SPS: &[u8] = &[
        0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
        0x03, 0x03, 0xc0, 0xf1, 0x83, 0x24, 0x80,
    ];
    pub(crate) const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

    pub(crate) fn h264() -> Config {
        Config::H264 { sps: Bytes::from_static(SPS), pps: Bytes::from_static(PPS) }
    }

    pub(crate) fn aac() -> Config {
        Config::Aac { asc: Bytes::from_static(&[0x11, 0x90]), rate: 48_000, channels: 2 }
    }

    #[test]
    fn size_and_codec_come_out_of_the_parameter_sets() {
        let format = Format::read(&h264()).unwrap();
        assert_eq!(format.picture(), Some(Picture { width: 1280, height: 720 }));
        assert_eq!((format.codec(), format.timescale()), ("avc1.42C01F", 90_000));
        let format = Format::read(&aac()).unwrap();
        assert_eq!((format.codec(), format.timescale(), format.channels()), ("mp4a.40.2", 48_000, 2));
        let format = Format::read(&Config::Opus { channels: 2 }).unwrap();
        assert_eq!((format.codec(), format.timescale()), ("opus", 48_000));
    }

    /// How many samples of a track of a `moov` last so many ticks each.
    pub(crate) fn durations(moov: &[u8], track: usize) -> Vec<(u32, u32)> {
        let moov = <mp4_atom::Moov as mp4_atom::Decode>::decode(&mut &moov[..]).unwrap();
        let entries = moov.trak[track].mdia.minf.stbl.stts.entries.iter();
        entries.map(|entry| (entry.sample_count, entry.sample_delta)).collect()
    }

    /// The head of a keyframe of VP8 of 320x180.
    pub(crate) const VP8: &[u8] = &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x40, 0, 0];

    #[test]
    fn the_size_of_vp8_comes_out_of_its_keyframe() {
        let unit = |data: &'static [u8]| Unit {
            pts: crate::model::time::MediaTime::ZERO,
            duration: None,
            keyframe: true,
            gap: false,
            level: None,
            config: std::sync::Arc::new(Config::Vp8),
            data: Bytes::from_static(data),
        };
        let format = Format::first(&unit(VP8)).unwrap();
        assert_eq!(format.picture(), Some(Picture { width: 320, height: 180 }));
        assert_eq!((format.codec(), format.timescale(), format.kind()), ("vp08.00.10.08", 90_000, Kind::Video));
        for broken in [&VP8[..9], &[0x11, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x40], &[0; 12]] {
            assert_eq!(Format::first(&unit(broken)), Err(Error::Malformed("keyframe")));
        }
        assert!(Format::read(&Config::Vp8).is_err(), "a stream has no place for it");
    }

    #[test]
    fn broken_configurations_are_refused_not_fatal() {
        for length in 0..SPS.len() {
            let config = Config::H264 { sps: Bytes::from_static(&SPS[..length]), pps: Bytes::from_static(PPS) };
            let _ = Format::read(&config);
        }
        let short = Config::H264 { sps: Bytes::from_static(&SPS[..6]), pps: Bytes::from_static(PPS) };
        assert_eq!(Format::read(&short), Err(Error::Malformed("sequence parameter set")));
        let none = Config::H264 { sps: Bytes::from_static(SPS), pps: Bytes::new() };
        assert_eq!(Format::read(&none), Err(Error::Malformed("picture parameter set")));
        let empty = Config::Aac { asc: Bytes::new(), rate: 48_000, channels: 2 };
        assert_eq!(Format::read(&empty), Err(Error::Malformed("AudioSpecificConfig")));
        assert!(matches!(Format::read(&Config::Opus { channels: 6 }), Err(Error::Unsupported(_))));
    }
}
