//! The text of every pipeline, as `gst_parse_launch` reads it. Pure: no GStreamer here, and no text of people.

use super::elements::H264Encoder;
use super::spec::{AudioCodec, CameraEncoder, CameraSource, Echo, MicrophoneSource, PushSpec, Spec, Voice};
use crate::drivers::device::Format;
use crate::model::track::Codec;

/// Units or pictures that may wait in front of an element. What does not fit is dropped by us (see the feeds); the
/// element's own leak is a second guard.
pub const WAITING: u64 = 30;
/// Pictures that may wait to be sent to another service: three seconds. When full they are dropped up to the next keyframe.
pub const PICTURES: u64 = 90;
/// Frames of sound that may wait there: a little more than three seconds. When full the newest is dropped.
pub const FRAMES: u64 = 150;
/// Encoder threads: two cores are left for everything else on a board with four.
const THREADS: u32 = 2;
/// Nanoseconds between two keyframes that readers ask for.
const KEYFRAME_SPACING: u64 = 500_000_000;
/// A rung makes a keyframe after so many seconds where nobody asked for one.
const RUNG_KEYFRAMES: u32 = 10;
/// Milliseconds without a picture after which a camera counts as lost.
const CAMERA_SILENCE: u32 = 5_000;
/// Makes pictures of one size of whatever is left of the camera's. Black is beside a picture of another shape.
const SCALE: &str = "videoscale name=scale add-borders=true";
/// Half a second of what a camera has coded.
const QUEUED: &str = "queue max-size-buffers=15 max-size-bytes=0 max-size-time=0";
/// Decodes H.264 that a camera has made.
const H264_OF_CAMERA: &str = "h264parse ! avdec_h264 max-threads=2 std-compliance=normal qos=false max-errors=-1";
const SINK: &str = "appsink name=out sync=false async=false wait-on-eos=false enable-last-sample=false";

fn source(caps: &str, live: bool) -> String {
    format!(
        "appsrc name=in format=time is-live={live} block=false leaky-type=downstream max-buffers={WAITING} max-bytes=0 \
         max-time=0 caps=\"{caps}\""
    )
}

/// Units that wait to be sent. How they are coded is said with the first of them.
fn units(name: &str, most: u64, media: &str) -> String {
    format!(
        "appsrc name={name} format=time is-live=false block=false max-buffers={most} max-bytes=0 max-time=0 caps=\"{media}\""
    )
}

fn raw_video(width: u32, height: u32, fps: u32) -> String {
    format!(
        "video/x-raw,format=I420,width={width},height={height},framerate={fps}/1,pixel-aspect-ratio=1/1,\
         interlace-mode=progressive"
    )
}

fn scaled(width: u32, height: u32) -> String {
    format!("video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1")
}

/// Caps of what a V4L2 camera gives, so many pictures in so many seconds.
pub fn given(format: Format, width: u32, height: u32, (pictures, seconds): (u32, u32)) -> String {
    let media = match format.raw() {
        Some(raw) => format!("video/x-raw,format={raw}"),
        None if format == Format::H264 => "video/x-h264".to_owned(),
        None => "image/jpeg".to_owned(),
    };
    format!("{media},width={width},height={height},framerate={pictures}/{seconds}")
}

fn raw_audio(channels: u32) -> String {
    format!("audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels={channels}")
}

/// A text element whose letters are a given part of the picture's height.
fn text(name: &str, place: &str, height: u32, part: u32) -> String {
    let size = (height / part).max(10);
    format!(
        "textoverlay name={name} {place} auto-resize=false font-desc=\"Sans {size}px\" draw-shadow=false wait-text=false"
    )
}

const LOWER_EDGE: &str = "valignment=bottom halignment=left xpad=8 ypad=8 shaded-background=true";
const UPPER_EDGE: &str = "valignment=top halignment=center ypad=8 shaded-background=true";
const MIDDLE: &str = "valignment=center halignment=center";

