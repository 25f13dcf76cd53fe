//! Connections that the box opens itself: it offers pictures and sound, and sends what it is given, coded as it is.
//!
//! The engine is `webrtc` (docs/decisions/0008). Each connection has its sockets and its tasks to itself and shares nothing with the
//! peers that come to us. Only encrypted media leaves by it, to whoever holds the key that the answer names (RFC 8827).

mod keyframes;
mod numbers;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{Registry, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters,
    RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_local::{TrackLocal, TrackLocalEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
};

use self::keyframes::Keyframes;
use self::numbers::Numbers;
use crate::model::packet::Packet;
use crate::model::track::Codec;

/// H.264 as everybody speaks it: constrained baseline, level 3.1, in fragments (RFC 6184).
const H264: &str = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
const OPUS: &str = "minptime=10;useinbandfec=1";
/// Payload types of our offer: H.264, what is sent of it again, and Opus.
const NUMBERS: [u8; 3] = [108, 109, 111];
/// Addresses of the box that are told at most.
const ADDRESSES: usize = 16;
/// How long the engine may take to find the ways out of the box.
const GATHER: Duration = Duration::from_secs(5);

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The box has no address to call from.
    #[error("the box has no network")]
    NoNetwork,
    /// The answer is not one to our offer.
    #[error("the answer can't be used")]
    Answer,
    /// The engine does not go on.
    #[error("the engine of the connection failed: {0}")]
    Engine(String),
}

impl Error {
    fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(error.to_string())
    }
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being made.
    Connecting,
    /// Media flows.
    Connected,
    /// Nothing was heard of the other side for some seconds; it may come back.
    Silent,
    /// It has ended.
    Gone,
}

struct Handler {
    gathered: watch::Sender<bool>,
    state: watch::Sender<State>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_replace(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connected => State::Connected,
            RTCPeerConnectionState::Disconnected => State::Silent,
            RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => State::Gone,
            _ => State::Connecting,
        };
        self.state.send_if_modified(|was| *was != State::Gone && std::mem::replace(was, state) != state);
    }
}

/// One track that is sent.
struct Line {
    track: Arc<TrackLocalStaticRTP>,
    numbers: Numbers,
    ssrc: u32,
    number: u8,
}

/// A connection that the box has offered.
pub struct Caller {
    connection: Arc<dyn PeerConnection>,
    offer: String,
    pictures: Line,
    sound: Line,
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
    _tasks: JoinSet<()>,
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It is otherwise than before.
    Is(State),
    /// The other side wants a keyframe.
    Keyframe,
}

/// Follows a connection.
pub struct Signs {
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
}

impl Signs {
    /// The next one; how it is comes first. May be dropped at any time.
    pub async fn next(&mut self) -> Sign {
        tokio::select! {
            biased;
            changed = self.state.changed() => match changed {
                Ok(()) => Sign::Is(*self.state.borrow_and_update()),
                Err(_) => Sign::Is(State::Gone),
            },
            () = self.wanted.notified() => Sign::Keyframe,
        }
    }
}

/// Identifiers of the three streams (RFC 3550 section 5.1.6), and of what they belong to: chosen by whoever calls, at random.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// Pictures, what of them is sent again, and sound.
    pub streams: [u32; 3],
    /// Where numbers and times of packets begin.
    pub first: [u32; 2],
}

impl Caller {
    /// Makes an offer to send one picture as H.264 and one sound as Opus, with these addresses of the box.
    ///
    /// # Errors
    /// [`Error::NoNetwork`], [`Error::Engine`].
    pub async fn new(addresses: &[IpAddr], names: Names) -> Result<Self, Error> {
        let (gathered, mut is_gathered) = watch::channel(false);
        let (told, state) = watch::channel(State::Connecting);
        let connection = connect(addresses, Handler { gathered, state: told }).await?;
        let [video, again, audio] = names.streams;
        let [h264, _, opus] = NUMBERS;
        let pictures = Line::new(RtpCodecKind::Video, (video, Some(again)), h264, names.first[0]);
        let sound = Line::new(RtpCodecKind::Audio, (audio, None), opus, names.first[1]);
        for line in [&sound, &pictures] {
            let init = RTCRtpTransceiverInit { direction: RTCRtpTransceiverDirection::Sendonly, ..Default::default() };
            let track = line.track.clone() as Arc<dyn TrackLocal>;
            connection.add_transceiver_from_track(track, Some(init)).await.map_err(Error::engine)?;
        }
        let offer = connection.create_offer(None).await.map_err(Error::engine)?;
        connection.set_local_description(offer).await.map_err(Error::engine)?;
        // What is found until then is offered; the server learns the rest from our checks.
        let _ = tokio::time::timeout(GATHER, is_gathered.wait_for(|gathered| *gathered)).await;
        let offer = connection.local_description().await.ok_or_else(|| Error::engine("there is no offer"))?.sdp;
        let (wanted, mut tasks) = (Arc::new(Notify::new()), JoinSet::new());
        let (track, wishes) = (pictures.track.clone(), wanted.clone());
        tasks.spawn(async move {
            // The engine lets requests for keyframes through, and nothing else.
            while let Some(TrackLocalEvent::OnRtcpPacket(_)) = track.poll().await {
                wishes.notify_one();
            }
        });
        Ok(Self { connection, offer, pictures, sound, state, wanted, _tasks: tasks })
    }

