//! A V4L2 camera's pictures in a pipeline, brought by a thread that owns the device.
//!
//! GStreamer's `v4l2src` (1.22 to 1.24) never gives back the second descriptor that its buffer pool has of the device: the kernel would
//! have the camera open for as long as the daemon runs. See `docs/decisions/0007-own-v4l2-capture.md`.

use std::thread::JoinHandle;

use gstreamer as gst;
use gstreamer_app as app;
use gstreamer_video as video;

use super::buffers;
use super::describe::given;
use super::running::Ended;
use crate::drivers::device::{self, CaptureError, Shape};
use crate::model::time::Timeline;

/// Feeds a camera's pictures, each with the moment of its capture, until the pipeline ends. The device is closed when the thread has
/// ended; a failure is an error of the pipeline.
pub(super) fn capture(
    source: app::AppSrc,
    path: String,
    asked: Shape,
    timeline: Timeline,
    ended: Ended,
) -> Option<JoinHandle<()>> {
    let work = move || {
        // Raw pictures are laid out anew where the driver's rows are longer than GStreamer's.
        let layout = std::cell::OnceCell::new();
        let begins = |shape: Shape| {
            let caps = given(shape.format, shape.width, shape.height, shape.rate);
            let caps: gst::Caps = caps.parse().expect("caps are written in one place");
            source.set_caps(Some(&caps));
            let info = shape.format.raw().and_then(|_| video::VideoInfo::from_caps(&caps).ok());
            let _ = layout.set((info, shape.stride));
        };
        let picture = |data: &[u8], time: i64| {
            let (info, stride) = layout.get().expect("it has begun");
            // One of which a part is missing is left out.
            let Some(mut buffer) = buffer(data, *stride, info.as_ref()) else { return true };
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_pts(buffers::pts(timeline.from_monotonic(time)));
            }
            source.push_buffer(buffer).is_ok()
        };
        if let Err(error) = device::capture(&path, asked, || ended.check().is_ok(), begins, picture) {
            gst::element_error!(source, kind(&error), ("{error}"));
        }
    };
    let thread = std::thread::Builder::new().name("v4l2-capture".to_owned()).spawn(work);
    thread.inspect_err(|error| tracing::error!(%error, "a camera has no thread")).ok()
}

/// By this it is told whether another mode is worth a try.
fn kind(error: &CaptureError) -> gst::ResourceError {
    match error {
        CaptureError::Unfit(_) => gst::ResourceError::Settings,
        CaptureError::Busy => gst::ResourceError::Busy,
        CaptureError::Failed(..) => gst::ResourceError::OpenReadWrite,
        CaptureError::Gone => gst::ResourceError::Read,
        CaptureError::Nonsense => gst::ResourceError::Failed,
    }
}

/// A picture as a buffer; `None` when a part of it is missing.
fn buffer(data: &[u8], stride: usize, layout: Option<&video::VideoInfo>) -> Option<gst::Buffer> {
    let data = match layout {
        Some(info) => laid_out(data, stride, info)?,
        None => data.to_vec(),
    };
    Some(gst::Buffer::from_mut_slice(data))
}

/// A raw picture with rows of `stride` bytes in its first plane as GStreamer lays it out; `None` when a part of it is missing.
fn laid_out(data: &[u8], stride: usize, info: &video::VideoInfo) -> Option<Vec<u8>> {
    let planes = info.n_planes() as usize;
    let ours = |plane: usize| usize::try_from(*info.stride().get(plane)?).ok();
    let first = ours(0)?;
    // Drivers that leave it open have no gap between rows.
    let stride = if stride == 0 { first } else { stride };
    if stride == first && info.size() == data.len() {
        return Some(data.to_vec());
    }
    let mut out = vec![0; info.size()];
    let mut from = 0;
    for plane in 0..planes {
        let ours = ours(plane)?;
        // Rows of the other planes are shorter in the same proportion, for the kernel as for GStreamer.
        let theirs = stride * ours / first;
        let begin = *info.offset().get(plane)?;
        let rows = info.format_info().scale_height(plane as u8, info.height()) as usize;
        for row in 0..rows {
            let length = ours.min(theirs);
            let source = data.get(from..from + length)?;
            out.get_mut(begin + row * ours..)?.get_mut(..length)?.copy_from_slice(source);
            from += theirs;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::device::Format;

    fn info(format: Format, width: u32, height: u32) -> video::VideoInfo {
        super::super::init().expect("it is installed");
        let caps: gst::Caps = given(format, width, height, (30, 1)).parse().expect("it is right");
        video::VideoInfo::from_caps(&caps).expect("it is right")
    }

    #[test]
    fn a_picture_without_gaps_stays_as_it_is() {
        for format in [Format::Yuyv, Format::Nv12, Format::Yu12, Format::Yuv422p] {
            let info = info(format, 64, 36);
            let data: Vec<u8> = (0..info.size()).map(|n| n as u8).collect();
            let first = info.stride()[0] as usize;
            assert_eq!(laid_out(&data, first, &info).as_deref(), Some(&data[..]), "{format:?}");
            assert_eq!(laid_out(&data, 0, &info).as_deref(), Some(&data[..]), "{format:?}");
            assert_eq!(laid_out(&data[1..], first, &info), None, "{format:?}: a part is missing");
        }
    }

    #[test]
    fn gaps_behind_the_rows_of_every_plane_are_left_out() {
        // Each row has its own number, each gap is 255.
        let with_gaps = |rows: &[(usize, usize, usize)]| -> Vec<u8> {
            let mut row = 0_u8;
            let mut out = Vec::new();
            for &(count, length, gap) in rows {
                for _ in 0..count {
                    out.resize(out.len() + length, row);
                    out.resize(out.len() + gap, 255);
                    row += 1;
                }
            }
            out
        };
        for (format, stride, planes) in [
            (Format::Yuyv, 160, &[(36, 128, 32)][..]),
            (Format::Nv12, 80, &[(36, 64, 16), (18, 64, 16)]),
            (Format::Yu12, 80, &[(36, 64, 16), (18, 32, 8), (18, 32, 8)]),
            (Format::Yuv422p, 80, &[(36, 64, 16), (36, 32, 8), (36, 32, 8)]),
        ] {
            let info = info(format, 64, 36);
            let without: Vec<_> = planes.iter().map(|&(count, length, _)| (count, length, 0)).collect();
            let laid_out = laid_out(&with_gaps(planes), stride, &info).expect("all of it is there");
            assert!(laid_out == with_gaps(&without), "{format:?}");
        }
    }
}
