//! One media section in which a peer sends: its layers, and how their packets get into the ring.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::format::Codec as Format;
use str0m::media::{KeyframeRequestKind, Mid as Section, Pt, Rid};
use str0m::rtp::RtpPacket;

use super::counters::Counters;
use super::numbers::{Numbers, Window};
use super::sdp::Offered;
use super::seen::{Arrivals, Seen};
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::packet::Packet;
use crate::model::ring::{Demand, Writer};
use crate::model::time::MediaTime;
use crate::model::track::{Codec, Kind};
use crate::proto::rtp::{Clock, Report, picture_size, red, starts_keyframe};
use crate::proto::sfu::ASK_APART;

/// How long nobody must want a layer before its sender is told so: who wants it again soon finds it still there.
const HOLD: Duration = Duration::from_secs(2);

/// Bytes of a payload at most. No network carries a larger one in one piece, and the engine has no room for it on its way
/// out.
const LARGEST: usize = 1500;

/// How a payload type is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payload {
    Plain(Codec),
    /// Sound with the sound before it (RFC 2198), whose blocks are of this payload type.
    Redundant(Pt),
}

/// What was agreed on for one media section.
#[derive(Debug, Default, Clone)]
pub(super) struct Formats {
    by_type: Vec<(Pt, Payload)>,
}

impl Formats {
    /// What is spoken in this section.
    pub(super) fn of(rtc: &Rtc, mid: Section) -> Self {
        let mut by_type = Vec::new();
        let types = rtc.media(mid).map(|media| media.remote_pts()).unwrap_or_default();
        for params in rtc.codec_config().params().iter().filter(|params| types.contains(&params.pt())) {
            let codec = match params.spec().codec {
                Format::H264 => Codec::H264,
                Format::Vp8 => Codec::Vp8,
                Format::Opus => Codec::Opus,
                _ => continue,
            };
            by_type.push((params.pt(), Payload::Plain(codec)));
            by_type.extend(params.red().map(|red| (red, Payload::Redundant(params.pt()))));
        }
        Self { by_type }
    }

    fn find(&self, number: Pt) -> Option<Payload> {
        self.by_type.iter().find(|(pt, _)| *pt == number).map(|(_, payload)| *payload)
    }

    /// The codecs, the preferred one first.
    pub(super) fn codecs(&self) -> Vec<Codec> {
        let codec = |&(_, payload): &(Pt, Payload)| match payload {
            Payload::Plain(codec) => Some(codec),
            Payload::Redundant(_) => None,
        };
        self.by_type.iter().filter_map(codec).collect()
    }

    /// The number by which the other side knows a codec.
    pub(super) fn number(&self, codec: Codec) -> Option<Pt> {
        self.by_type.iter().find(|(_, payload)| *payload == Payload::Plain(codec)).map(|(pt, _)| *pt)
    }

    /// The number of sound with redundancy, if the other side takes it.
    pub(super) fn redundant(&self) -> Option<Pt> {
        self.by_type.iter().find(|(_, payload)| matches!(payload, Payload::Redundant(_))).map(|(pt, _)| *pt)
    }
}

/// One of the streams of a section: the only one, or one of the sizes that its pictures are sent in.
struct Stream {
    rid: Option<Rid>,
    clock: usize,
    /// Pixels of the picture, once a keyframe has said them.
    pixels: Option<u64>,
    arrivals: Arrivals,
    keyframe_asked: Option<Instant>,
}

/// What a packet needs besides itself.
pub(super) struct Arriving<'a> {
    pub(super) clock: &'a mut Clock,
    pub(super) seen: &'a mut Seen,
    pub(super) counters: &'a Counters,
    pub(super) arrived: MediaTime,
}

/// One media section in which the peer sends.
pub(super) struct Inbound {
    pub(super) kind: Kind,
    formats: Formats,
    /// The smallest layer first.
    streams: Vec<Stream>,
    /// The order of the streams is known.
    sorted: bool,
    numbers: [Numbers; LAYERS],
    window: Window,
    to: Option<(Writer<Packet>, Demand)>,
    /// Nothing that comes is taken.
    held: bool,
    keyframes: Layers,
    wanted: Layers,
    /// What the sender was told last, and since when less than that is wanted.
    told: Layers,
    less_since: Option<Instant>,
}

