//! Fake codecs, publishers and a stage for them, on virtual time.
//!
//! A video unit is one byte, the brightness of the whole picture; a sound unit is its amplitude and its tone in 10 Hz.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::*;
use crate::model::raw::RATE;
use crate::model::ring::{self, Demand, Gate, Source, Writer};
use crate::model::track::Codec;
use crate::model::unit::Config;
use crate::proto::layout::canvas::Canvas;

/// The brightness of all text.
pub const CARD: u8 = 50;
/// The brightness that breaks the decoder.
pub const POISON: u8 = 255;
/// The brightness that the decoder takes without giving a picture.
pub const STUCK: u8 = 254;
/// The brightness at which the feed panics.
pub const FAULT: u8 = 253;

#[derive(Default)]
pub struct Counts {
    pub alive: AtomicUsize,
    pub videos: AtomicUsize,
    pub audios: AtomicUsize,
    pub cards: AtomicUsize,
}

/// Makes fake decoders and counts them.
#[derive(Default)]
pub struct Fake(pub Arc<Counts>);

struct Alive(Arc<Counts>);

impl Alive {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.alive.fetch_add(1, SeqCst);
        Self(counts.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

struct FakeDecoder<F> {
    decode: F,
    broken: bool,
    _alive: Alive,
}

impl<F: FnMut(&Unit) + Send> Decoder for FakeDecoder<F> {
    fn push(&mut self, unit: &Unit) -> Result<(), Gone> {
        assert_ne!(unit.data[0], FAULT, "fault injected");
        self.broken |= unit.data[0] == POISON;
        if self.broken {
            return Err(Gone);
        }
        if unit.data[0] != STUCK {
            (self.decode)(unit);
        }
        Ok(())
    }

    fn failed(&mut self) -> Later<'_, Failure> {
        let broken = self.broken;
        Box::pin(async move {
            if !broken {
                std::future::pending::<()>().await;
            }
            Failure("poisoned".into())
        })
    }
}

fn plain(width: u32, height: u32, y: u8, time: MediaTime) -> Picture {
    Canvas::new(width, height, Colour { y, u: 128, v: 128 }).finish(time)
}

impl Codecs for Fake {
    fn video(&self, _: Codec, spec: &VideoSpec, pictures: mpsc::Sender<Picture>) -> Result<Box<dyn Decoder>, Failure> {
        self.0.videos.fetch_add(1, SeqCst);
        let VideoSpec { width, height, .. } = *spec;
        let decode = move |unit: &Unit| {
            let _ = pictures.try_send(plain(width, height, unit.data[0], unit.pts));
        };
        Ok(Box::new(FakeDecoder { decode, broken: false, _alive: Alive::new(&self.0) }))
    }

    fn audio(&self, sounds: mpsc::Sender<Sound>) -> Result<Box<dyn Decoder>, Failure> {
        self.0.audios.fetch_add(1, SeqCst);
        let decode = move |unit: &Unit| {
            let (amplitude, hertz) = (f64::from(unit.data[0]) * 100.0, f64::from(unit.data[1]) * 10.0);
            let first = unit.pts.ticks(RATE);
            let wave = |n: i64| (amplitude * (n as f64 * hertz * std::f64::consts::TAU / f64::from(RATE)).sin()) as i16;
            let samples = (first..first + 960).flat_map(|n| [wave(n); 2]).collect();
            let _ = sounds.try_send(Sound { time: unit.pts, samples });
        };
        Ok(Box::new(FakeDecoder { decode, broken: false, _alive: Alive::new(&self.0) }))
    }

    fn card(&self, spec: CardSpec) -> Later<'static, Result<Picture, Failure>> {
        let before = self.0.cards.fetch_add(1, SeqCst);
        Box::pin(async move {
            if before == 0 {
                return Err(Failure("the first one never works".into()));
            }
            Ok(plain(spec.width, spec.height, CARD, MediaTime::ZERO))
        })
    }
}

/// One track of a publisher.
pub struct Track {
    pub writer: Option<Writer<Unit>>,
    pub source: Source<Unit>,
    demand: Demand,
    /// The next unit is a keyframe.
    pub keyframe: bool,
    pub asked: usize,
    readers: usize,
}

impl Track {
    fn new(capacity: usize) -> Self {
        let (writer, source) = ring::ring(capacity);
        let demand = writer.demand();
        Self { writer: Some(writer), source, demand, keyframe: true, asked: 0, readers: 0 }
    }

    /// Hears what the readers want, and how many there are.
    pub fn listen(&mut self) -> usize {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(now) = self.demand.poll_changed(&mut cx) {
            self.readers = now.readers;
            if !now.keyframes.is_empty() {
                self.asked += 1;
                self.keyframe = true;
            }
        }
        self.readers
    }