    /// The session description to send.
    pub fn offer(&self) -> &str {
        &self.offer
    }

    /// Takes the answer; the connection is made by that.
    ///
    /// # Errors
    /// [`Error::Answer`].
    pub async fn answer(&mut self, sdp: String) -> Result<(), Error> {
        let answer = RTCSessionDescription::answer(sdp).map_err(|_| Error::Answer)?;
        self.connection.set_remote_description(answer).await.map_err(|error| {
            tracing::debug!(%error, "an answer was refused by the engine");
            Error::Answer
        })
    }

    /// What happens to it from now on.
    pub fn signs(&self) -> Signs {
        Signs { state: self.state.clone(), wanted: self.wanted.clone() }
    }

    /// Sends a packet of H.264 or Opus. Answers its bytes; none if it is of anything else.
    ///
    /// # Errors
    /// [`Error::Engine`] when the connection has ended.
    pub async fn send(&mut self, packet: &Packet) -> Result<u64, Error> {
        let line = match packet.codec {
            Codec::H264 => &mut self.pictures,
            Codec::Opus => &mut self.sound,
            _ => return Ok(0),
        };
        let (sequence_number, timestamp) = line.numbers.next(packet);
        let header = rtp::header::Header {
            version: 2,
            marker: packet.marker,
            payload_type: line.number,
            sequence_number,
            timestamp,
            ssrc: line.ssrc,
            ..Default::default()
        };
        let payload = bytes::Bytes::copy_from_slice(&packet.payload);
        let bytes = payload.len() as u64;
        line.track.write_rtp(rtp::Packet { header, payload }).await.map_err(Error::engine)?;
        Ok(bytes)
    }

    /// Says goodbye to the other side.
    pub async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a connection that was opened here was not closed well");
        }
    }
}

impl Line {
    fn new(kind: RtpCodecKind, (ssrc, again): (u32, Option<u32>), number: u8, first: u32) -> Self {
        let (codec, name, rate) = match kind {
            RtpCodecKind::Video => (h264(), "picture", 90_000),
            _ => (opus(), "sound", 48_000),
        };
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                rtx: again.map(|ssrc| RTCRtpRtxParameters { ssrc }),
                ..Default::default()
            },
            codec,
            active: true,
            ..Default::default()
        };
        let track = MediaStreamTrack::new("program".into(), name.into(), name.into(), kind, vec![coding]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        Self { track, numbers: Numbers::new(rate, first), ssrc, number }
    }
}

fn h264() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_H264.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: H264.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: OPUS.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

async fn connect(addresses: &[IpAddr], handler: Handler) -> Result<Arc<dyn PeerConnection>, Error> {
    if addresses.is_empty() {
        return Err(Error::NoNetwork);
    }
    let sockets: Vec<SocketAddr> = addresses.iter().take(ADDRESSES).map(|ip| SocketAddr::new(*ip, 0)).collect();
    let mut media = MediaEngine::default();
    let rtx =
        RTCRtpCodec { mime_type: MIME_TYPE_RTX.to_owned(), sdp_fmtp_line: format!("apt={}", NUMBERS[0]), ..h264() };
    let kinds = [RtpCodecKind::Video, RtpCodecKind::Video, RtpCodecKind::Audio];
    for ((rtp_codec, payload_type), kind) in [h264(), rtx, opus()].into_iter().zip(NUMBERS).zip(kinds) {
        let codec = RTCRtpCodecParameters { rtp_codec, payload_type };
        media.register_codec(codec, kind).map_err(Error::engine)?;
    }
    let registry = register_default_interceptors(Registry::new(), &mut media).map_err(Error::engine)?;
    // Nearest to us, so that all others have seen everything.
    let registry = registry.with(Slot::from(14_000), Keyframes::default());
    // Nothing is asked of the network: what a server can only be found by in its own, it is not sent to.
    let settings = SettingEngineBuilder::new()
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(addresses.iter().any(IpAddr::is_loopback))
        .build();
    let connection = PeerConnectionBuilder::new()
        .with_setting_engine(settings)
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .with_handler(Arc::new(handler) as Arc<dyn PeerConnectionEventHandler>)
        .with_udp_addrs(sockets)
        .build()
        .await
        .map_err(Error::engine)?;
    Ok(Arc::new(connection))
}
