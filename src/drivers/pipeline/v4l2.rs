//! A V4L2 camera's pictures, taken from the kernel by a thread of our own and put into a pipeline.
//!
//! GStreamer's `v4l2src` (1.22 to 1.24) never gives back the second descriptor that its buffer pool has of the device: the kernel would
//! have the camera open for as long as the daemon runs. See `docs/decisions/0007-own-v4l2-capture.md`.
//!
//! Source: Linux media documentation, "Streaming I/O (Memory Mapping)".

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use bytes::Bytes;
use gstreamer as gst;
use gstreamer_app as app;
use gstreamer_video as video;
use nix::errno::Errno;
use nix::poll::PollFlags;
use v4l::buffer::{Flags, Metadata, Type};
use v4l::format::FourCC;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream as _, Stream as _};
use v4l::video::Capture as _;
use v4l::video::capture::Parameters;
use v4l::{Device, Fraction};

use super::buffers;
use super::describe::given;
use super::running::Ended;
use crate::drivers::device::{Format, monotonic_nanos};
use crate::model::time::{MediaTime, Timeline};

/// Pictures that the kernel may have ready before they are taken.
const BUFFERS: u32 = 4;
/// Milliseconds after which it is looked whether the pipeline has ended.
const LOOK: i32 = 50;
/// A moment of capture that is further back than this, or ahead, is a driver's mistake.
const OLDEST: i64 = 2_000_000_000;

/// What is asked of a camera.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub path: String,
    pub format: Format,
    pub width: u32,
    pub height: u32,
    /// So many pictures in so many seconds.
    pub rate: (u32, u32),
}

/// Why a camera gives nothing, or nothing any more.
#[derive(Debug)]
struct Failure {
    kind: gst::ResourceError,
    what: String,
}

impl Failure {
    /// Something that this camera can't do, or not now.
    fn of(doing: &str, error: &io::Error) -> Self {
        let kind = match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => gst::ResourceError::Busy,
            Some(Errno::ENOSPC) => gst::ResourceError::NoSpaceLeft,
            Some(Errno::EINVAL | Errno::ENOTTY) => gst::ResourceError::Settings,
            _ => gst::ResourceError::OpenReadWrite,
        };
        Self { kind, what: format!("{doing}: {error}") }
    }
}

/// Feeds a camera's pictures, each with the moment of its capture, until the pipeline ends. The device is closed when the thread has
/// ended; a failure is an error of the pipeline.
pub(super) fn capture(source: app::AppSrc, wish: Wish, timeline: Timeline, ended: Ended) -> Option<JoinHandle<()>> {
    let work = move || {
        // The crate panics on answers that it does not expect of a kernel.
        let done = catch_unwind(AssertUnwindSafe(|| feed(&source, &wish, timeline, &ended)));
        let failure = match done {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(_) => {
                let what = "the driver gave an answer that makes no sense".to_owned();
                Failure { kind: gst::ResourceError::Failed, what }
            }
        };
        gst::element_error!(source, failure.kind, ("{}", failure.what));
    };
    let thread = std::thread::Builder::new().name("v4l2-capture".to_owned()).spawn(work);
    thread.inspect_err(|error| tracing::error!(%error, "a camera has no thread")).ok()
}

fn feed(source: &app::AppSrc, wish: &Wish, timeline: Timeline, ended: &Ended) -> Result<(), Failure> {
    let device = Device::with_path(&wish.path).map_err(|e| Failure::of("it can't be opened", &e))?;
    let code = FourCC::new(&wish.format.code());
    let asked = v4l::Format::new(wish.width, wish.height, code);
    let format = device.set_format(&asked).map_err(|e| Failure::of("it does not take this format", &e))?;
    if format.fourcc != code {
        let what = format!("it gives {} instead of {code}", format.fourcc);
        return Err(Failure { kind: gst::ResourceError::Settings, what });
    }
    // Those that have one rate alone refuse to be asked.
    let interval = Fraction::new(wish.rate.1, wish.rate.0);
    let interval = device.set_params(&Parameters::new(interval)).map_or(interval, |given| given.interval);
    let rate = match (interval.denominator, interval.numerator) {
        (0, _) | (_, 0) => wish.rate,
        rate => rate,
    };
    let caps = given(wish.format, format.width, format.height, rate);
    let caps: gst::Caps = caps.parse().expect("caps are written in one place");
    // Raw pictures are laid out anew where the driver's rows are longer than GStreamer's.
    let layout = wish.format.raw().and_then(|_| video::VideoInfo::from_caps(&caps).ok());
    source.set_caps(Some(&caps));

    let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS)
        .map_err(|e| Failure::of("it gives no memory for pictures", &e))?;
    // All but the first, which `next` hands over: until there is a picture it is not waited for where nobody could stop it.
    let mut handed = 1;
    while stream.queue(handed).is_ok() {
        handed += 1;
    }
    stream.start().map_err(|e| Failure::of("it does not start", &e))?;
    let done = pictures(source, &mut stream, timeline, ended, (format.stride as usize, layout.as_ref()));
    match stream.stop() {
        // The crate panics, maybe twice, where a driver does not let go.
        Err(error) if error.raw_os_error() != Some(Errno::ENODEV as i32) => {
            tracing::error!(%error, "a camera can't be stopped, and stays open");
            std::mem::forget(stream);
        }
        _ => {}
    }
    done
}