fn h264(encoder: H264Encoder, bitrate: u32, keyframe_interval: u32, spacing: u64) -> String {
    let kbps = bitrate / 1000;
    let caps = "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au";
    match encoder {
        H264Encoder::X264 => format!(
            "x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate={kbps} key-int-max={keyframe_interval} \
             bframes=0 threads={THREADS} vbv-buf-capacity=500 min-force-key-unit-interval={spacing} ! {caps}"
        ),
        H264Encoder::OpenH264 => format!(
            "openh264enc name=encoder usage-type=camera complexity=low rate-control=bitrate bitrate={bitrate} \
             gop-size={keyframe_interval} multi-thread={THREADS} enable-frame-skip=false scene-change-detection=false \
             min-force-key-unit-interval={spacing} ! {caps}"
        ),
        // Its default writes the parameter sets before the first picture alone.
        H264Encoder::Mpp => format!(
            "mpph264enc name=encoder profile=baseline rc-mode=cbr bps={bitrate} gop={keyframe_interval} header-mode=each-idr \
             min-force-key-unit-interval={spacing} ! video/x-h264,stream-format=byte-stream,alignment=au"
        ),
        // It takes one format of pictures alone.
        H264Encoder::Va => format!(
            "videoconvert ! video/x-raw,format=NV12 ! vah264enc name=encoder rate-control=cbr bitrate={kbps} \
             key-int-max={keyframe_interval} b-frames=0 ref-frames=1 target-usage=7 \
             min-force-key-unit-interval={spacing} ! {caps}"
        ),
        // The Raspberry Pi's driver fails or hangs unless a level is pinned.
        H264Encoder::V4l2 => format!(
            "v4l2h264enc name=encoder min-force-key-unit-interval={spacing} \
             extra-controls=\"controls,repeat_sequence_header=1,video_bitrate={bitrate},h264_i_frame_period={keyframe_interval}\" \
             ! {caps},level=(string)4"
        ),
    }
}

fn vp8(bitrate: u32, keyframe_interval: u32) -> String {
    format!(
        "vp8enc name=encoder deadline=1 cpu-used=8 threads={THREADS} end-usage=cbr target-bitrate={bitrate} \
         keyframe-max-dist={keyframe_interval} lag-in-frames=0 buffer-size=500 buffer-initial-size=300 \
         buffer-optimal-size=400 min-force-key-unit-interval={KEYFRAME_SPACING} ! video/x-vp8"
    )
}

/// A voice as Opus.
fn voice(bitrate: u32) -> String {
    format!("{} name=encoder audio-type=voice inband-fec=true packet-loss-percentage=10 dtx=true", opus(bitrate))
}

/// What webrtcdsp does beside the echo. Gain is digital alone, so that a sound card stays as people set it, and 9 dB at most towards
/// -9 dBFS: that costs 7 dB of what is taken out of an echo, of which 41 dB are left, and no near speech.
fn clean(Voice { noise, gain }: Voice) -> String {
    format!(
        "noise-suppression={noise} noise-suppression-level=moderate gain-control={gain} \
         gain-control-mode=adaptive-digital target-level-dbfs=9 compression-gain-db=9 limiter=true high-pass-filter=true"
    )
}

/// The same where no echo is cancelled; nothing if there is nothing to do.
fn cleaned(voice: Voice) -> String {
    match voice == Voice::default() {
        true => String::new(),
        false => format!("webrtcdsp echo-cancel=false {}", clean(voice)),
    }
}

/// A sound card that records, up to the format that a voice is encoded from. Its clock is followed, not used.
fn recorded() -> String {
    [
        "alsasrc name=device provide-clock=false slave-method=skew buffer-time=100000 latency-time=10000",
        "queue max-size-buffers=0 max-size-bytes=0 max-size-time=500000000 leaky=downstream",
        "audioconvert",
        "audioresample",
        &raw_audio(1),
    ]
    .join(" ! ")
}

/// A sound card that plays.
fn played(name: &str) -> String {
    format!("alsasink name={name} provide-clock=false slave-method=skew buffer-time=60000 latency-time=10000")
}

/// What the call says, on its way to a speaker.
fn said() -> String {
    format!("{} do-timestamp=true min-latency=20000000", source(&raw_audio(2), true))
}

fn opus(bitrate: u32) -> String {
    format!("opusenc bitrate={bitrate} frame-size=20 bitrate-type=constrained-vbr")
}

