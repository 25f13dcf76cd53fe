//! The initialisation segment: `ftyp` and `moov` without samples (ISO 23000-19 section 7.3.1).

use bytes::Bytes;
use mp4_atom::{
    Audio, Avc1, Avcc, Codec, Dinf, Dops, Dref, Encode, Esds, FourCC, Ftyp, Hdlr, Mdhd, Mdia, Minf, Moov, Mp4a, Mvex,
    Mvhd, Opus, Smhd, Stbl, Stsd, Tkhd, Trak, Trex, Url, Visual, Vmhd, Vp08, VpcC,
};

use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};

use super::{Format, TRACK_ID};
use crate::model::track::Kind;
use crate::model::unit::Config;

/// AAC by ISO 14496-1 table 5, and the stream type of sound by table 6.
const OBJECT_TYPE_AAC: u8 = 0x40;
const STREAM_TYPE_AUDIO: u8 = 5;
/// Colours of which a stream says nothing (ISO 23091-2 table 2).
const UNSPECIFIED: u8 = 2;

impl Format {
    /// The initialisation segment of a track of this format.
    pub fn init(&self) -> Bytes {
        let ftyp = Ftyp {
            major_brand: FourCC::new(b"cmfc"),
            minor_version: 0,
            compatible_brands: vec![FourCC::new(b"iso6"), FourCC::new(b"cmfc"), FourCC::new(b"mp41")],
        };
        let moov = Moov {
            mvhd: Mvhd {
                timescale: self.timescale(),
                rate: 1.into(),
                volume: 1.into(),
                next_track_id: TRACK_ID + 1,
                ..Mvhd::default()
            },
            mvex: Some(Mvex {
                mehd: None,
                trex: vec![Trex { track_id: TRACK_ID, default_sample_description_index: 1, ..Trex::default() }],
            }),
            trak: vec![self.trak(TRACK_ID)],
            ..Moov::default()
        };
        let mut out = Vec::with_capacity(1024);
        ftyp.encode(&mut out)
            .and_then(|()| moov.encode(&mut out))
            .expect("Format::read checked every field with a range");
        Bytes::from(out)
    }

    /// The box of a track of this format with this id, without samples.
    pub(super) fn trak(&self, id: u32) -> Trak {
        let (handler, name): (&[u8; 4], _) = match self.kind() {
            Kind::Video => (b"vide", "video"),
            Kind::Audio => (b"soun", "audio"),
        };
        let video = self.kind() == Kind::Video;
        let (width, height) = self.picture().map_or((0, 0), |p| (p.width, p.height));
        Trak {
            tkhd: Tkhd {
                track_id: id,
                enabled: true,
                in_movie: true,
                volume: u8::from(!video).into(),
                width: width.into(),
                height: height.into(),
                ..Tkhd::default()
            },
            mdia: Mdia {
                mdhd: Mdhd { timescale: self.timescale(), language: "und".into(), ..Mdhd::default() },
                hdlr: Hdlr { handler: FourCC::new(handler), name: name.into() },
                minf: Minf {
                    vmhd: video.then(Vmhd::default),
                    smhd: (!video).then(Smhd::default),
                    dinf: Dinf { dref: Dref { entries: vec![Url::default().into()] } },
                    stbl: Stbl { stsd: Stsd { codecs: vec![self.entry()] }, ..Stbl::default() },
                    ..Minf::default()
                },
            },
            ..Trak::default()
        }
    }