/// Takes pictures from a camera that runs, until the pipeline ends.
fn pictures(
    source: &app::AppSrc,
    stream: &mut Stream<'_>,
    timeline: Timeline,
    ended: &Ended,
    (stride, layout): (usize, Option<&video::VideoInfo>),
) -> Result<(), Failure> {
    let handle = stream.handle();
    let mut last = MediaTime::from_nanos(i64::MIN);
    while ended.check().is_ok() {
        match handle.poll(PollFlags::POLLIN.bits(), LOOK) {
            Ok(0) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) => {}
            Err(error) => return Err(Failure::of("it can't be waited for", &error)),
        }
        let (data, about) = stream.next().map_err(|_| Failure {
            kind: gst::ResourceError::Read,
            what: "it gives no pictures any more: it was unplugged, or its driver failed".to_owned(),
        })?;
        let data = data.get(..about.bytesused as usize).unwrap_or(data);
        let now = monotonic_nanos();
        let time = timeline.from_monotonic(captured(about, now, timeline, last));
        if about.flags.contains(Flags::ERROR) || data.is_empty() || time <= last {
            continue;
        }
        let Some(mut buffer) = buffer(data, stride, layout) else { continue };
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(buffers::pts(time));
        }
        last = time;
        if source.push_buffer(buffer).is_err() {
            break;
        }
    }
    Ok(())
}

/// When a picture was taken, in nanoseconds of the monotonic clock: as the driver says, or now if that can't be.
fn captured(about: &Metadata, now: i64, timeline: Timeline, last: MediaTime) -> i64 {
    let said =
        about.timestamp.sec.saturating_mul(1_000_000_000).saturating_add(about.timestamp.usec.saturating_mul(1000));
    let monotonic = about.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let possible = (now.saturating_sub(OLDEST)..=now).contains(&said) && timeline.from_monotonic(said) > last;
    if monotonic && possible { said } else { now }
}

/// A picture as a buffer; `None` when a part of it is missing.
fn buffer(data: &[u8], stride: usize, layout: Option<&video::VideoInfo>) -> Option<gst::Buffer> {
    let data = match layout {
        Some(info) => laid_out(data, stride, info)?,
        None => data.to_vec(),
    };
    Some(gst::Buffer::from_slice(Bytes::from(data)))
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
    use v4l::timestamp::Timestamp;

    use super::*;

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

    #[test]
    fn the_moment_of_capture_is_the_driver_s_where_that_can_be() {
        let timeline = Timeline::new(std::time::Instant::now(), monotonic_nanos(), 0);
        let now = monotonic_nanos();
        let about = |nanos: i64, flags| Metadata {
            timestamp: Timestamp::new(nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000),
            flags,
            ..Metadata::default()
        };
        let before = now - 30_000_000;
        let micros = before / 1000 * 1000;
        let never = MediaTime::from_nanos(i64::MIN);
        let at = |about: &Metadata, last| captured(about, now, timeline, last);
        let monotonic = Flags::TIMESTAMP_MONOTONIC;
        assert_eq!(at(&about(before, monotonic), never), micros);
        assert_eq!(at(&about(before, monotonic | Flags::TSTAMP_SRC_SOE), never), micros);
        assert_eq!(at(&about(before, Flags::TIMESTAMP_UNKNOWN), never), now, "by another clock");
        assert_eq!(at(&about(now + 1_000_000, monotonic), never), now, "ahead");
        assert_eq!(at(&about(now - 3_000_000_000, monotonic), never), now, "long ago");
        assert_eq!(at(&about(before, monotonic), timeline.from_monotonic(before)), now, "not after the one before it");
        assert_eq!(at(&about(i64::MAX, monotonic), never), now);
    }

    #[test]
    fn what_fails_is_told_apart() {
        let of = |error: Errno| Failure::of("x", &io::Error::from_raw_os_error(error as i32)).kind;
        assert_eq!(of(Errno::EBUSY), gst::ResourceError::Busy);
        assert_eq!(of(Errno::ENOSPC), gst::ResourceError::NoSpaceLeft, "the USB has no room for it");
        assert_eq!(of(Errno::EINVAL), gst::ResourceError::Settings);
        assert_eq!(of(Errno::ENOENT), gst::ResourceError::OpenReadWrite);
    }
}