/// The text of a pipeline. The same specification gives the same text; names, device paths and captions are not in it.
pub fn describe(spec: &Spec) -> String {
    let chain = |links: &[&str]| links.iter().filter(|l| !l.is_empty()).copied().collect::<Vec<_>>().join(" ! ");
    match spec {
        Spec::Camera(spec) => {
            let raw = raw_video(spec.width, spec.height, spec.fps);
            let caption = match spec.caption.is_empty() {
                true => String::new(),
                false => text("caption", LOWER_EDGE, spec.height, 16),
            };
            // What is cut off is set while it runs: see `Lens`.
            let cut = "videocrop name=crop";
            let same = "queue max-size-buffers=2 max-size-bytes=0 max-size-time=0 leaky=downstream";
            let watchdog = format!("watchdog timeout={CAMERA_SILENCE}");
            // Pictures are left out, never made up: a camera slower than asked for stays slower.
            let rate = "videorate drop-only=true skip-to-first=true";
            let shape = |rate: &str| format!("{}{rate}", scaled(spec.width, spec.height));
            let at_most = |(pictures, seconds): (u32, u32)| match u64::from(spec.fps) * u64::from(seconds) {
                wanted if wanted < u64::from(pictures) => format!(",framerate={}/1", spec.fps),
                _ => format!(",framerate={pictures}/{seconds}"),
            };
            match &spec.source {
                CameraSource::StandIn => {
                    let notice = text("notice", UPPER_EDGE, spec.height, 14);
                    chain(&[&source(&raw, true), cut, SCALE, &shape(""), &notice, &caption, SINK])
                }
                CameraSource::V4l2 { format, width, height, rate: own, .. } => {
                    // A picture of H.264 that is left out spoils those after it.
                    let (queue, decoder) = match format {
                        Format::H264 => (QUEUED, H264_OF_CAMERA),
                        Format::Mjpeg => (same, "jpegdec max-errors=-1"),
                        _ => (same, ""),
                    };
                    let shape = shape(&at_most(*own));
                    chain(&[
                        &source(&given(*format, *width, *height, *own), true),
                        &watchdog,
                        queue,
                        decoder,
                        rate,
                        cut,
                        SCALE,
                        "videoconvert",
                        &shape,
                        &caption,
                        SINK,
                    ])
                }
                CameraSource::Csi => {
                    let (width, height, fps) = (spec.width, spec.height, spec.fps);
                    let caps = format!("video/x-raw,format=NV12,width={width},height={height},framerate={fps}/1");
                    let shape = shape(&at_most((fps, 1)));
                    let source = "libcamerasrc name=device";
                    chain(&[source, &caps, &watchdog, same, rate, cut, SCALE, "videoconvert", &shape, &caption, SINK])
                }
                CameraSource::Rtsp(_) => chain(&[
                    "rtspsrc name=device protocols=tcp latency=200 drop-on-latency=true",
                    "application/x-rtp,media=video,encoding-name=H264",
                    "rtph264depay",
                    &watchdog,
                    QUEUED,
                    H264_OF_CAMERA,
                    // Its rate is not known before it comes.
                    &format!("videorate drop-only=true skip-to-first=true max-rate={}", spec.fps),
                    cut,
                    SCALE,
                    "videoconvert",
                    &shape(""),
                    &caption,
                    SINK,
                ]),
            }
        }
        Spec::Layer(spec) => {
            let (width, height) = spec.from;
            let scale = match spec.from == (spec.width, spec.height) {
                true => String::new(),
                false => format!("videoscale ! {}", scaled(spec.width, spec.height)),
            };
            let keyframe_interval = spec.fps.saturating_mul(2);
            let encoder = match spec.encoder {
                CameraEncoder::H264(encoder) => h264(encoder, spec.bitrate, keyframe_interval, KEYFRAME_SPACING),
                CameraEncoder::Vp8 => vp8(spec.bitrate, keyframe_interval),
            };
            chain(&[&source(&raw_video(width, height, spec.fps), false), &scale, &encoder, SINK])
        }
        Spec::Rung(spec) => {
            let (width, height) = spec.from;
            let scale = format!("videoscale add-borders=true ! {}", scaled(spec.size.0, spec.size.1));
            // Keyframes are those of what is on air, however close together: by itself it makes hardly any.
            let encoder = h264(spec.encoder, spec.bitrate, spec.fps.saturating_mul(RUNG_KEYFRAMES), 0);
            chain(&[&source(&raw_video(width, height, spec.fps), false), &scale, &encoder, SINK])
        }
        Spec::Microphone(spec) => {
            let encoder = voice(spec.bitrate);
            match spec.source {
                MicrophoneSource::StandIn => chain(&[&source(&raw_audio(1), true), &encoder, SINK]),
                MicrophoneSource::Alsa { .. } => chain(&[&recorded(), &cleaned(spec.voice), &encoder, SINK]),
            }
        }
        Spec::Duplex(spec) => {
            // The probe and the canceller find each other by the name of the probe, in the whole process.
            let (probe, echo) = match spec.echo {
                Echo::Off => ("", cleaned(spec.voice)),
                // With a higher level of echo suppression who speaks at the same time is hardly heard.
                Echo::Cancel => (
                    "webrtcechoprobe name=probe",
                    format!("webrtcdsp probe=probe echo-suppression-level=low {}", clean(spec.voice)),
                ),
                Echo::HalfDuplex => ("", chain(&["volume name=gate", &cleaned(spec.voice)])),
            };
            let speaker = chain(&[
                &said(),
                "audioconvert",
                "audioresample",
                // The canceller listens to one channel; people in a call are in the middle anyway.
                &raw_audio(if spec.echo == Echo::Cancel { 1 } else { 2 }),
                probe,
                "queue max-size-buffers=0 max-size-bytes=0 max-size-time=500000000",
                "audioconvert",
                "audioresample",
                &played("speaker"),
            ]);
            format!("{speaker} {}", chain(&[&recorded(), &echo, &voice(spec.bitrate), SINK]))
        }
        Spec::VideoDecoder(spec) => {
            let caption = match spec.caption {
                Some(_) => text("caption", LOWER_EDGE, spec.height, 14),
                None => String::new(),
            };
            let (caps, decoder) = match spec.codec {
                Codec::Vp8 => ("video/x-vp8", "vp8dec threads=1 qos=false max-errors=-1"),
                // Without `normal` compliance libav holds pictures back, in case B-frames follow.
                _ => (
                    "video/x-h264,stream-format=byte-stream,alignment=au",
                    "avdec_h264 max-threads=1 std-compliance=normal qos=false max-errors=-1",
                ),
            };
            chain(&[
                &source(caps, false),
                decoder,
                "videoconvert",
                "videoscale add-borders=true",
                &scaled(spec.width, spec.height),
                &caption,
                SINK,
            ])
        }
        Spec::AudioDecoder => chain(&[
            &source("audio/x-opus,channel-mapping-family=0,rate=48000,channels=2", false),
            "opusdec plc=true max-errors=0",
            "audioconvert",
            "audioresample",
            &raw_audio(2),
            SINK,
        ]),
        Spec::VideoEncoder(spec) => chain(&[
            &source(&raw_video(spec.width, spec.height, spec.fps), false),
            &h264(spec.encoder, spec.bitrate, spec.keyframe_interval, KEYFRAME_SPACING),
            SINK,
        ]),
        Spec::AudioEncoder(spec) => match spec.codec {
            AudioCodec::Opus => chain(&[&source(&raw_audio(2), false), &opus(spec.bitrate), SINK]),
            AudioCodec::Aac => chain(&[
                &source(&raw_audio(2), false),
                "audioconvert",
                &format!("avenc_aac bitrate={}", spec.bitrate),
                "audio/mpeg,mpegversion=4,stream-format=raw",
                SINK,
            ]),
        },
        Spec::Display(spec) => {
            let connector = spec.connector.map(|id| format!(" connector-id={id}")).unwrap_or_default();
            // What a virtual machine shows has no plane for video: the whole screen is set.
            let whole = |name| format!(" driver-name={name} force-modesetting=true");
            let driver = spec.driver.map(whole).unwrap_or_default();
            let (across, down) = (spec.whole.0 - spec.width, spec.whole.1 - spec.height);
            let black = match (across, down) {
                (0, 0) => String::new(),
                _ => {
                    let (left, top) = ((across / 2) & !1, (down / 2) & !1);
                    let (right, bottom) = (across - left, down - top);
                    format!("videobox left=-{left} right=-{right} top=-{top} bottom=-{bottom}")
                }
            };
            chain(&[
                &source(&raw_video(spec.width, spec.height, spec.fps), true),
                &black,
                "videoconvert",
                "videoscale add-borders=true",
                &format!("kmssink name=device sync=false{connector}{driver}"),
            ])
        }
        Spec::Speaker(_) => chain(&[&said(), "audioconvert", "audioresample", &played("device")]),
        Spec::Listen(_) => {
            let speaker = chain(&[&said(), "audioconvert", "audioresample", &played("speaker")]);
            format!("{speaker} {}", chain(&[&recorded(), SINK]))
        }
        Spec::Push(spec) => {
            // A muxer takes pictures and sound in the order of their times, which it can only while it waits for both.
            let (muxer, format, sink) = match spec {
                PushSpec::Rtmp { .. } => ("flvmux name=mux streamable=true", "avc", "rtmp2sink name=device"),
                PushSpec::Srt { .. } => (
                    "mpegtsmux name=mux alignment=7",
                    "byte-stream",
                    "srtsink name=device mode=caller auto-reconnect=false wait-for-connection=true",
                ),
            };
            let (video, audio) = match spec {
                PushSpec::Rtmp { .. } => ("mux.video", "mux.audio"),
                PushSpec::Srt { .. } => ("mux.", "mux."),
            };
            let h264 = format!("video/x-h264,stream-format={format},alignment=au");
            let aac = "audio/mpeg,mpegversion=4,stream-format=raw";
            let out = chain(&[muxer, &format!("{sink} sync=false async=false enable-last-sample=false")]);
            let pictures = chain(&[&units("in", PICTURES, &h264), video]);
            format!("{out} {pictures} {}", chain(&[&units("sound", FRAMES, aac), audio]))
        }
        Spec::Card { width, height } => {
            chain(&[&source(&raw_video(*width, *height, 1), false), &text("caption", MIDDLE, *height, 9), SINK])
        }
        Spec::Jpeg { width, height, captioned } => {
            let caption = if *captioned { text("caption", LOWER_EDGE, *height, 18) } else { String::new() };
            chain(&[&source(&raw_video(*width, *height, 1), false), &caption, "jpegenc quality=85", SINK])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::pipeline::spec::{
        AudioEncoderSpec, CameraSpec, DisplaySpec, DuplexSpec, LayerSpec, ListenSpec, MicrophoneSpec, RtspSource,
        RungSpec, SpeakerSpec, VideoDecoderSpec, VideoEncoderSpec, check,
    };
    use crate::model::secret::Secret;
    use crate::proto::layout::aim::Aim;

    fn camera(source: CameraSource) -> Spec {
        let caption = "Porch ! filesink location=/tmp/x".to_owned();
        Spec::Camera(CameraSpec { source, width: 1280, height: 720, fps: 30, caption, aim: Aim::WHOLE })
    }

    fn layer((width, height): (u32, u32), bitrate: u32, encoder: CameraEncoder) -> Spec {
        Spec::Layer(LayerSpec { from: (1280, 720), width, height, fps: 30, bitrate, encoder })
    }

    fn v4l2(format: Format, rate: (u32, u32)) -> CameraSource {
        let path = "/dev/v4l/by-id/usb-camera ! filesink".to_owned();
        CameraSource::V4l2 { path, format, width: 1280, height: 720, rate }
    }

    fn rtsp() -> CameraSource {
        let login = Some(("Ada ! filesink".to_owned(), "secret ! filesink".to_owned()));
        CameraSource::Rtsp(RtspSource { url: "rtsp://camera.lan/1 ! filesink".to_owned(), login })
    }

    fn all() -> Vec<(&'static str, Spec)> {
        let (width, height, fps) = (1280, 720, 30);
        let encoder = |encoder| {
            Spec::VideoEncoder(VideoEncoderSpec {
                width,
                height,
                fps,
                bitrate: 2_500_000,
                keyframe_interval: 60,
                encoder,
            })
        };
        let microphone = |voice| {
            let source = MicrophoneSource::Alsa { device: "plughw:CARD=x ! filesink".to_owned() };
            Spec::Microphone(MicrophoneSpec { source, bitrate: 48_000, voice })
        };
        let duplex = |echo| {
            let (microphone, speaker) = ("plughw:CARD=x ! filesink".to_owned(), "plughw:CARD=y ! filesink".to_owned());
            let voice = Voice { noise: true, gain: echo == Echo::Cancel };
            Spec::Duplex(DuplexSpec { microphone, speaker, bitrate: 48_000, echo, voice, speaker_delay: 100 })
        };
        let sound = |codec| Spec::AudioEncoder(AudioEncoderSpec { codec, bitrate: 128_000 });
        let decoder = |codec, caption| Spec::VideoDecoder(VideoDecoderSpec { codec, width: 640, height: 360, caption });
        let display =
            |whole| Spec::Display(DisplaySpec { width, height, whole, fps, connector: Some(33), driver: None });
        vec![
            ("camera-stand-in", camera(CameraSource::StandIn)),
            ("camera-v4l2-mjpeg", camera(v4l2(Format::Mjpeg, (60, 1)))),
            ("camera-v4l2-raw", camera(v4l2(Format::Yuyv, (30_000, 1001)))),
            ("camera-v4l2-h264", camera(v4l2(Format::H264, (30, 1)))),
            ("camera-csi", camera(CameraSource::Csi)),
            ("camera-rtsp", camera(rtsp())),
            ("layer-whole", layer((1280, 720), 2_000_000, CameraEncoder::H264(H264Encoder::V4l2))),
            ("layer-half", layer((640, 360), 500_000, CameraEncoder::H264(H264Encoder::X264))),
            ("layer-half-openh264", layer((640, 360), 500_000, CameraEncoder::H264(H264Encoder::OpenH264))),
            ("layer-quarter-vp8", layer((320, 180), 125_000, CameraEncoder::Vp8)),
            (
                "rung",
                Spec::Rung(RungSpec {
                    from: (1280, 720),
                    size: (256, 144),
                    fps: 30,
                    bitrate: 150_000,
                    encoder: H264Encoder::X264,
                }),
            ),
            (
                "microphone-stand-in",
                Spec::Microphone(MicrophoneSpec {
                    source: MicrophoneSource::StandIn,
                    bitrate: 48_000,
                    voice: Voice::default(),
                }),
            ),
            ("microphone-alsa", microphone(Voice::default())),
            ("microphone-alsa-clean", microphone(Voice { noise: true, gain: true })),
            ("video-decoder", decoder(Codec::H264, None)),
            ("video-decoder-vp8", decoder(Codec::Vp8, None)),
            ("video-decoder-caption", decoder(Codec::H264, Some("Ada ! filesink".to_owned()))),
            ("audio-decoder", Spec::AudioDecoder),
            ("video-encoder-x264", encoder(H264Encoder::X264)),
            ("video-encoder-openh264", encoder(H264Encoder::OpenH264)),
            ("video-encoder-mpp", encoder(H264Encoder::Mpp)),
            ("video-encoder-va", encoder(H264Encoder::Va)),
            ("video-encoder-v4l2", encoder(H264Encoder::V4l2)),
            ("audio-encoder-aac", sound(AudioCodec::Aac)),
            ("audio-encoder-opus", sound(AudioCodec::Opus)),
            ("display", display((width, height))),
            ("display-overscan", display((width + 72, height + 40))),
            ("duplex", duplex(Echo::Cancel)),
            ("duplex-half", duplex(Echo::HalfDuplex)),
            ("duplex-off", duplex(Echo::Off)),
            ("speaker", Spec::Speaker(SpeakerSpec { device: "plughw:CARD=x ! filesink".to_owned() })),
            (
                "listen",
                Spec::Listen(ListenSpec {
                    microphone: "plughw:CARD=x ! filesink".to_owned(),
                    speaker: "plughw:CARD=y ! filesink".to_owned(),
                }),
            ),
            (
                "push-rtmp",
                Spec::Push(PushSpec::Rtmp {
                    secure: true,
                    host: "a ! filesink".to_owned(),
                    port: 443,
                    application: "live ! filesink".to_owned(),
                    stream: Secret::new("key ! filesink"),
                }),
            ),
            (
                "push-srt",
                Spec::Push(PushSpec::Srt {
                    host: "a ! filesink".to_owned(),
                    port: 9000,
                    stream_id: Some(Secret::new("id ! filesink")),
                    passphrase: Some(Secret::new("secret ! filesink")),
                }),
            ),
            ("card", Spec::Card { width: 640, height: 360 }),
            ("jpeg", Spec::Jpeg { width: 640, height: 360, captioned: true }),
        ]
    }

    /// Set `PORCHLIGHT_GOLDEN=write` to write the files anew.
    #[test]
    fn every_description_is_as_its_golden_file_says_and_holds_no_text_of_people() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pipeline");
        let write = std::env::var_os("PORCHLIGHT_GOLDEN").is_some_and(|v| v == "write");
        for (name, spec) in all() {
            check(&spec).expect("every example is in range");
            let text = describe(&spec).replace(" ! ", "\n  ! ") + "\n";
            assert!(!text.contains("filesink"), "{name}: outside text is in the description");
            let file = folder.join(name).with_extension("txt");
            if write {
                std::fs::create_dir_all(&folder).expect("the folder can be made");
                std::fs::write(&file, &text).expect("the file can be written");
            }
            let golden = std::fs::read_to_string(&file).unwrap_or_default();
            assert_eq!(text, golden, "{}", file.display());
        }
    }
}
