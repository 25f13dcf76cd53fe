//! What is plugged in: cameras (V4L2), sound cards (ALSA), screens (DRM); and the machine's monotonic clock.
//!
//! Owns finding devices and naming them so that they are found again after a restart. Deliberately not here: opening
//! them for media (see [`crate::drivers::pipeline`]) and choosing one (see `services::endpoint`).
//!
//! Sources: Linux media documentation (V4L2 capabilities), `asoundlib`, `/sys/class/drm`.

use nix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in nanoseconds: the clock that media time counts on.
pub fn monotonic_nanos() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux always has a monotonic clock");
    now.tv_sec() * 1_000_000_000 + now.tv_nsec()
}
