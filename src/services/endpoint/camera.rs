//! The box's camera: one device, and an encoder for each size that somebody wants.
//!
//! Starting or stopping one size leaves the device and the others alone: each encoder is a pipeline of its own, and all of them
//! are fed the same pictures.

use std::task::{Context, Poll};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::layers::Made;
use crate::drivers::pipeline::{
    self, CameraEncoder, CameraSpec, Counters, H264Encoder, Keyframes, LayerSpec, Lens, PictureFeed, Running,
};
use crate::model::layer::{LAYERS, Layer, Layers};
use crate::model::raw::Picture;
use crate::model::ring::{Gate, Next, Reader, UNITS, ring};
use crate::model::time::Timeline;
use crate::model::unit::Unit;
use crate::proto::layout::aim::Aim;

/// Pictures between the device and the encoders. When it is full, the newest is left out.
const PICTURES: usize = 4;

/// One size that is made.
struct Encoder {
    running: Running,
    feed: PictureFeed,
    keyframes: Keyframes,
    units: Reader<Unit>,
}

/// Where the box itself shows what its camera sees: nothing once the camera is closed.
struct Mirror(watch::Sender<Option<Picture>>);

impl Mirror {
    /// Shows this picture, if anybody looks.
    fn show(&self, picture: &Picture) {
        if self.0.receiver_count() > 0 {
            self.0.send_replace(Some(picture.clone()));
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.0.send_replace(None);
    }
}

/// What comes of a camera.
pub(super) enum Seen {
    /// A picture of one size.
    Unit(Layer, Unit),
    /// The device, or the encoder of one size, has ended: its last event says why.
    Ended(Option<Layer>),
}

/// A camera that is open.
pub(super) struct Camera {
    running: Running,
    lens: Lens,
    pictures: mpsc::Receiver<Picture>,
    mirror: Mirror,
    /// The device gave a picture.
    seen: bool,
    /// The smallest first.
    sizes: Vec<LayerSpec>,
    encoders: [Option<Encoder>; LAYERS],
    made: Made,
    /// Every other picture is left out.
    fewer: bool,
    /// The last picture was left out.
    left_out: bool,
    counters: Counters,
}

impl Camera {
    /// Opens the device; nothing is encoded yet. `sizes` are the layers, the smallest first.
    ///
    /// # Errors
    /// Those of the pipeline.
    pub(super) fn open(
        counters: &Counters,
        spec: CameraSpec,
        sizes: Vec<LayerSpec>,
        timeline: Timeline,
        own: watch::Sender<Option<Picture>>,
    ) -> Result<Self, pipeline::Error> {
        let (sender, pictures) = mpsc::channel(PICTURES);
        let (running, lens) = pipeline::camera(counters, spec, timeline, sender)?;
        let encoders = [const { None }; LAYERS];
        let (made, counters) = (Made::default(), counters.clone());
        let (fewer, left_out) = (false, false);
        Ok(Self {
            running,
            lens,
            pictures,
            mirror: Mirror(own),
            seen: false,
            sizes,
            encoders,
            made,
            fewer,
            left_out,
            counters,
        })
    }

    /// Shows this part of the picture from the next one on.
    pub(super) fn aim(&self, aim: Aim) {
        self.lens.aim(aim);
    }

    /// Whether the device has given a picture.
    pub(super) fn seen(&self) -> bool {
        self.seen
    }

    /// The layers that there are.
    fn there(&self) -> Layers {
        layers(self.sizes.len())
    }

    /// Somebody wants these from now on, and keyframes of those.
    ///
    /// # Errors
    /// Those of an encoder's pipeline.
    pub(super) fn want(&mut self, wanted: Layers, keyframes: Layers, now: Instant) -> Result<(), pipeline::Error> {
        self.made.want(wanted.of(self.there()), now);
        self.follow(now)?;
        for layer in keyframes.of(self.there()).iter() {
            if let Some(encoder) = &self.encoders[layer.number()] {
                encoder.keyframes.request();
            }
        }
        Ok(())
    }

    /// Starts and stops encoders as it should be now. Answers whether any is left.
    ///
    /// # Errors
    /// Those of an encoder's pipeline.
    pub(super) fn follow(&mut self, now: Instant) -> Result<bool, pipeline::Error> {
        let made = self.made.at(now);
        for (layer, size) in Layer::ALL.into_iter().zip(&self.sizes) {
            let encoder = &mut self.encoders[layer.number()];
            match (made.has(layer), &encoder) {
                (true, None) => {
                    let (writer, units) = ring(UNITS);
                    let units = units.reader(Gate::default());
                    let (running, feed, keyframes) = pipeline::layer(&self.counters, *size, writer)?;
                    tracing::debug!(height = size.height, "a size of the camera is encoded");
                    *encoder = Some(Encoder { running, feed, keyframes, units });
                }
                (false, Some(_)) => {
                    tracing::debug!(height = size.height, "a size of the camera is not encoded any more");
                    *encoder = None;
                }
                _ => {}
            }
        }
        Ok(!made.is_empty())
    }

