//! Somebody in a call, by webrtc-rs: a camera in several layers, a microphone, and slots for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use rtc::interceptor::Registry;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::rtp;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::extension::HeaderExtension;
use rtc::rtp::extension::audio_level_extension::AudioLevelExtension;
use rtc::rtp::packetizer::Payloader;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::shared::marshal::{Marshal, MarshalSize};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
};
use webrtc::rtp_transceiver::RtpTransceiver;

use crate::line::{Line, Login};

/// Media flows by then.
const CONNECT: Duration = Duration::from_secs(60);
/// Slots of a page that shows nine others, and hears eight.
pub const SLOTS: (usize, usize) = (8, 9);
const FPS: u32 = 30;
const SOUND_RATE: u32 = 50;
/// A speaker is the loudest for so long, then the next.
const SPEAKS: u64 = 5 * SOUND_RATE as u64;

const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
const REPAIRED: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
const LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// The layers of a camera, smallest first: name, and the bytes of the packets of one picture. 0.15, 0.5 and 1.5 Mbit/s.
const LAYERS: [(&str, &[usize]); 3] =
    [("l", &[620]), ("m", &[1040, 1040]), ("h", &[1040, 1040, 1040, 1040, 1040, 1040])];
/// The largest part of a picture that goes into one packet.
const PART: usize = 1100;
/// 20 ms of silence in Opus.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// One packet of sound: Opus at 48 kbit/s.
const SOUND: usize = 120;

/// What somebody sent and received.
#[derive(Debug, Default)]
pub struct Counted {
    pub sent: AtomicU64,
    pub received: AtomicU64,
    /// Numbers that were left out in what was received.
    pub missing: AtomicU64,
    pub videos: AtomicU64,
    pub sounds: AtomicU64,
}

/// What somebody sends as pictures.
pub enum Camera {
    /// So many layers of packets that look like pictures to whoever forwards them; and sound like that.
    Layers(usize),
    /// Pictures that can be decoded; and silence.
    Film(Arc<Film>),
}

/// Pictures of H.264 that are shown again and again.
pub struct Film {
    pub fps: u32,
    /// Each a whole access unit in Annex B. The first is a keyframe.
    pub pictures: Vec<Bytes>,
}

/// Somebody in a call.
pub struct Person {
    pub counted: Arc<Counted>,
    /// Set when the connection was lost, or the signalling ended, without our doing.
    pub dropped: Arc<AtomicBool>,
    connection: Arc<dyn PeerConnection>,
    tasks: JoinSet<()>,
    leave: watch::Sender<bool>,
    seat: tokio::task::JoinHandle<anyhow::Result<()>>,
}

struct Handler {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
    counted: Arc<Counted>,
    dropped: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_replace(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if matches!(state, RTCPeerConnectionState::Disconnected | RTCPeerConnectionState::Failed) {
            self.dropped.store(true, Ordering::Relaxed);
        }
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let counted = self.counted.clone();
        let came = match track.kind().await {
            RtpCodecKind::Video => &counted.videos,
            _ => &counted.sounds,
        };
        came.fetch_add(1, Ordering::Relaxed);
        // It ends with its connection.
        tokio::spawn(async move {
            let mut window = Window::default();
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    counted.received.fetch_add(1, Ordering::Relaxed);
                    counted.missing.fetch_add(window.add(packet.header.sequence_number), Ordering::Relaxed);
                }
            }
        });
    }
}

/// The numbers of a stream: one that is still not there when it is this much behind counts as missing.
#[derive(Default)]
struct Window {
    newest: Option<u16>,
    seen: u128,
}

impl Window {
    /// Takes a number; how many are lost for good by it.
    fn add(&mut self, number: u16) -> u64 {
        let Some(newest) = self.newest else {
            (self.newest, self.seen) = (Some(number), u128::MAX);
            return 0;
        };
        let ahead = number.wrapping_sub(newest);
        if ahead == 0 || ahead > 0x8000 {
            let behind = newest.wrapping_sub(number);
            if behind < 128 {
                self.seen |= 1 << behind;
            }
            return 0;
        }
        self.newest = Some(number);
        let shift = u32::from(ahead);
        // What falls out of the window without having been seen, and what was jumped over altogether.
        let lost = if shift >= 128 {
            self.seen.count_zeros() + shift - 128
        } else {
            (self.seen >> (128 - shift)).count_zeros() - (128 - shift)
        };
        self.seen = if shift >= 128 { 1 } else { self.seen << shift | 1 };
        u64::from(lost)
    }
}

