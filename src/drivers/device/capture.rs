//! A V4L2 camera's pictures, as the kernel gives them.
//!
//! Source: Linux media documentation, "Streaming I/O (Memory Mapping)".

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::poll::PollFlags;
use v4l::buffer::{Flags, Metadata, Type};
use v4l::format::FourCC;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream as _, Stream as _};
use v4l::video::Capture as _;
use v4l::video::capture::Parameters;
use v4l::{Device, Fraction};

use super::{Format, monotonic_nanos};

/// Pictures that the kernel may have ready before they are taken. One is ours; some drivers begin only with four of their own.
const BUFFERS: u32 = 5;
/// Milliseconds after which it is looked whether anybody still wants pictures.
const LOOK: i32 = 50;
/// A moment of capture that is further back than so many nanoseconds, or ahead, is a driver's mistake.
const OLDEST: i64 = 2_000_000_000;

/// What is asked of a camera, and what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How its pictures are coded.
    pub format: Format,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// So many pictures in so many seconds.
    pub rate: (u32, u32),
    /// Bytes from one row to the next of the first plane; 0 where there is no gap, or rows mean nothing.
    pub stride: usize,
}

/// Why a camera gives nothing, or nothing any more.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is not there, may not be opened, or failed.
    #[error("{0}: {1}")]
    Failed(&'static str, io::Error),
    /// Somebody else has it.
    #[error("it is in use by another program")]
    Busy,
    /// It can't do what is asked of it here; another mode may work.
    #[error("it can't do this here: {0}")]
    Unfit(String),
    /// It gave pictures, and gives none any more.
    #[error("it gives no pictures any more: it was unplugged, or its driver failed")]
    Gone,
    /// What its driver answers makes no sense.
    #[error("its driver gives an answer that makes no sense")]
    Nonsense,
}

impl CaptureError {
    fn of(doing: &'static str, error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => Self::Busy,
            // The USB has no room for it, or the driver knows no such thing.
            Some(Errno::ENOSPC | Errno::EINVAL | Errno::ENOTTY) => Self::Unfit(format!("{doing}: {error}")),
            _ => Self::Failed(doing, error),
        }
    }
}

/// Takes a camera's pictures on this thread, until nobody wants them. First `begins` is told what it gives, which may be another size or
/// rate than was asked for; then `picture` takes each with the moment of its capture in nanoseconds of the monotonic clock, which
/// rises, and says whether more are wanted. When this returns the device is closed.
///
/// # Errors
/// [`CaptureError`].
pub fn capture(
    path: &str,
    asked: Shape,
    wanted: impl Fn() -> bool,
    begins: impl FnOnce(Shape),
    picture: impl FnMut(&[u8], i64) -> bool,
) -> Result<(), CaptureError> {
    // The crate panics on answers that it does not expect of a kernel.
    let done = catch_unwind(AssertUnwindSafe(|| take(path, asked, &wanted, begins, picture)));
    done.unwrap_or(Err(CaptureError::Nonsense))
}

fn take(
    path: &str,
    asked: Shape,
    wanted: &impl Fn() -> bool,
    begins: impl FnOnce(Shape),
    picture: impl FnMut(&[u8], i64) -> bool,
) -> Result<(), CaptureError> {
    let device = Device::with_path(path).map_err(|e| CaptureError::of("it can't be opened", e))?;
    let format = set(&device, asked)?;
    // Those that have one rate alone refuse to be asked.
    let interval = Fraction::new(asked.rate.1, asked.rate.0);
    let interval = device.set_params(&Parameters::new(interval)).map_or(interval, |given| given.interval);
    let rate = match (interval.denominator, interval.numerator) {
        (0, _) | (_, 0) => asked.rate,
        rate => rate,
    };
    begins(Shape { width: format.width, height: format.height, rate, stride: format.stride as usize, ..asked });

    let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS)
        .map_err(|e| CaptureError::of("memory for pictures", e))?;
    // All but the first, which `next` hands over: until there is a picture it is not waited for where nobody could stop it.
    let mut handed = 1;
    while stream.queue(handed).is_ok() {
        handed += 1;
    }
    stream.start().map_err(|e| CaptureError::of("its start", e))?;
    let done = pictures(&mut stream, wanted, picture);
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

