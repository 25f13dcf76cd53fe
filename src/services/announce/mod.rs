//! What the box's screen says because somebody outside of the room wants it: that something is going to be opened, and messages.
//!
//! Owns the seconds in which whoever is in the room can stop it, by the remote control or a button. Opens nothing itself: whoever asked does
//! so afterwards. Does not own the screen nor the speaker; they follow what is announced.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::model::opening::Opening;

/// How long it is announced before it happens.
pub const AHEAD: Duration = Duration::from_secs(5);
/// How long a message is shown.
pub const SHOWN: Duration = Duration::from_secs(20);
/// Longest message, in characters.
pub const LONGEST: usize = 200;

/// Why it does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something else is being announced.
    #[error("something else is being announced; try again in a few seconds")]
    Busy,
    /// Somebody in the room has stopped it.
    #[error("somebody in the room has stopped it")]
    Stopped,
}

/// What is announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// What is going to be opened, and when.
    pub opening: Option<(Opening, Instant)>,
    /// A message, and until when it is shown.
    pub message: Option<(Arc<str>, Instant)>,
}

impl Announced {
    /// The message, unless it has been shown for long enough.
    pub fn message(&self, now: Instant) -> Option<&str> {
        self.message.as_ref().filter(|(_, until)| now < *until).map(|(text, _)| &**text)
    }
}

/// The way to it; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Handle(Arc<watch::Sender<Announced>>);

impl Handle {
    /// What is announced, now and whenever it changes.
    pub fn follow(&self) -> watch::Receiver<Announced> {
        self.0.subscribe()
    }

    /// Announces it, and waits until it may happen. If this is dropped meanwhile, it is not announced any more.
    ///
    /// # Errors
    /// [`Error`]; then it may not.
    pub async fn announce(&self, what: Opening) -> Result<(), Error> {
        let until = Instant::now() + AHEAD;
        let begun = self.0.send_if_modified(|announced| {
            let free = announced.opening.is_none();
            if free {
                announced.opening = Some((what, until));
            }
            free
        });
        if !begun {
            return Err(Error::Busy);
        }
        let shown = Shown(self);
        let mut follow = self.follow();
        let stopped = follow.wait_for(|announced| announced.opening.is_none());
        let happens = tokio::time::timeout_at(until, stopped).await.is_err();
        drop(shown);
        if happens { Ok(()) } else { Err(Error::Stopped) }
    }

    /// Stops what is announced. Answers whether there was anything.
    pub fn stop(&self) -> bool {
        self.0.send_if_modified(|announced| announced.opening.take().is_some())
    }

    /// Shows a message: one line, of which the beginning is shown when it is too long. An empty one takes the last away.
    pub fn say(&self, text: &str) {
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let message = (!line.is_empty()).then(|| (line.into(), Instant::now() + SHOWN));
        self.0.send_modify(|announced| announced.message = message);
    }
}

/// Takes the announcement away when it is over, or nobody waits for it any more.
struct Shown<'a>(&'a Handle);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_happens_after_five_seconds_in_which_everybody_sees_it() {
        let (handle, start) = (Handle::default(), Instant::now());
        let mut seen = handle.follow();
        let announced = handle.announce(Opening::Live);
        let looked = async {
            seen.changed().await.expect("it runs");
            seen.borrow_and_update().opening
        };
        let (done, what) = tokio::join!(announced, looked);
        assert_eq!((done, what), (Ok(()), Some((Opening::Live, start + AHEAD))));
        assert_eq!(start.elapsed(), AHEAD);
        assert_eq!(handle.follow().borrow().opening, None);
        assert!(!handle.stop(), "there is nothing to stop any more");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stops_it_keeps_it_from_happening_and_one_is_announced_at_a_time() {
        let handle = Handle::default();
        let stopped = async {
            tokio::time::sleep(AHEAD / 2).await;
            assert_eq!(handle.announce(Opening::Record).await, Err(Error::Busy));
            handle.stop()
        };
        let (done, stopped) = tokio::join!(handle.announce(Opening::Answer), stopped);
        assert_eq!((done, stopped), (Err(Error::Stopped), true));
        assert_eq!(handle.announce(Opening::Record).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_any_more_is_not_announced() {
        let handle = Handle::default();
        let waited = tokio::time::timeout(AHEAD / 2, handle.announce(Opening::Unmute)).await;
        assert!(waited.is_err());
        assert_eq!(handle.follow().borrow().opening, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_one_line_and_goes_after_a_while() {
        let handle = Handle::default();
        handle.say("  Dinner\n is\u{7} ready  ");
        let shown = handle.follow().borrow().clone();
        assert_eq!(shown.message(Instant::now()), Some("Dinner is ready"));
        assert_eq!(shown.message(Instant::now() + SHOWN), None);
        handle.say(&"m".repeat(500));
        let long = handle.follow().borrow().message(Instant::now()).map(str::len);
        assert_eq!(long, Some(LONGEST));
        handle.say(" ");
        assert_eq!(handle.follow().borrow().message, None);
    }
}
