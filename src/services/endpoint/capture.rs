//! The box's camera and microphone: open while somebody takes them and they are not muted.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::adjust::{self, Using};
use super::camera::{Camera, Seen, layers};
use super::choice::Eye;
use super::layers::{LINGER, Made, sizes};
use super::modes::{self, Failed, Note, Pick, Wish};
use super::sound::{Microphone, Sound};
use super::{Config, Devices, Parts};
use crate::drivers::device::Mode;
use crate::drivers::pipeline::{
    self, CameraEncoder, CameraSource, CameraSpec, Cause, Event, LayerSpec, MicrophoneSource, MicrophoneSpec, Running,
    Voice,
};
use crate::model::id::{ParticipantId, PublicationId, RoomId};
use crate::model::layer::{Layer, Layers};
use crate::model::packet::Packet;
use crate::model::raw::Picture;
use crate::model::ring::{Demand, Gate, Next, PACKETS, Reader, UNITS, Wanted, Writer, ring};
use crate::model::track::{Codec, Kind};
use crate::model::unit::Unit;
use crate::proto::layout::aim::Aim;
use crate::proto::rtp::Packetizer;
use crate::services::at;
use crate::services::heat::Level;
use crate::services::origin::Native;
use crate::services::room::Participant;
use crate::services::supervisor::Part;

/// How long the stand-in serves before a device that failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Captures for one call.
#[derive(Clone)]
pub(super) struct Capture {
    pub(super) config: Config,
    pub(super) parts: Parts,
    pub(super) devices: watch::Receiver<Arc<Devices>>,
    pub(super) sound: Sound,
    pub(super) adjust: adjust::Handle,
    /// Where the box's own screen takes the camera's pictures from.
    pub(super) own: watch::Sender<Option<Picture>>,
    pub(super) room: RoomId,
    pub(super) who: ParticipantId,
    pub(super) publication: PublicationId,
    /// Of the board.
    pub(super) cores: usize,
}

/// Why a device is not used any more.
enum Ended {
    /// Nobody takes it, or it is muted.
    Idle,
    /// It failed.
    Failed,
    /// It gave no picture in this mode, for a reason other than that it is not there or in use.
    NoPicture(Mode),
    /// The stand-in has served long enough: the device is tried again.
    Again,
    /// The room speaks another codec.
    Codec,
    /// Its sizes are others, since the board got too hot, or cool again.
    Heat,
    /// Another encoder takes the place of the one that failed.
    Encoder,
    /// The call is over.
    Over,
}

/// Where what is captured goes.
enum Track {
    Sound(Writer<Unit>),
    /// Pictures in layers are packets, as those of browsers are: who wants units gets those of the largest that flows.
    Pictures {
        ring: Writer<Packet>,
        /// One for each layer, the smallest first.
        packetizers: Vec<Packetizer>,
        packets: Vec<Packet>,
    },
}

impl Track {
    /// Makes one, and what it is to the origin.
    fn new(codec: Codec, count: usize) -> (Self, Demand, Native) {
        if codec.kind() == Kind::Audio {
            let (writer, source) = ring(UNITS);
            let demand = writer.demand();
            return (Self::Sound(writer), demand, Native::Units(codec, source));
        }
        let (ring, source) = ring(PACKETS);
        ring.set_layers(layers(count));
        ring.set_steady();
        let of = |layer| Packetizer::of_layer(codec, layer);
        let packetizers = Layer::ALL.into_iter().take(count).filter_map(of).collect();
        let demand = ring.demand();
        (Self::Pictures { ring, packetizers, packets: Vec::new() }, demand, Native::Packets(codec, source))
    }

    fn push(&mut self, layer: Layer, unit: Unit) {
        match self {
            Self::Sound(ring) => ring.push(unit),
            Self::Pictures { ring, packetizers, packets } => {
                if let Some(packetizer) = packetizers.get_mut(layer.number()) {
                    packetizer.push(&unit, packets);
                }
                packets.drain(..).for_each(|packet| ring.push(packet));
            }
        }
    }
}

/// A device, or its stand-in, that is open.
enum Device {
    Microphone { held: Microphone, made: Made },
    StandIn { running: Running, units: Reader<Unit>, made: Made },
    Camera(Box<Camera>),
}

/// How long a pipeline that has ended may take to say why.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A track of the call.
struct Published {
    codec: Codec,
    heat: Level,
    /// The sizes in which pictures are sent, the smallest first.
    sizes: Vec<LayerSpec>,
    track: Track,
    demand: Demand,
}