    fn entry(&self) -> Codec {
        let audio = |channels: u8, rate: u16| Audio {
            data_reference_index: 1,
            channel_count: channels.into(),
            sample_size: 16,
            sample_rate: rate.into(),
        };
        match &self.config {
            Config::H264 { sps, pps } => {
                let (width, height) = self.picture().map_or((0, 0), |p| (p.width, p.height));
                Codec::Avc1(Avc1 {
                    visual: Visual { data_reference_index: 1, width, height, ..Visual::default() },
                    avcc: Avcc::new(sps, pps).expect("Format::read saw four bytes of SPS"),
                    ..Avc1::default()
                })
            }
            // "VP Codec ISO Media File Format Binding" section 2.2: eight bits, 4:2:0; level and colours are not said.
            Config::Vp8 => {
                let (width, height) = self.picture().map_or((0, 0), |p| (p.width, p.height));
                Codec::Vp08(Vp08 {
                    visual: Visual { data_reference_index: 1, width, height, ..Visual::default() },
                    vpcc: VpcC {
                        color_primaries: UNSPECIFIED,
                        transfer_characteristics: UNSPECIFIED,
                        matrix_coefficients: UNSPECIFIED,
                        ..VpcC::default()
                    },
                    ..Vp08::default()
                })
            }
            Config::Opus { channels } => Codec::Opus(Opus {
                audio: audio(*channels, 48_000),
                dops: Dops {
                    output_channel_count: *channels,
                    pre_skip: 0,
                    input_sample_rate: 48_000,
                    output_gain: 0,
                    channel_mapping: None,
                },
                btrt: None,
            }),
            Config::Aac { asc, rate, channels } => Codec::Mp4a(Mp4a {
                audio: audio(*channels, u16::try_from(*rate).expect("Format::read checked the rate")),
                esds: Esds {
                    es_desc: EsDescriptor {
                        es_id: 1,
                        dec_config: DecoderConfig {
                            object_type_indication: OBJECT_TYPE_AAC,
                            stream_type: STREAM_TYPE_AUDIO,
                            dec_specific: Some(DecoderSpecific { raw: asc.to_vec(), ..DecoderSpecific::default() }),
                            ..DecoderConfig::default()
                        },
                        sl_config: SLConfig::default(),
                        ..EsDescriptor::default()
                    },
                },
                btrt: None,
                taic: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use mp4_atom::{Decode, Header, ReadFrom};

    use super::super::format::tests::{PPS, SPS, aac, h264};
    use super::*;

    fn moov(config: &Config) -> Moov {
        let bytes = Format::read(config).unwrap().init();
        let mut rest = &bytes[..];
        let ftyp = Ftyp::decode(&mut rest).unwrap();
        assert_eq!(ftyp.major_brand, FourCC::new(b"cmfc"));
        let moov = Moov::decode(&mut rest).unwrap();
        assert!(rest.is_empty());
        moov
    }

    #[test]
    fn a_video_track_carries_size_and_parameter_sets() {
        let moov = moov(&h264());
        let Codec::Avc1(entry) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else { panic!("not avc1") };
        assert_eq!((entry.visual.width, entry.visual.height), (1280, 720));
        assert_eq!(entry.avcc.sequence_parameter_sets, [SPS]);
        assert_eq!(entry.avcc.picture_parameter_sets, [PPS]);
        assert_eq!(entry.avcc.length_size, 4);
        assert_eq!(moov.trak[0].mdia.mdhd.timescale, 90_000);
    }

    #[test]
    fn sound_tracks_carry_their_configuration() {
        let moov_aac = moov(&aac());
        let Codec::Mp4a(entry) = &moov_aac.trak[0].mdia.minf.stbl.stsd.codecs[0] else { panic!("not mp4a") };
        assert_eq!(entry.esds.es_desc.dec_config.dec_specific.as_ref().unwrap().raw, [0x11, 0x90]);
        assert_eq!((entry.audio.channel_count, entry.audio.sample_rate.integer()), (2, 48_000));
        let moov_opus = moov(&Config::Opus { channels: 1 });
        let Codec::Opus(entry) = &moov_opus.trak[0].mdia.minf.stbl.stsd.codecs[0] else { panic!("not Opus") };
        assert_eq!((entry.dops.output_channel_count, entry.dops.input_sample_rate), (1, 48_000));
    }

    #[test]
    fn the_file_starts_with_ftyp_then_moov() {
        let bytes = Format::read(&aac()).unwrap().init();
        let mut rest = &bytes[..];
        let header = Header::read_from(&mut rest).unwrap();
        assert_eq!(header.kind, FourCC::new(b"ftyp"));
        let mut rest = &rest[header.size.unwrap()..];
        assert_eq!(Header::read_from(&mut rest).unwrap().kind, FourCC::new(b"moov"));
    }
}
