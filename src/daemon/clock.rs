//! Remembers the latest time that the box has seen: a board without a clock of its own starts long ago.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::drivers::device::clock;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(3600);
/// How much later it is until it is written again, in seconds: once a day, and at the end.
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Keeps it until `stop`, and once more then. A clock that can't be right is said once, and not kept.
pub(super) async fn keep(state: PathBuf, stop: CancellationToken) {
    let now = clock::now();
    if clock::is_wrong(now) {
        tracing::warn!(
            "the clock of this machine is wrong: it is before this program was made; connect it to a network, from which it asks the time"
        );
    }
    let mut look = tokio::time::interval(LOOK);
    loop {
        let end = tokio::select! {
            _ = look.tick() => false,
            () = stop.cancelled() => true,
        };
        let state = state.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let (now, known) = (clock::now(), clock::known(&state));
            let later = now - known;
            if clock::is_wrong(now) || later < if end { HOUR } else { DAY } {
                return Ok(());
            }
            clock::remember(&state, now)
        });
        match kept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the time can't be kept for the next start"),
            Err(_) => return,
        }
        if end {
            return;
        }
    }
}