/// How a camera is opened.
#[derive(Clone, Copy)]
struct Opening {
    /// The device itself is not tried.
    standing_in: bool,
    /// In which mode, if it is a device with modes.
    pick: Option<Pick>,
}

impl Device {
    /// What is wanted from now on. Answers whether anything is to be made.
    fn want(&mut self, Wanted { layers, keyframes, .. }: Wanted) -> Result<bool, pipeline::Error> {
        let now = Instant::now();
        match self {
            Self::Microphone { made, .. } | Self::StandIn { made, .. } => {
                made.want(layers.of(Layers::only(Layer::LOWEST)), now)
            }
            Self::Camera(camera) => camera.want(layers, keyframes, now)?,
        }
        self.follow()
    }

    /// Stops what nobody has wanted for a while. Answers whether anything is left.
    fn follow(&mut self) -> Result<bool, pipeline::Error> {
        match self {
            Self::Microphone { made, .. } | Self::StandIn { made, .. } => Ok(!made.at(Instant::now()).is_empty()),
            Self::Camera(camera) => camera.follow(Instant::now()),
        }
    }

    /// Shows this part of the picture.
    fn aim(&self, aim: Aim) {
        if let Self::Camera(camera) = self {
            camera.aim(aim);
        }
    }

    /// Whether it has given something; sound always has.
    fn seen(&self) -> bool {
        match self {
            Self::Microphone { .. } | Self::StandIn { .. } => true,
            Self::Camera(camera) => camera.seen(),
        }
    }

    /// When [`Device::follow`] has something to do.
    fn due(&self) -> Option<Instant> {
        match self {
            Self::Microphone { made, .. } | Self::StandIn { made, .. } => made.changes(),
            Self::Camera(camera) => camera.due(),
        }
    }

    async fn next(&mut self) -> Seen {
        match self {
            Self::Microphone { held, .. } => match held.next().await {
                Some(unit) => Seen::Unit(Layer::LOWEST, unit),
                None => Seen::Ended(None),
            },
            Self::StandIn { units, .. } => loop {
                match units.next().await {
                    Next::Item(unit) => return Seen::Unit(Layer::LOWEST, unit),
                    Next::Lagged(lost) => tracing::warn!(lost, "capture is faster than its reader"),
                    Next::Closed | Next::Revoked => return Seen::Ended(None),
                }
            },
            Self::Camera(camera) => camera.next().await,
        }
    }

    /// Waits for the last word of what has ended.
    async fn ended(&mut self, of: Option<Layer>, kind: Kind, mode: Option<Mode>) -> Ended {
        let cause = match self {
            // Who opens it has said why.
            Self::Microphone { .. } => return Ended::Failed,
            Self::StandIn { running, .. } => Capture::ended(kind, running).await,
            Self::Camera(camera) => {
                let ended = Capture::ended(kind, camera.running(of));
                // An encoder that hangs may never say anything.
                tokio::time::timeout(LAST_WORD, ended).await.unwrap_or(None)
            }
        };
        match mode {
            Some(mode) if of.is_none() && !self.seen() && cause != Some(Cause::Device) => Ended::NoPicture(mode),
            _ => Ended::Failed,
        }
    }

    async fn stop(self) {
        match self {
            Self::Microphone { .. } => {}
            Self::StandIn { running, .. } => running.stop().await,
            Self::Camera(camera) => camera.stop().await,
        }
    }
}

impl Capture {
    /// Publishes both, until `stop`, and makes them on `tasks`. When this returns, whoever wants them can have them.
    pub(super) async fn start(self, tasks: &TaskTracker, stop: &CancellationToken) {
        for kind in [Kind::Audio, Kind::Video] {
            let there = match kind {
                Kind::Audio => self.devices.borrow().microphone.is_there(),
                Kind::Video => self.devices.borrow().camera.is_there(),
            };
            if there {
                let (capture, published) = (self.clone(), self.publish(kind).await);
                tasks.spawn(stop.clone().run_until_cancelled_owned(async move { capture.keep(kind, published).await }));
            }
        }
    }

