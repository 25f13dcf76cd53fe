//! Between GStreamer's buffers and the model: time stamps, planes and samples.

use bytes::Bytes;
use gstreamer as gst;
use gstreamer_app as app;
use gstreamer_video as video;
use gstreamer_video::prelude::*;

use crate::model::raw::Picture;
use crate::model::time::{MediaTime, Timeline};

/// Added to media time to make a PTS, which can't be negative: media from before the daemon started has a place too.
const SHIFT: i64 = 3_600_000_000_000;

/// The PTS of a media time in a pipeline that we feed.
pub fn pts(time: MediaTime) -> gst::ClockTime {
    gst::ClockTime::from_nseconds(time.plus_nanos(SHIFT).nanos().max(0).unsigned_abs())
}

/// How the times of a pipeline's output become media time.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// We made the PTS by [`pts`].
    Ours,
    /// A device made them on the monotonic clock.
    Monotonic(Timeline),
}

/// A buffer that came out, with its place in media time.
pub struct Output {
    /// Buffer and caps.
    pub sample: gst::Sample,
    /// Media time of its PTS.
    pub time: MediaTime,
}

impl Output {
    /// Takes the next sample of a sink; `None` for one without time or outside of its segment.
    pub fn pull(sink: &app::AppSink, clock: Clock) -> Option<Self> {
        let sample = sink.pull_sample().ok()?;
        let pts = sample.buffer()?.pts()?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let running = i64::try_from(segment.to_running_time(pts)?.nseconds()).ok()?;
        let time = match clock {
            Clock::Ours => MediaTime::from_nanos(running).plus_nanos(-SHIFT),
            Clock::Monotonic(timeline) => {
                let base = i64::try_from(sink.base_time()?.nseconds()).ok()?;
                timeline.from_monotonic(base.checked_add(running)?)
            }
        };
        Some(Self { sample, time })
    }

    /// The bytes of the buffer.
    pub fn map(&self) -> Option<gst::BufferMap<'_, gst::buffer::Readable>> {
        self.sample.buffer()?.map_readable().ok()
    }

    /// As a decoded picture, packed tightly.
    pub fn picture(&self) -> Option<Picture> {
        let info = video::VideoInfo::from_caps(self.sample.caps()?).ok()?;
        if info.format() != video::VideoFormat::I420 {
            return None;
        }
        let frame = video::VideoFrameRef::from_buffer_ref_readable(self.sample.buffer()?, &info).ok()?;
        let (width, height) = (info.width() as usize, info.height() as usize);
        let mut data = Vec::with_capacity(width * height * 3 / 2);
        for (plane, (width, height)) in planes(width, height).into_iter().enumerate() {
            let stride = usize::try_from(*frame.plane_stride().get(plane)?).ok()?;
            let rows = frame.plane_data(plane as u32).ok()?.chunks(stride);
            for row in rows.take(height) {
                data.extend_from_slice(row.get(..width)?);
            }
        }
        Some(Picture { width: info.width(), height: info.height(), time: self.time, data: Bytes::from(data) })
    }
}

/// Columns and rows of the three planes of a tightly packed I420 picture.
fn planes(width: usize, height: usize) -> [(usize, usize); 3] {
    [(width, height), (width / 2, height / 2), (width / 2, height / 2)]
}

/// A picture as GStreamer lays I420 out by default: rows begin at multiples of four bytes.
pub fn from_picture(data: Bytes, width: u32, height: u32, time: MediaTime) -> Option<gst::Buffer> {
    let (width, height) = (width as usize, height as usize);
    if data.len() != width * height * 3 / 2 {
        return None;
    }
    let mut buffer = if width.is_multiple_of(8) {
        gst::Buffer::from_slice(data)
    } else {
        let mut out = Vec::with_capacity(data.len() + height * 8);
        let mut rest = &data[..];
        for (width, height) in planes(width, height) {
            let (plane, after) = rest.split_at(width * height);
            for row in plane.chunks(width) {
                out.extend_from_slice(row);
                out.resize(out.len().next_multiple_of(4), 0);
            }
            rest = after;
        }
        gst::Buffer::from_mut_slice(out)
    };
    buffer.get_mut()?.set_pts(pts(time));
    Some(buffer)
}

/// Samples as a buffer, with the duration that `channels` of them have at 48 kHz.
pub fn from_samples(samples: &[i16], channels: usize, time: MediaTime) -> gst::Buffer {
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(pts(time));
        let frames = (samples.len() / channels.max(1)) as u64;
        buffer.set_duration(gst::ClockTime::from_nseconds(frames * 1_000_000_000 / 48_000));
    }
    buffer
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drivers::pipeline::running::{Built, name};

    #[test]
    fn pictures_of_every_even_width_go_in_and_come_out_alike() {
        for (width, height) in [(16u32, 16u32), (18, 16), (20, 18), (22, 20), (426, 240)] {
            let description = format!(
                "appsrc name=in format=time caps=\"video/x-raw,format=I420,width={width},height={height},framerate=1/1\" \
                 ! identity ! appsink name=out sync=false"
            );
            let built = Built::new("test", &description).expect("it can be built");
            let (source, sink) = (built.element::<app::AppSrc>(name::IN), built.element::<app::AppSink>(name::OUT));
            built.pipeline().set_state(gst::State::Playing).expect("it starts");
            let data: Bytes = (0..width * height * 3 / 2).map(|n| (n * 7 % 251) as u8).collect::<Vec<_>>().into();
            let time = MediaTime::from_millis(-1500);
            let buffer = from_picture(data.clone(), width, height, time).expect("the size fits");
            source.push_buffer(buffer).expect("it runs");
            let sample =
                sink.try_pull_sample(gst::ClockTime::try_from(Duration::from_secs(10)).ok()).expect("it comes");
            let picture = Output { sample, time }.picture().expect("it is I420");
            assert_eq!((picture.width, picture.height), (width, height));
            assert!(picture.data == data, "{width} by {height}");
            built.pipeline().set_state(gst::State::Null).expect("it stops");
        }
        assert!(from_picture(Bytes::from_static(&[0; 10]), 16, 16, MediaTime::ZERO).is_none());
    }
}