/// A header extension that is text.
struct Text(Bytes);

impl MarshalSize for Text {
    fn marshal_size(&self) -> usize {
        self.0.len()
    }
}

impl Marshal for Text {
    fn marshal_to(&self, buffer: &mut [u8]) -> rtc::shared::error::Result<usize> {
        buffer[..self.0.len()].copy_from_slice(&self.0);
        Ok(self.0.len())
    }
}

impl Person {
    /// Joins, connects, and sends until it leaves. `number` tells it from others: it makes its streams' identifiers and when
    /// it speaks, among `others` people.
    pub async fn join(login: &Login, room: &str, number: u32, others: u32, camera: Camera) -> anyhow::Result<Self> {
        let counted = Arc::new(Counted::default());
        let dropped = Arc::new(AtomicBool::new(false));
        let (gathered, mut is_gathered) = watch::channel(false);
        let (state, mut is_state) = watch::channel(RTCPeerConnectionState::New);
        let handler = Handler { gathered, state, counted: counted.clone(), dropped: dropped.clone() };
        let connection = connection(Arc::new(handler)).await?;
        let layers = match &camera {
            Camera::Layers(layers) => &LAYERS[LAYERS.len() - layers..],
            Camera::Film(_) => &LAYERS[..1],
        };
        let track = Arc::new(TrackLocalStaticRTP::new(self::camera(number, layers)));
        let microphone = Arc::new(TrackLocalStaticRTP::new(microphone(number)));
        let sending = [track.clone(), microphone.clone()];
        let mut transceivers = Vec::new();
        for track in sending {
            let init = direction(RTCRtpTransceiverDirection::Sendonly);
            transceivers.push(connection.add_transceiver_from_track(track as Arc<dyn TrackLocal>, Some(init)).await?);
        }
        let (sounds, videos) = SLOTS;
        for (kind, count) in [(RtpCodecKind::Audio, sounds), (RtpCodecKind::Video, videos)] {
            for _ in 0..count {
                let init = direction(RTCRtpTransceiverDirection::Recvonly);
                connection.add_transceiver_from_kind(kind, Some(init)).await?;
            }
        }
        let offer = connection.create_offer(None).await?;
        connection.set_local_description(offer).await?;
        tokio::time::timeout(CONNECT, is_gathered.wait_for(|gathered| *gathered)).await.context("no candidates")??;
        let offer = connection.local_description().await.context("there is an offer")?;

        let mut line = login.join(room, &format!("Person {number}")).await?;
        let answer = line.ask("offer", json!({ "sdp": offer.sdp })).await?;
        let answer = answer["sdp"].as_str().context("an answer has a description")?.to_owned();
        connection.set_remote_description(RTCSessionDescription::answer(answer)?).await?;
        line.ask("state", json!({ "microphone": true, "camera": true })).await?;
        if matches!(camera, Camera::Film(_)) {
            line.ask("consent", json!({ "on_air": true, "recorded": true })).await?;
        }
        let connected = is_state.wait_for(|state| *state == RTCPeerConnectionState::Connected);
        tokio::time::timeout(CONNECT, connected).await.context("no connection")??;

        let mut tasks = JoinSet::new();
        let sender = Sender::of(&transceivers[0], track, counted.clone()).await?;
        let sound = Sender::of(&transceivers[1], microphone, counted.clone()).await?;
        match camera {
            Camera::Layers(_) => {
                tasks.spawn(sender.pictures(number, layers));
                tasks.spawn(sound.sound(number, others));
            }
            Camera::Film(film) => {
                tasks.spawn(sender.film(number, film));
                tasks.spawn(sound.silence(number));
            }
        }
        let (leave, left) = watch::channel(false);
        let seat = tokio::spawn(sit(line, left, dropped.clone()));
        Ok(Self { counted, dropped, connection, tasks, leave, seat })
    }

    /// Leaves the room and closes the connection.
    pub async fn leave(mut self) -> anyhow::Result<()> {
        self.tasks.shutdown().await;
        self.leave.send_replace(true);
        let left = self.seat.await?;
        self.connection.close().await?;
        left
    }
}