    /// A capture that failed, or has to speak another codec, begins anew, and says so, for who forwards it has lost it.
    async fn keep(self, kind: Kind, published: Option<Published>) {
        let mut pauses = self.parts.seen.supervisor.pauses(Part::Capture);
        let mut next = published;
        while let Some(published) = next {
            if let Some(Ended::Over) = pauses.attempt(self.run(kind, published)).await {
                return;
            }
            next = self.publish(kind).await;
            let tracks = super::tracks(&self.devices.borrow());
            self.parts.rooms.box_tracks(self.who, tracks).await;
        }
    }

    /// What the call is to be given now; `None` when it is over.
    fn codec(&self, kind: Kind) -> Option<Codec> {
        let room = self.parts.rooms.room(self.room).ok()?;
        Some(match kind {
            Kind::Audio => Codec::Opus,
            Kind::Video => room.codec,
        })
    }

    /// A track that is to be had, and of which nothing is made yet; `None` when the call is over.
    async fn publish(&self, kind: Kind) -> Option<Published> {
        let codec = self.codec(kind)?;
        let heat = *self.parts.heat.borrow();
        let sizes = self.sizes(codec, heat);
        let (track, demand, native) = Track::new(codec, sizes.len());
        if let Err(error) = self.parts.origin.track(self.publication, native).await {
            tracing::warn!(%error, ?kind, "the box can't publish");
            return None;
        }
        Some(Published { codec, heat, sizes, track, demand })
    }

    /// One track for as long as the call speaks its codec, whatever devices and stand-ins make it meanwhile.
    async fn run(&self, kind: Kind, published: Published) -> Ended {
        let Published { codec, heat, sizes, mut track, mut demand } = published;
        let mut failed: Option<Instant> = None;
        let mut modes = Failed::default();
        loop {
            if let Some(ended) = self.wait(kind, (codec, heat), &mut demand).await {
                return ended;
            }
            let standing_in = failed.is_some_and(|at| at.elapsed() < AGAIN);
            let eye = match kind {
                Kind::Audio => None,
                Kind::Video => self.devices.borrow().eye.clone().filter(|_| !standing_in),
            };
            let opening = match kind {
                Kind::Audio => Opening { standing_in, pick: None },
                Kind::Video => self.opening(eye.as_ref(), standing_in, &mut modes),
            };
            let how = (&sizes[..], opening, eye.as_ref());
            match self.open((kind, codec, heat), how, &mut track, &mut demand).await {
                Ended::Idle => {}
                Ended::Failed => failed = Some(Instant::now()),
                Ended::NoPicture(mode) => {
                    tracing::warn!(%mode, "the camera gives no picture in this mode; another one is tried");
                    failed = (!modes.add(mode)).then(Instant::now);
                }
                Ended::Again => failed = None,
                ended @ (Ended::Codec | Ended::Heat | Ended::Encoder | Ended::Over) => return ended,
            }
        }
    }

    /// Whether the box may be seen or heard; `None` when the call is over.
    fn open_to(&self, kind: Kind) -> Option<bool> {
        let room = self.parts.rooms.room(self.room).ok()?;
        let private = *self.parts.private.borrow();
        room.participant(self.who).map(|me: &Participant| match kind {
            _ if private => false,
            Kind::Audio => me.microphone,
            Kind::Video => me.camera,
        })
    }

    /// Waits until somebody takes it and it is not muted, or until there is no sense in that any more.
    async fn wait(&self, kind: Kind, (codec, heat): (Codec, Level), demand: &mut Demand) -> Option<Ended> {
        let (mut rooms, mut private) = (self.parts.rooms.rooms(), self.parts.private.clone());
        let mut hot = self.parts.heat.clone();
        loop {
            rooms.mark_unchanged();
            private.mark_unchanged();
            match self.open_to(kind) {
                None => return Some(Ended::Over),
                Some(_) if self.codec(kind) != Some(codec) => return Some(Ended::Codec),
                Some(_) if self.resizes(kind, heat) => return Some(Ended::Heat),
                Some(true) if !demand.layers().is_empty() => return None,
                Some(_) => {}
            }
            tokio::select! {
                _ = demand.changed() => {}
                Ok(()) = private.changed() => {}
                () = changed(&mut hot) => {}
                changed = rooms.changed() => if changed.is_err() {
                    return Some(Ended::Over);
                },
            }
        }
    }

    /// How the camera is opened next.
    fn opening(&self, eye: Option<&Eye>, standing_in: bool, failed: &mut Failed) -> Opening {
        let Some(Eye::V4l2(camera)) = eye else {
            return Opening { standing_in, pick: None };
        };
        let wish = Wish::of(&self.config, self.adjust.aims().borrow().zoom());
        let pick = modes::pick(camera, &wish, failed.all());
        if pick.is_none() {
            failed.forget();
        }
        Opening { standing_in: pick.is_none(), pick }
    }

