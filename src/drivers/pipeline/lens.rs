//! Which part of the camera's picture is taken, while it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as video;

use super::running::{Built, name};
use crate::proto::layout::aim::{Aim, Cut};

/// Aims a camera that runs; cheap to clone. The camera itself does not notice.
#[derive(Debug, Clone)]
pub struct Lens(Arc<AtomicU64>);

impl Lens {
    /// For a pipeline that has what cuts and what scales, in this order. `shown` is the size that comes out of it.
    pub(super) fn of(built: &Built, aim: Aim, shown: (u32, u32)) -> Self {
        let crop: gst::Element = built.element(name::CROP);
        let scale: gst::Element = built.element(name::SCALE);
        let wanted = Arc::new(AtomicU64::new(aim.bits()));
        let (reads, taker, scaler) = (wanted.clone(), crop.downgrade(), scale.downgrade());
        let pad = crop.static_pad("sink").expect("what cuts takes pictures");
        // What it was last, and what was cut off for it. Nobody else ever waits for this.
        let done = Mutex::new((None, Cut::default()));
        // On the thread of the pictures, between two of them: all four sides change at once.
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, _| {
            let caps = pad.current_caps();
            let info = caps.as_ref().and_then(|caps| video::VideoInfo::from_caps(caps).ok());
            let (Some(info), Some(crop), Some(scale)) = (info, taker.upgrade(), scaler.upgrade()) else {
                return gst::PadProbeReturn::Ok;
            };
            let now = (reads.load(Ordering::Relaxed), info.width(), info.height());
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            if done.0 != Some(now) {
                let cut = Aim::from_bits(now.0).cut((now.1, now.2), shown);
                set(&crop, done.1, cut);
                scale.set_property("add-borders", cut.bars);
                *done = (Some(now), cut);
            }
            gst::PadProbeReturn::Ok
        });
        Self(wanted)
    }

    /// Shows this part from the next picture on.
    pub fn aim(&self, aim: Aim) {
        self.0.store(aim.bits(), Ordering::Relaxed);
    }
}

/// Sets the sides that become smaller first: more than there is must never be cut off.
fn set(crop: &gst::Element, from: Cut, to: Cut) {
    let sides = |cut: Cut| [("left", cut.left), ("right", cut.right), ("top", cut.top), ("bottom", cut.bottom)];
    for smaller in [true, false] {
        for ((side, before), (_, after)) in sides(from).into_iter().zip(sides(to)) {
            if before != after && (after < before) == smaller {
                crop.set_property(side, i32::try_from(after).unwrap_or(0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gstreamer_app as app;

    use super::*;
    use crate::drivers::pipeline::buffers::{Output, from_picture};
    use crate::model::time::MediaTime;

    /// The brightness in the middle and at the left edge of what comes of a picture that is dark at the left and bright at the right.
    fn seen(source: &app::AppSrc, sink: &app::AppSink, (width, height): (u32, u32), n: i64) -> (u8, u8) {
        let row = |_| (0..width).map(|x| if x < width / 2 { 40 } else { 200 });
        let mut data: Vec<u8> = (0..height).flat_map(row).collect();
        data.resize((width * height * 3 / 2) as usize, 128);
        let time = MediaTime::from_millis(n * 33);
        source.push_buffer(from_picture(data.into(), width, height, time).expect("the size fits")).expect("it runs");
        let patience = gst::ClockTime::try_from(Duration::from_secs(10)).ok();
        let sample = sink.try_pull_sample(patience).expect("one comes out for one in");
        let picture = Output { sample, time }.picture().expect("it is I420");
        assert_eq!((picture.width, picture.height), (320, 180), "the size stays, whatever is shown");
        (picture.data[90 * 320 + 160], picture.data[90 * 320 + 2])
    }

    fn built(width: u32, height: u32) -> Built {
        let description = format!(
            "appsrc name=in format=time caps=\"video/x-raw,format=I420,width={width},height={height},framerate=30/1\" \
             ! videocrop name=crop ! videoscale name=scale add-borders=true \
             ! video/x-raw,format=I420,width=320,height=180,pixel-aspect-ratio=1/1 ! appsink name=out sync=false"
        );
        Built::new("test", &description).expect("it can be built")
    }

    #[test]
    fn a_running_camera_turns_and_zooms_from_one_picture_to_the_next() {
        let built = built(640, 360);
        let aim = |zoom, pan| Aim::new(zoom, pan, 0).expect("in range");
        let lens = Lens::of(&built, aim(200, -100), (320, 180));
        let (source, sink) = (built.element::<app::AppSrc>(name::IN), built.element::<app::AppSink>(name::OUT));
        built.pipeline().set_state(gst::State::Playing).expect("it starts");
        let dark = |(middle, edge): (u8, u8)| middle < 60 && edge < 60;
        let bright = |(middle, edge): (u8, u8)| middle > 180 && edge > 180;
        assert!(dark(seen(&source, &sink, (640, 360), 0)), "it begins as it was aimed before");
        for n in 0..10 {
            lens.aim(aim(200, 100));
            assert!(bright(seen(&source, &sink, (640, 360), 1 + n * 3)), "right, {n}");
            lens.aim(aim(400, -100));
            assert!(dark(seen(&source, &sink, (640, 360), 2 + n * 3)), "left, {n}");
            lens.aim(Aim::WHOLE);
            let (middle, edge) = seen(&source, &sink, (640, 360), 3 + n * 3);
            assert!(middle > 100 && edge < 60, "whole, {n}: {middle} {edge}");
        }
        built.pipeline().set_state(gst::State::Null).expect("it stops");
    }

    #[test]
    fn black_beside_a_picture_of_another_shape_goes_when_it_is_zoomed() {
        let built = built(640, 480);
        let lens = Lens::of(&built, Aim::WHOLE, (320, 180));
        let (source, sink) = (built.element::<app::AppSrc>(name::IN), built.element::<app::AppSink>(name::OUT));
        built.pipeline().set_state(gst::State::Playing).expect("it starts");
        assert!(seen(&source, &sink, (640, 480), 0).1 < 20, "black at the side");
        lens.aim(Aim::new(150, 0, 0).expect("in range"));
        let edge = seen(&source, &sink, (640, 480), 1).1;
        assert!((30..60).contains(&edge), "picture up to the edge: {edge}");
        built.pipeline().set_state(gst::State::Null).expect("it stops");
    }
}