/// Listens to what the box says until it is time to leave.
async fn sit(mut line: Line, mut left: watch::Receiver<bool>, dropped: Arc<AtomicBool>) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            said = line.next() => if let Err(error) = said {
                dropped.store(true, Ordering::Relaxed);
                return Err(error);
            },
            _ = left.changed() => return line.ask("leave", json!({})).await.map(drop),
        }
    }
}

fn direction(direction: RTCRtpTransceiverDirection) -> RTCRtpTransceiverInit {
    RTCRtpTransceiverInit { direction, ..Default::default() }
}

async fn connection(handler: Arc<Handler>) -> anyhow::Result<Arc<dyn PeerConnection>> {
    let mut media = MediaEngine::default();
    media.register_default_codecs()?;
    for uri in [MID, RID, REPAIRED] {
        let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        media.register_header_extension(extension, RtpCodecKind::Video, None)?;
    }
    for uri in [MID, LEVEL] {
        let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        media.register_header_extension(extension, RtpCodecKind::Audio, None)?;
    }
    let registry = register_default_interceptors(Registry::new(), &mut media)?;
    let connection = PeerConnectionBuilder::new()
        .with_setting_engine(SettingEngineBuilder::new().with_include_loopback_candidate(true).build())
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .with_handler(handler as Arc<dyn PeerConnectionEventHandler>)
        .with_udp_addrs(vec!["127.0.0.1:0"])
        .build()
        .await?;
    Ok(Arc::new(connection))
}

fn camera(number: u32, layers: &[(&str, &[usize])]) -> MediaStreamTrack {
    let fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    let codec = RTCRtpCodec {
        mime_type: MIME_TYPE_H264.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    };
    let coding = |(at, (rid, _)): (u32, &(&str, &[usize]))| RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            // One stream is no simulcast, and then has no name.
            rid: if layers.len() > 1 { (*rid).to_owned() } else { String::new() },
            ssrc: Some(ssrc(number, at)),
            ..Default::default()
        },
        codec: codec.clone(),
        active: true,
        ..Default::default()
    };
    let codings = (0..).zip(layers).map(coding).collect();
    MediaStreamTrack::new(
        format!("stream-{number}"),
        format!("camera-{number}"),
        "camera".into(),
        RtpCodecKind::Video,
        codings,
    )
}

fn microphone(number: u32) -> MediaStreamTrack {
    let codec = RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    };
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc(number, 9)), ..Default::default() },
        codec,
        active: true,
        ..Default::default()
    };
    MediaStreamTrack::new(
        format!("stream-{number}"),
        format!("microphone-{number}"),
        "microphone".into(),
        RtpCodecKind::Audio,
        vec![coding],
    )
}

/// The identifier of a stream, never that of another.
fn ssrc(number: u32, stream: u32) -> u32 {
    0x1000_0000 + number * 16 + stream
}

struct Sender {
    track: Arc<TrackLocalStaticRTP>,
    payload_type: u8,
    mid: Bytes,
    counted: Arc<Counted>,
}

impl Sender {
    async fn of(
        transceiver: &Arc<dyn RtpTransceiver>,
        track: Arc<TrackLocalStaticRTP>,
        counted: Arc<Counted>,
    ) -> anyhow::Result<Self> {
        let sender = transceiver.sender().await?.context("it sends")?;
        let codecs = sender.get_parameters().await?.rtp_parameters.codecs;
        let payload_type = codecs.first().context("a codec was agreed on")?.payload_type;
        let mid = transceiver.mid().await?.context("it was negotiated")?;
        ensure!(!mid.is_empty(), "a mid is a name");
        Ok(Self { track, payload_type, mid: Bytes::from(mid), counted })
    }