    async fn open(
        &self,
        (kind, codec, heat): (Kind, Codec, Level),
        (sizes, opening, eye): (&[LayerSpec], Opening, Option<&Eye>),
        track: &mut Track,
        demand: &mut Demand,
    ) -> Ended {
        let Opening { standing_in, pick } = opening;
        let mode = pick.map(|pick| pick.mode);
        if kind == Kind::Video && !standing_in {
            self.adjust.prepare().await;
        }
        let plugged = pin!(self.plugged(kind, standing_in));
        let made = match kind {
            Kind::Audio => self.microphone(standing_in).await,
            Kind::Video => self.camera(sizes, opening, eye).map(|camera| Device::Camera(Box::new(camera))),
        };
        let mut device = match made {
            Ok(device) => device,
            Err(error) => return Self::refused(kind, &error).await,
        };
        let shown = mode.map(|mode| mode.to_string());
        tracing::info!(?kind, ?codec, standing_in, mode = shown, "capture is open");
        let using = Using { open: true, standing_in, mode, note: pick.and_then(|pick| pick.note) };
        let _opened = (kind == Kind::Video).then(|| self.adjust.opened(using));
        if pick.is_some_and(|pick| pick.note == Some(Note::ModeUnknown)) {
            tracing::warn!(
                "the camera has no mode like endpoint.camera_mode; `porchlight doctor devices` lists those it has"
            );
        }
        let again = standing_in.then(|| Instant::now() + AGAIN);
        let ended = match self.watch((kind, codec, heat), (&mut device, again, mode, plugged), track, demand).await {
            Ok(ended) => ended,
            Err(error) => match self.replaces(&device, Some(Layer::LOWEST)) {
                true => Ended::Encoder,
                false => Self::refused(kind, &error).await,
            },
        };
        device.stop().await;
        tracing::info!(?kind, "capture is closed");
        ended
    }

    async fn refused(kind: Kind, error: &pipeline::Error) -> Ended {
        tracing::error!(%error, ?kind, "the box can't capture");
        tokio::time::sleep(LINGER).await;
        Ended::Failed
    }

    /// Waits until another device is to be used than the one of now, or until one was plugged in while a stand-in serves for one that
    /// failed.
    fn plugged(&self, kind: Kind, standing_in: bool) -> impl Future<Output = ()> + use<> {
        let mut devices = self.devices.clone();
        let opened = devices.borrow_and_update().clone();
        async move {
            while devices.changed().await.is_ok() {
                let now = devices.borrow_and_update();
                if now.call_for_another(&opened, kind, standing_in) {
                    return;
                }
            }
            // Nobody looks any more.
            std::future::pending().await
        }
    }

    /// Captures until there is a reason to stop. The device itself is tried again at `again`.
    async fn watch(
        &self,
        (kind, codec, heat): (Kind, Codec, Level),
        (device, again, mode, mut plugged): (
            &mut Device,
            Option<Instant>,
            Option<Mode>,
            Pin<&mut impl Future<Output = ()>>,
        ),
        track: &mut Track,
        demand: &mut Demand,
    ) -> Result<Ended, pipeline::Error> {
        let (mut rooms, mut private) = (self.parts.rooms.rooms(), self.parts.private.clone());
        let (mut aims, mut hot) = (self.adjust.aims(), self.parts.heat.clone());
        // It may have changed since it was opened.
        aims.mark_changed();
        // What came before it was open is in its first pictures, which are keyframes.
        let first = Wanted { readers: demand.readers(), layers: demand.layers(), keyframes: Layers::NONE };
        if !device.want(first)? {
            return Ok(Ended::Idle);
        }
        loop {
            rooms.mark_unchanged();
            private.mark_unchanged();
            match self.open_to(kind) {
                None => return Ok(Ended::Over),
                // Muted means closed, at once.
                Some(false) => return Ok(Ended::Idle),
                Some(true) if self.codec(kind) != Some(codec) => return Ok(Ended::Codec),
                Some(true) if self.resizes(kind, heat) => return Ok(Ended::Heat),
                Some(true) => {}
            }
            if let Device::Camera(camera) = device {
                camera.fewer(*hot.borrow_and_update() >= Level::FewerPictures);
            }
            let due = device.due();
            tokio::select! {
                seen = device.next() => match seen {
                    Seen::Unit(layer, unit) => track.push(layer, unit),
                    Seen::Ended(of) => {
                        let ended = device.ended(of, kind, mode).await;
                        return Ok(if self.replaces(device, of) { Ended::Encoder } else { ended });
                    }
                },
                aim = next(&mut aims) => device.aim(aim),
                wanted = demand.changed() => if !device.want(wanted)? {
                    return Ok(Ended::Idle);
                },
                changed = rooms.changed() => if changed.is_err() {
                    return Ok(Ended::Over);
                },
                Ok(()) = private.changed() => {}
                () = changed(&mut hot) => {}
                () = at(again) => return Ok(Ended::Again),
                () = &mut plugged => return Ok(Ended::Again),
                () = at(due) => if !device.follow()? {
                    return Ok(Ended::Idle);
                },
            }
        }
    }