    /// Whether every other picture is left out, before it costs anything.
    pub(super) fn fewer(&mut self, fewer: bool) {
        self.fewer = fewer;
    }

    /// When [`Camera::follow`] has something to do, if nothing is wanted anew.
    pub(super) fn due(&self) -> Option<Instant> {
        self.made.changes()
    }

    /// The next picture of any size. Nothing is lost when this is dropped and called again.
    pub(super) async fn next(&mut self) -> Seen {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Seen> {
        for (layer, encoder) in Layer::ALL.into_iter().zip(&mut self.encoders) {
            while let Some(Poll::Ready(next)) = encoder.as_mut().map(|encoder| encoder.units.poll_next(cx)) {
                match next {
                    Next::Item(unit) => return Poll::Ready(Seen::Unit(layer, unit)),
                    Next::Lagged(lost) => tracing::warn!(lost, "capture is faster than its reader"),
                    Next::Closed | Next::Revoked => return Poll::Ready(Seen::Ended(Some(layer))),
                }
            }
        }
        while let Poll::Ready(picture) = self.pictures.poll_recv(cx) {
            let Some(picture) = picture else {
                return Poll::Ready(Seen::Ended(None));
            };
            self.seen = true;
            self.left_out = self.fewer && !self.left_out;
            if self.left_out {
                continue;
            }
            self.mirror.show(&picture);
            for (layer, encoder) in Layer::ALL.into_iter().zip(&self.encoders) {
                // One that is too slow leaves pictures out, and counts them.
                if encoder.as_ref().is_some_and(|encoder| encoder.feed.push(&picture).is_err()) {
                    return Poll::Ready(Seen::Ended(Some(layer)));
                }
            }
        }
        Poll::Pending
    }

    /// What encodes a size as H.264.
    pub(super) fn encoder(&self, of: Layer) -> Option<H264Encoder> {
        match self.sizes.get(of.number())?.encoder {
            CameraEncoder::H264(encoder) => Some(encoder),
            CameraEncoder::Vp8 => None,
        }
    }

    /// The pipeline of the device, or of one size.
    pub(super) fn running(&mut self, of: Option<Layer>) -> &mut Running {
        let Self { running, encoders, .. } = self;
        let encoder = of.and_then(|layer| encoders[layer.number()].as_mut());
        encoder.map_or(running, |encoder| &mut encoder.running)
    }

    /// Waits until device and memory are given back.
    pub(super) async fn stop(self) {
        let Self { running, mirror, encoders, .. } = self;
        drop(mirror);
        // The device first: that is what people wait for who mute it.
        running.stop().await;
        // One that hangs is not waited for.
        for encoder in encoders.into_iter().flatten().filter(|encoder| !encoder.feed.is_gone()) {
            encoder.running.stop().await;
        }
    }
}

/// So many layers.
pub(super) fn layers(count: usize) -> Layers {
    count.checked_sub(1).and_then(Layer::new).map_or(Layers::NONE, Layers::up_to)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drivers::device::monotonic_nanos;
    use crate::drivers::pipeline::CameraSource;

    const LOW: Layer = Layer::LOWEST;
    const HIGH: Layer = Layer::ALL[1];

    /// A stand-in in two sizes.
    fn opened(encoder: CameraEncoder) -> Camera {
        let size = |width, height| LayerSpec { from: (640, 360), width, height, fps: 15, bitrate: 300_000, encoder };
        let (source, caption, aim) = (CameraSource::StandIn, String::new(), Aim::WHOLE);
        let spec = CameraSpec { source, width: 640, height: 360, fps: 15, caption, aim };
        let timeline = Timeline::new(std::time::Instant::now(), monotonic_nanos(), 0);
        Camera::open(
            &Counters::default(),
            spec,
            vec![size(320, 180), size(640, 360)],
            timeline,
            watch::Sender::new(None),
        )
        .expect("installed")
    }

    async fn next(camera: &mut Camera) -> (Layer, Unit) {
        match tokio::time::timeout(Duration::from_secs(30), camera.next()).await.expect("it comes in time") {
            Seen::Unit(layer, unit) => (layer, unit),
            Seen::Ended(of) => panic!("{of:?} ended"),
        }
    }

    /// Takes pictures until there are some of this size, and gives all that came.
    async fn until(camera: &mut Camera, layer: Layer, count: usize) -> Vec<(Layer, Unit)> {
        let mut all: Vec<(Layer, Unit)> = Vec::new();
        while all.iter().filter(|(of, _)| *of == layer).count() < count {
            all.push(next(camera).await);
        }
        all
    }

    #[tokio::test]
    async fn of_a_board_that_is_too_hot_every_other_picture_is_left_out() {
        let mut camera = opened(CameraEncoder::H264(H264Encoder::X264));
        camera.fewer(true);
        camera.want(Layers::only(LOW), Layers::NONE, Instant::now()).expect("installed");
        // The first may come late, when many others are already there.
        let units = until(&mut camera, LOW, 12).await;
        let steps = units.windows(2).map(|pair| pair[1].1.pts.since(pair[0].1.pts));
        let at_least = 2 * 1_000_000_000 / 15 - 10_000_000;
        assert!(steps.clone().all(|step| step >= at_least), "{:?}", steps.collect::<Vec<_>>());
        camera.stop().await;
    }

    #[tokio::test]
    async fn the_box_s_own_screen_sees_what_the_camera_sees_until_it_is_closed() {
        let mut camera = opened(CameraEncoder::H264(H264Encoder::X264));
        let mut own = camera.mirror.0.subscribe();
        camera.want(Layers::only(LOW), Layers::NONE, Instant::now()).expect("installed");
        until(&mut camera, LOW, 3).await;
        let seen = own.borrow_and_update().clone().expect("there are pictures");
        assert_eq!((seen.width, seen.height), (640, 360));
        camera.stop().await;
        assert!(own.borrow_and_update().is_none(), "nothing of it stays");
    }

    async fn one_is_made_while_it_is_wanted(encoder: CameraEncoder) {
        let mut camera = opened(encoder);
        let both = Layers::up_to(HIGH);
        camera.want(Layers::only(LOW), Layers::NONE, Instant::now()).expect("installed");
        let alone = until(&mut camera, LOW, 5).await;
        assert!(alone.iter().all(|(layer, _)| *layer == LOW), "what nobody wants nobody makes");

        camera.want(both, Layers::NONE, Instant::now()).expect("installed");
        let two = until(&mut camera, HIGH, 10).await;
        let of = |all: &[(Layer, Unit)], layer| -> Vec<Unit> {
            all.iter().filter(|(of, _)| *of == layer).map(|(_, unit)| unit.clone()).collect()
        };
        assert!(of(&two, HIGH)[0].keyframe, "it begins with a keyframe");
        let low: Vec<Unit> = of(&alone, LOW).into_iter().chain(of(&two, LOW)).collect();
        assert_eq!(low.iter().filter(|unit| unit.keyframe).count(), 1, "the other goes on as if nothing had been");
        let steps = low.windows(2).map(|pair| pair[1].pts.since(pair[0].pts));
        assert!(steps.clone().all(|step| (1..1_000_000_000).contains(&step)), "{:?}", steps.collect::<Vec<_>>());

        camera.want(Layers::only(LOW), Layers::NONE, Instant::now()).expect("installed");
        let end = camera.due().expect("it goes on for a while");
        while tokio::time::timeout_at(end, camera.next()).await.is_ok() {}
        assert!(camera.follow(Instant::now()).expect("installed"));
        assert!(until(&mut camera, LOW, 8).await.iter().all(|(layer, _)| *layer == LOW), "and is not made any more");

        // Who wants more than there is wants the largest.
        camera.want(Layers::ALL, Layers::NONE, Instant::now()).expect("installed");
        let again = until(&mut camera, HIGH, 1).await;
        assert!(of(&again, HIGH)[0].keyframe && again.len() < 15, "soon, and with a keyframe: after {}", again.len());

        camera.want(Layers::NONE, Layers::NONE, Instant::now()).expect("installed");
        let end = camera.due().expect("they go on for a while");
        while tokio::time::timeout_at(end, camera.next()).await.is_ok() {}
        assert!(!camera.follow(Instant::now()).expect("installed"), "nobody wants anything: it can be closed");
        camera.stop().await;
    }

    async fn keyframes_are_made_when_asked(encoder: CameraEncoder) {
        let mut camera = opened(encoder);
        let low = Layers::only(LOW);
        let asked_at_the_beginning = async {
            loop {
                camera.want(low, low, Instant::now()).expect("installed");
                if let Ok(Seen::Unit(_, first)) = tokio::time::timeout(Duration::from_millis(2), camera.next()).await {
                    return first;
                }
            }
        };
        let first =
            tokio::time::timeout(Duration::from_secs(30), asked_at_the_beginning).await.expect("it comes in time");
        assert!(first.keyframe);
        for _ in 0..2 {
            // Longer than keyframes have to be apart, and shorter than they come by themselves.
            until(&mut camera, LOW, 12).await;
            camera.want(low, low, Instant::now()).expect("installed");
            let soon = until(&mut camera, LOW, 4).await;
            assert!(soon.iter().any(|(_, unit)| unit.keyframe), "soon after it was asked for");
        }
        camera.stop().await;
    }

    #[tokio::test]
    async fn keyframes_of_h264_are_made_when_asked_however_early_it_was_asked_first() {
        keyframes_are_made_when_asked(CameraEncoder::H264(H264Encoder::X264)).await;
    }

    #[tokio::test]
    async fn keyframes_of_vp8_are_made_when_asked_however_early_it_was_asked_first() {
        keyframes_are_made_when_asked(CameraEncoder::Vp8).await;
    }

    #[tokio::test]
    async fn a_size_of_h264_is_made_while_it_is_wanted_and_the_other_does_not_notice() {
        one_is_made_while_it_is_wanted(CameraEncoder::H264(H264Encoder::X264)).await;
    }

    #[tokio::test]
    async fn a_size_of_vp8_is_made_while_it_is_wanted_and_the_other_does_not_notice() {
        one_is_made_while_it_is_wanted(CameraEncoder::Vp8).await;
    }
}
