//! Heat: while the board is too hot, less is made of the box's own camera before anything stutters: first fewer pictures, then smaller
//! ones. It is said in the log, to the owner's page and by the doctor. Owns how much less; those who do less are told by a `watch`.

mod state;

pub use state::Level;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::device;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(2);

/// Starts looking on `tasks`, until `cancel`.
pub fn start(tasks: &TaskTracker, cancel: CancellationToken) -> watch::Receiver<Level> {
    let (told, level) = watch::channel(Level::Normal);
    tasks.spawn(cancel.run_until_cancelled_owned(look(told)));
    level
}

async fn look(told: watch::Sender<Level>) {
    let mut policy = state::Policy::default();
    let mut again = tokio::time::interval(LOOK);
    loop {
        again.tick().await;
        // The firmware is asked, which may take a moment.
        let Ok(heat) = tokio::task::spawn_blocking(device::heat).await else { continue };
        let reading = state::Reading { throttled: heat.is_throttled(), degrees: heat.degrees };
        let level = policy.take(reading, Instant::now());
        let before = *told.borrow();
        if level == before {
            continue;
        }
        match level {
            Level::Normal => tracing::info!(degrees = heat.degrees, "the board is cool: the camera is sent as always"),
            _ if level < before => {
                tracing::info!(degrees = heat.degrees, "the board gets cooler: the camera is sent in its full size")
            }
            Level::FewerPictures => {
                tracing::warn!(
                    degrees = heat.degrees,
                    "the board is too hot: half of the camera's pictures are left out"
                );
            }
            Level::Smaller => {
                tracing::warn!(degrees = heat.degrees, "the board is still too hot: the camera is sent smaller");
            }
        }
        told.send_replace(level);
    }
}