    async fn pictures(self, number: u32, layers: &'static [(&'static str, &'static [usize])]) {
        let start = Instant::now();
        let mut numbers = vec![0u16; layers.len()];
        for picture in 0u32.. {
            tokio::time::sleep_until((start + Duration::from_secs(1) * picture / FPS).into()).await;
            for (at, (rid, sizes)) in layers.iter().enumerate() {
                for (part, size) in sizes.iter().enumerate() {
                    // Each picture begins as a keyframe does, so that whoever is shown it starts at once.
                    let payload = vec![if part == 0 { 0x67 } else { 0x7c }; *size];
                    let mut extensions = vec![text(MID, self.mid.clone())];
                    if layers.len() > 1 {
                        extensions.push(text(RID, Bytes::from_static(rid.as_bytes())));
                    }
                    numbers[at] = numbers[at].wrapping_add(1);
                    let header = rtp::header::Header {
                        marker: part + 1 == sizes.len(),
                        sequence_number: numbers[at],
                        timestamp: picture.wrapping_mul(90_000 / FPS),
                        ssrc: ssrc(number, at as u32),
                        ..self.header()
                    };
                    self.write(header, payload, extensions).await;
                }
            }
        }
    }

    async fn film(self, number: u32, film: Arc<Film>) {
        let start = Instant::now();
        let (mut payloader, mut sequence) = (H264Payloader::default(), 0u16);
        for picture in 0u32.. {
            tokio::time::sleep_until((start + Duration::from_secs(1) * picture / film.fps).into()).await;
            let data = &film.pictures[picture as usize % film.pictures.len()];
            let parts = payloader.payload(PART, data).unwrap_or_default();
            let last = parts.len().saturating_sub(1);
            for (part, payload) in parts.into_iter().enumerate() {
                sequence = sequence.wrapping_add(1);
                let header = rtp::header::Header {
                    marker: part == last,
                    sequence_number: sequence,
                    timestamp: picture.wrapping_mul(90_000 / film.fps),
                    ssrc: ssrc(number, 0),
                    ..self.header()
                };
                self.write(header, payload.to_vec(), vec![text(MID, self.mid.clone())]).await;
            }
        }
    }

    async fn silence(self, number: u32) {
        let start = Instant::now();
        for packet in 0u32.. {
            tokio::time::sleep_until((start + Duration::from_secs(1) * packet / SOUND_RATE).into()).await;
            let header = rtp::header::Header {
                sequence_number: packet as u16,
                timestamp: packet.wrapping_mul(48_000 / SOUND_RATE),
                ssrc: ssrc(number, 9),
                ..self.header()
            };
            let level = AudioLevelExtension { level: 127, voice: false };
            let extensions = vec![text(MID, self.mid.clone()), HeaderExtension::AudioLevel(level)];
            self.write(header, SILENCE.to_vec(), extensions).await;
        }
    }

    async fn sound(self, number: u32, others: u32) {
        let start = Instant::now();
        for packet in 0u32.. {
            tokio::time::sleep_until((start + Duration::from_secs(1) * packet / SOUND_RATE).into()).await;
            let speaks = u64::from(packet) / SPEAKS % u64::from(others.max(1)) == u64::from(number % others.max(1));
            let level =
                AudioLevelExtension { level: if speaks { 20 } else { 70 + (number % 40) as u8 }, voice: speaks };
            let header = rtp::header::Header {
                sequence_number: packet as u16,
                timestamp: packet.wrapping_mul(48_000 / SOUND_RATE),
                ssrc: ssrc(number, 9),
                ..self.header()
            };
            let extensions = vec![text(MID, self.mid.clone()), HeaderExtension::AudioLevel(level)];
            self.write(header, vec![0xfc; SOUND], extensions).await;
        }
    }

    fn header(&self) -> rtp::header::Header {
        rtp::header::Header { version: 2, payload_type: self.payload_type, ..Default::default() }
    }

    async fn write(&self, header: rtp::header::Header, payload: Vec<u8>, extensions: Vec<HeaderExtension>) {
        let packet = rtp::Packet { header, payload: payload.into() };
        if self.track.write_rtp_with_extensions(packet, &extensions).await.is_ok() {
            self.counted.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn text(uri: &'static str, value: Bytes) -> HeaderExtension {
    HeaderExtension::Custom { uri: uri.into(), extension: Box::new(Text(value)) }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn what_comes_late_is_not_missing_and_what_never_comes_is() {
        let mut window = Window::default();
        let order = (0..100u16).filter(|number| ![10, 50].contains(number)).chain([50]).chain(100..1000);
        let missing: u64 = order.map(|number| window.add(number)).sum();
        assert_eq!(missing, 1, "10 never came, 50 came late");
        assert_eq!(window.add(2000), 1000 - 128, "the last 128 may still come");
    }
}
