//! The time of day on a board that has no clock of its own: when the program was made, and the latest time that the box has seen.
//!
//! Such a board starts long ago, until it has asked the network. What is remembered lies in the state folder and is written rarely.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::drivers::store::private;

/// When this program was made, in seconds since 1970 UTC: no right clock is before it.
pub const BUILT: i64 = number(env!("PORCHLIGHT_BUILT"));
/// Its file in the state folder.
const FILE: &str = "clock";

const fn number(text: &str) -> i64 {
    match i64::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("build.rs gives seconds"),
    }
}

/// The clock of the system, in seconds since 1970 UTC.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The latest time that is known to have been: what the box has seen, or when the program was made. Blocks.
pub fn known(state: &Path) -> i64 {
    let text = private::read(&state.join(FILE)).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(BUILT).max(BUILT)
}

/// Keeps this time. Blocks.
///
/// # Errors
/// What the system says.
pub fn remember(state: &Path, time: i64) -> io::Result<()> {
    private::write(&state.join(FILE), format!("{time}\n").as_bytes())
}

/// Whether a clock can't be right: it is before the program was made.
pub const fn is_wrong(now: i64) -> bool {
    now < BUILT
}

/// The time to go by: that of the clock, unless it can't be right; then the latest that is known. One that was remembered counts for nothing
/// else, so that a clock that was once far ahead does no harm.
pub const fn believed(now: i64, known: i64) -> i64 {
    if is_wrong(now) { known } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_program_was_made_is_not_believed() {
        let state = tempfile::tempdir().expect("a folder");
        assert_eq!(known(state.path()), BUILT);
        remember(state.path(), BUILT + 500).expect("it writes");
        let latest = known(state.path());
        assert_eq!(latest, BUILT + 500);
        assert_eq!(believed(0, latest), BUILT + 500);
        assert_eq!(believed(BUILT + 7, latest), BUILT + 7, "what was remembered may have been wrong");
        for text in ["", "soon", "-5", "7"] {
            std::fs::write(state.path().join(FILE), text).expect("it writes");
            assert_eq!(known(state.path()), BUILT, "{text:?}");
        }
        // 2026-01-01, and a century later.
        assert!((1_767_225_600..4_922_899_200).contains(&BUILT), "{BUILT}");
        assert!(!is_wrong(now()) && is_wrong(0));
    }
}