impl Inbound {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            formats: Formats::default(),
            streams: Vec::new(),
            sorted: true,
            numbers: Default::default(),
            window: Window::default(),
            to: None,
            held: false,
            keyframes: Layers::NONE,
            wanted: Layers::NONE,
            told: Layers::NONE,
            less_since: None,
        }
    }

    /// What was agreed on now. Streams that were known go on.
    pub(super) fn agree(&mut self, formats: Formats, offered: Option<&Offered>, rate: u32, clock: &mut Clock) {
        self.formats = formats;
        let rids: Vec<Option<Rid>> = match offered {
            Some(offered) if self.kind == Kind::Video && !offered.rids.is_empty() => {
                offered.rids.iter().map(|rid| Some(Rid::from(rid.as_str()))).collect()
            }
            _ => vec![None],
        };
        let same = self.streams.len() == rids.len() && self.streams.iter().all(|stream| rids.contains(&stream.rid));
        if same {
            return;
        }
        self.sorted = offered.is_none_or(|offered| offered.sorted);
        let mut before: Vec<Stream> = std::mem::take(&mut self.streams);
        let first = before.first().map(|stream| stream.clock);
        for rid in rids {
            let known = before.iter().position(|stream| stream.rid == rid).map(|at| before.swap_remove(at));
            let of = first.or(self.streams.first().map(|stream| stream.clock));
            let new = || Stream {
                rid,
                clock: of.and_then(|of| clock.add_layer(of)).unwrap_or_else(|| clock.add(rate)),
                pixels: None,
                arrivals: Arrivals::default(),
                keyframe_asked: None,
            };
            self.streams.push(known.unwrap_or_else(new));
        }
    }

    /// The layers that were agreed on.
    pub(super) fn layers(&self) -> Layers {
        Layer::new(self.streams.len().saturating_sub(1)).map_or(Layers::NONE, Layers::up_to)
    }

    /// What it is coded in, if the peer keeps to its first choice.
    pub(super) fn codec(&self, terms: Codec) -> Codec {
        match self.kind {
            Kind::Audio => Codec::Opus,
            Kind::Video if self.formats.number(terms).is_some() => terms,
            Kind::Video => self.formats.codecs().first().copied().unwrap_or(terms),
        }
    }

    pub(super) fn receive_into(&mut self, to: Writer<Packet>) {
        let demand = to.demand();
        to.set_layers(self.layers());
        self.to = Some((to, demand));
        // Until it is told otherwise it sends all of them.
        (self.told, self.less_since) = (self.layers(), None);
    }

    /// Nothing that comes is taken from here on, or it is again: then from a keyframe on.
    pub(super) fn hold(&mut self, held: bool) {
        if std::mem::replace(&mut self.held, held) && !held {
            self.numbers.iter_mut().for_each(Numbers::part);
            self.window = Window::default();
            self.begin_anew();
        }
    }

    /// Takes what one of its streams brought.
    pub(super) fn packet(&mut self, rid: Option<Rid>, packet: RtpPacket, with: Arriving<'_>) {
        let Arriving { clock, seen, counters, arrived } = with;
        let Some(at) = self.streams.iter().position(|stream| stream.rid == rid) else {
            return;
        };
        let ssrc = *packet.header.ssrc;
        let stream = &mut self.streams[at];
        seen.arrived(&stream.arrivals.came(ssrc, *packet.seq_no));
        // Probing for bandwidth sends packets without content.
        let usable = (1..=LARGEST).contains(&packet.payload.len());
        let (Some(payload), Some(layer), true) =
            (self.formats.find(packet.header.payload_type), Layer::new(at), usable)
        else {
            return;
        };
        if self.to.is_none() {
            counters.unbound.inc();
            return;
        }
        let codec = match payload {
            Payload::Plain(codec) => codec,
            Payload::Redundant(_) => Codec::Opus,
        };
        if codec.kind() != self.kind {
            return;
        }
        if self.numbers[layer.number()].is_new(ssrc) {
            clock.restart(stream.clock);
            self.window = Window::default();
        }
        let rtp_time = packet.time.numer();
        let report = packet.last_sender_info.as_ref().map(|info| Report {
            wall_nanos: super::peer::wall_nanos(info.ntp_time),
            rtp_time: super::peer::near(rtp_time, info.rtp_time.numer() as u32),
        });
        let time = clock.time(stream.clock, rtp_time, report, arrived);
        if self.held {
            counters.unbound.inc();
            return;
        }
        let (seq, rtp_time) =
            self.numbers[layer.number()].place(ssrc, *packet.seq_no, rtp_time, time, codec.clock_rate());
        counters.packets(self.kind).received.inc();
        let level = packet.header.ext_vals.audio_level.map(i8::unsigned_abs);
        let model = Packet {
            codec,
            layer,
            seq,
            rtp_time,
            time,
            marker: packet.header.marker,
            keyframe: true,
            level,
            payload: packet.payload,
        };
        match payload {
            Payload::Redundant(number) => self.redundant(&model, *number, counters),
            Payload::Plain(Codec::Opus) => {
                if self.window.take(seq) {
                    self.push(model);
                }
            }
            Payload::Plain(_) => {
                let keyframe = starts_keyframe(codec, &model.payload);
                if keyframe {
                    seen.keyframe(codec, layer, &model.payload);
                    self.measure(at, codec, &model.payload);
                }
                self.push(Packet { keyframe, ..model });
            }
        }
    }

    fn push(&mut self, packet: Packet) {
        if let Some((to, _)) = &mut self.to {
            to.push(packet);
        }
    }

    /// A packet of sound that has earlier ones in it, which are put into the gaps that they fill.
    fn redundant(&mut self, packet: &Packet, number: u8, counters: &Counters) {
        let Some(parts) = red::read(&packet.payload, number) else {
            return;
        };
        for (back, (ticks, payload)) in parts.earlier.iter().enumerate().rev() {
            let back = back as u64 + 1;
            let (Some(seq), Some(rtp_time)) = (packet.seq.checked_sub(back), packet.rtp_time.checked_sub(*ticks))
            else {
                continue;
            };
            // Nothing is put before the first packet.
            if !self.window.is_near(seq) || !self.window.take(seq) {
                continue;
            }
            counters.made_good.inc();
            let time = packet.time.plus_nanos(-MediaTime::from_ticks(*ticks as i64, Codec::Opus.clock_rate()).nanos());
            let payload = Arc::from(*payload);
            self.push(Packet { seq, rtp_time, time, marker: false, level: None, payload, ..packet.clone() });
        }
        if self.window.take(packet.seq) {
            self.push(Packet { payload: Arc::from(parts.primary), ..packet.clone() });
        }
    }

    /// A keyframe says how large its stream is: where the names don't say the order, the sizes do.
    fn measure(&mut self, at: usize, codec: Codec, payload: &[u8]) {
        if self.sorted {
            return;
        }
        let Some((width, height)) = picture_size(codec, payload) else {
            return;
        };
        self.streams[at].pixels = Some(u64::from(width) * u64::from(height));
        if self.streams.iter().all(|stream| stream.pixels.is_some()) {
            self.streams.sort_by_key(|stream| stream.pixels);
            self.sorted = true;
            self.keyframes = self.layers();
        }
    }

    /// What was sent of late is lost: all layers that are wanted need a keyframe.
    pub(super) fn begin_anew(&mut self) {
        self.keyframes = self.keyframes.and(Layers::from_bits(self.wanted.bits() & self.layers().bits()));
    }

    /// Registers for demand on what is sent; true if a keyframe or a layer is wanted that was not asked for yet.
    pub(super) fn poll_demand(&mut self, cx: &mut Context<'_>) -> bool {
        let mut news = false;
        if let Some((_, demand)) = &mut self.to {
            while let Poll::Ready(change) = demand.poll_changed(cx) {
                self.keyframes = self.keyframes.and(change.keyframes);
                self.wanted = change.layers;
                news = true;
            }
        }
        news
    }

    /// Asks for the keyframes that are wanted, at most one in [`ASK_APART`] for each layer: what comes too soon waits for the
    /// next call. Answers whether something was asked.
    pub(super) fn ask_keyframes(&mut self, rtc: &mut Rtc, mid: Section, now: Instant) -> bool {
        if self.kind != Kind::Video || self.keyframes.is_empty() {
            return false;
        }
        let (mut asked, mut later) = (false, Layers::NONE);
        // Who aims higher than there is means the largest there is.
        if self.keyframes.bits() & !self.layers().bits() != 0 {
            self.keyframes = self.keyframes.and(self.layers().highest().map_or(Layers::NONE, Layers::only));
        }
        for (layer, stream) in Layer::ALL.into_iter().zip(&mut self.streams) {
            if !self.keyframes.has(layer) {
                continue;
            }
            if stream.keyframe_asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASK_APART) {
                later = later.and(Layers::only(layer));
                continue;
            }
            if let Some(rx) = rtc.direct_api().stream_rx_by_mid(mid, stream.rid) {
                rx.request_keyframe(KeyframeRequestKind::Pli);
                stream.keyframe_asked = Some(now);
                asked = true;
            }
        }
        self.keyframes = later;
        asked
    }

    /// The layers that the sender should be told are wanted, if that has changed: more at once, less after [`HOLD`].
    pub(super) fn news(&mut self, now: Instant) -> Option<Layers> {
        if self.kind != Kind::Video || self.to.is_none() {
            return None;
        }
        let wanted = Layers::from_bits(self.wanted.bits() & self.layers().bits());
        if self.told == wanted {
            self.less_since = None;
            return None;
        }
        // What nobody wants any more stays in what is told until that has been so for a while.
        let held = now.saturating_duration_since(*self.less_since.get_or_insert(now)) >= HOLD;
        let tell = if held { wanted } else { wanted.and(self.told) };
        (std::mem::replace(&mut self.told, tell) != tell).then_some(tell)
    }
}