    /// Waits for the last word of a pipeline whose units have ended: why it has.
    async fn ended(kind: Kind, running: &mut Running) -> Option<Cause> {
        loop {
            match running.event().await {
                Event::Started => {}
                Event::Failed { cause, element, reason } => {
                    tracing::warn!(?kind, element, reason, "a device or an encoder failed; something else takes over");
                    return Some(cause);
                }
                Event::Stopped => return None,
            }
        }
    }

    /// In which sizes pictures are sent; nothing for sound.
    fn sizes(&self, codec: Codec, heat: Level) -> Vec<LayerSpec> {
        let encoder = match codec {
            Codec::Vp8 => CameraEncoder::Vp8,
            Codec::H264 => CameraEncoder::H264(self.parts.encoders.now()),
            Codec::Opus | Codec::Aac => return Vec::new(),
        };
        sizes(&self.config, encoder, self.cores, heat)
    }

    /// Whether what ended is an encoder in whose place another one is used from now on.
    fn replaces(&self, device: &Device, of: Option<Layer>) -> bool {
        let (Device::Camera(camera), Some(of)) = (device, of) else {
            return false;
        };
        camera.encoder(of).is_some_and(|encoder| self.parts.encoders.failed(encoder))
    }

    /// Whether the board is so hot, or so cool again, that pictures have other sizes than those for this.
    fn resizes(&self, kind: Kind, heat: Level) -> bool {
        let smaller = |level: Level| level == Level::Smaller;
        kind == Kind::Video && smaller(*self.parts.heat.borrow()) != smaller(heat)
    }

    fn camera(&self, sizes: &[LayerSpec], opening: Opening, eye: Option<&Eye>) -> Result<Camera, pipeline::Error> {
        let eye = eye.filter(|_| !opening.standing_in);
        let spec = CameraSpec {
            source: eye.map_or(CameraSource::StandIn, |eye| eye.source(opening.pick.map(|pick| pick.mode))),
            aim: *self.adjust.aims().borrow(),
            // Whoever shows it writes the name.
            caption: String::new(),
            width: self.config.width,
            height: self.config.height,
            fps: self.config.fps,
        };
        Camera::open(&self.parts.seen.media, spec, sizes.to_vec(), self.parts.timeline, self.own.clone())
    }

    async fn microphone(&self, standing_in: bool) -> Result<Device, pipeline::Error> {
        let real = matches!(self.devices.borrow().microphone_source, Some(MicrophoneSource::Alsa { .. }));
        if !standing_in && real {
            return Ok(Device::Microphone { held: self.sound.microphone().await, made: Made::default() });
        }
        let bitrate = self.config.audio_bitrate.bps() as u32;
        let spec = MicrophoneSpec { source: MicrophoneSource::StandIn, bitrate, voice: Voice::default() };
        let (writer, units) = ring(UNITS);
        let units = units.reader(Gate::default());
        let running = pipeline::microphone(&self.parts.seen.media, spec, self.parts.timeline, writer)?;
        Ok(Device::StandIn { running, units, made: Made::default() })
    }
}

/// The next part of the picture that is to be shown; for ever the same if nobody can change it any more.
async fn next(aims: &mut watch::Receiver<Aim>) -> Aim {
    if aims.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    *aims.borrow_and_update()
}

/// Waits until it is hotter or cooler; for ever if nobody looks any more.
async fn changed(heat: &mut watch::Receiver<Level>) {
    if heat.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