/// Sets the format, by whichever of its codes the camera knows.
fn set(device: &Device, asked: Shape) -> Result<v4l::Format, CaptureError> {
    let mut given = None;
    for code in asked.format.codes() {
        let wished = v4l::Format::new(asked.width, asked.height, FourCC::new(code));
        let format = device.set_format(&wished).map_err(|e| CaptureError::of("the format", e))?;
        if Format::of(format.fourcc.repr) == Some(asked.format) {
            return Ok(format);
        }
        given = Some(format.fourcc);
    }
    let given = given.map(|code| code.to_string()).unwrap_or_default();
    Err(CaptureError::Unfit(format!("it gives {given} instead of {}", asked.format.word())))
}

fn pictures(
    stream: &mut Stream<'_>,
    wanted: &impl Fn() -> bool,
    mut picture: impl FnMut(&[u8], i64) -> bool,
) -> Result<(), CaptureError> {
    let handle = stream.handle();
    let mut last = i64::MIN;
    while wanted() {
        match handle.poll(PollFlags::POLLIN.bits(), LOOK) {
            Ok(0) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(_) => {}
            Err(error) => return Err(CaptureError::of("it can't be waited for", error)),
        }
        let (data, about) = stream.next().map_err(|_| CaptureError::Gone)?;
        let data = data.get(..about.bytesused as usize).unwrap_or(data);
        let time = captured(about, monotonic_nanos(), last);
        if about.flags.contains(Flags::ERROR) || data.is_empty() || time <= last {
            continue;
        }
        last = time;
        if !picture(data, time) {
            break;
        }
    }
    Ok(())
}

/// When a picture was taken: as the driver says, or now if that can't be.
fn captured(about: &Metadata, now: i64, last: i64) -> i64 {
    let said =
        about.timestamp.sec.saturating_mul(1_000_000_000).saturating_add(about.timestamp.usec.saturating_mul(1000));
    let monotonic = about.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let possible = (now.saturating_sub(OLDEST)..=now).contains(&said) && said > last;
    if monotonic && possible { said } else { now }
}

#[cfg(test)]
mod tests {
    use v4l::timestamp::Timestamp;

    use super::*;

    #[test]
    fn the_moment_of_capture_is_the_driver_s_where_that_can_be() {
        let now = 7_000_000_000_123;
        let about = |nanos: i64, flags| Metadata {
            timestamp: Timestamp::new(nanos / 1_000_000_000, nanos % 1_000_000_000 / 1000),
            flags,
            ..Metadata::default()
        };
        let before = now - 30_000_000;
        let micros = before / 1000 * 1000;
        let at = |about: &Metadata, last| captured(about, now, last);
        let monotonic = Flags::TIMESTAMP_MONOTONIC;
        assert_eq!(at(&about(before, monotonic), i64::MIN), micros);
        assert_eq!(at(&about(before, monotonic | Flags::TSTAMP_SRC_SOE), i64::MIN), micros);
        assert_eq!(at(&about(before, Flags::TIMESTAMP_UNKNOWN), i64::MIN), now, "by another clock");
        assert_eq!(at(&about(now + 1_000_000, monotonic), i64::MIN), now, "ahead");
        assert_eq!(at(&about(now - 3_000_000_000, monotonic), i64::MIN), now, "long ago");
        assert_eq!(at(&about(before, monotonic), before), now, "not after the one before it");
        assert_eq!(at(&about(i64::MAX, monotonic), i64::MIN), now);
    }

    #[test]
    fn what_fails_is_told_apart() {
        let of = |error: Errno| CaptureError::of("x", io::Error::from_raw_os_error(error as i32));
        assert!(matches!(of(Errno::EBUSY), CaptureError::Busy));
        assert!(matches!(of(Errno::ENOSPC), CaptureError::Unfit(_)), "the USB has no room for it");
        assert!(matches!(of(Errno::EINVAL), CaptureError::Unfit(_)));
        assert!(matches!(of(Errno::ENOENT), CaptureError::Failed(..)));
    }

    #[test]
    fn what_is_no_camera_gives_no_picture() {
        let shape = Shape { format: Format::Yuyv, width: 640, height: 480, rate: (30, 1), stride: 0 };
        let of =
            |path| capture(path, shape, || true, |_| panic!("it gives nothing"), |_, _| panic!("it gives nothing"));
        assert!(matches!(of("/dev/nowhere"), Err(CaptureError::Failed(..))));
        assert!(matches!(of("/dev/null"), Err(CaptureError::Unfit(_))));
    }
}