    pub fn push(&mut self, pts: MediaTime, data: &[u8], config: Config) {
        self.listen();
        let unit = Unit {
            pts,
            duration: None,
            keyframe: std::mem::take(&mut self.keyframe) || matches!(config, Config::Opus { .. }),
            gap: false,
            level: None,
            config: Arc::new(config),
            data: Bytes::copy_from_slice(data),
        };
        if let Some(writer) = &mut self.writer {
            writer.push(unit);
        }
    }
}

pub fn h264() -> Config {
    Config::H264 { sps: Bytes::new(), pps: Bytes::new() }
}

/// Somebody with a camera of one brightness and a microphone of one tone.
pub struct Publisher {
    pub key: PublicationId,
    pub video: Track,
    pub audio: Track,
    pub gate: Gate,
    /// Nothing: the camera stands still.
    pub brightness: Option<u8>,
    /// Amplitude in hundreds, tone in 10 Hz.
    pub tone: [u8; 2],
}

impl Publisher {
    pub fn new(number: u8, brightness: u8, tone: [u8; 2]) -> Self {
        Self {
            key: PublicationId::from_bytes([number; 10]),
            video: Track::new(8),
            audio: Track::new(8),
            gate: Gate::default(),
            brightness: Some(brightness),
            tone,
        }
    }

    pub fn member(&self) -> Member {
        Member {
            shows: Shows::Camera,
            key: self.key,
            name: "Ada".into(),
            video: Some((Codec::H264, self.video.source.reader(self.gate.clone()))),
            audio: Some(self.audio.source.reader(self.gate.clone())),
        }
    }

    pub fn push(&mut self, now: MediaTime) {
        if let Some(brightness) = self.brightness {
            self.video.push(now, &[brightness], h264());
        }
        self.audio.push(now, &self.tone, Config::Opus { channels: 2 });
    }

    pub fn revoke(&self) {
        self.gate.close();
        self.video.source.wake();
        self.audio.source.wake();
    }
}

/// A composition and what came out of it.
pub struct Stage {
    pub handle: Handle,
    pub outputs: Outputs,
    pub counts: Arc<Counts>,
    pub timeline: Timeline,
    pub tracker: TaskTracker,
    pub cancel: CancellationToken,
    pub pictures: Vec<Picture>,
    pub sounds: Vec<Sound>,
}

pub fn settings() -> Settings {
    Settings { width: 320, height: 180, fps: 25, ..Settings::default() }
}

impl Stage {
    pub fn new(settings: Settings) -> Self {
        let fake = Fake::default();
        let counts = fake.0.clone();
        let timeline = Timeline::new(Instant::now().into_std() - Duration::from_secs(100), 0, 0);
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let (handle, outputs) = start(settings, Arc::new(fake), timeline, &tracker, cancel.clone());
        Self { handle, outputs, counts, timeline, tracker, cancel, pictures: Vec::new(), sounds: Vec::new() }
    }

    pub fn now(&self) -> MediaTime {
        self.timeline.media(Instant::now().into_std())
    }

    /// Lets the publishers publish every 20 ms for a while and keeps what comes out.
    pub async fn play(&mut self, publishers: &mut [&mut Publisher], millis: u64) {
        for _ in 0..millis / 20 {
            let now = self.now();
            publishers.iter_mut().for_each(|publisher| publisher.push(now));
            sleep(Duration::from_millis(20)).await;
            self.drain();
        }
    }

    pub fn drain(&mut self) {
        while let Some(picture) = self.outputs.pictures.as_mut().and_then(|from| from.try_recv().ok()) {
            self.pictures.push(picture);
        }
        while let Some(sound) = self.outputs.sounds.as_mut().and_then(|from| from.try_recv().ok()) {
            self.sounds.push(sound);
        }
    }

    /// Forgets what came out so far.
    pub fn forget(&mut self) {
        self.drain();
        self.pictures.clear();
        self.sounds.clear();
    }

    /// Ends the composition and waits until nothing of it is left.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        assert_eq!(self.counts.alive.load(SeqCst), 0, "a decoder is left");
    }
}

/// Whether this brightness is anywhere in the picture.
pub fn shows(picture: &Picture, brightness: u8) -> bool {
    picture.data[..(picture.width * picture.height) as usize].contains(&brightness)
}

/// Goertzel: the amplitude of one frequency in the left channel.
pub fn amplitude<'a>(sounds: impl IntoIterator<Item = &'a Sound>, hertz: f64) -> f64 {
    let step = hertz * std::f64::consts::TAU / f64::from(RATE);
    let (mut one, mut two, mut count) = (0.0, 0.0, 0.0);
    for &sample in sounds.into_iter().flat_map(|sound| sound.samples.iter().step_by(2)) {
        (one, two) = (f64::from(sample) + 2.0 * step.cos() * one - two, one);
        count += 1.0;
    }
    assert!(count > 0.0, "there is sound");
    (one * one + two * two - 2.0 * step.cos() * one * two).max(0.0).sqrt() * 2.0 / count
}
