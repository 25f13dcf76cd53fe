//! What was done by whom: who agreed to be on air, who was muted, let in, removed, which rights were changed.
//!
//! One actor writes it down in order; it is kept for as long as [`KEPT`] says, and read from the store. Names are what people were
//! called then. It holds nothing that anybody said or wrote.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::drivers::store;
use crate::model::id::RoomId;
use crate::services::access::Clock;

/// Entries that wait to be written; whoever brings more waits.
const QUEUE: usize = 256;
/// So many are written at once.
const BATCH: usize = 64;
/// How long an entry is kept.
pub const KEPT: Duration = Duration::from_secs(180 * 24 * 3600);
/// How many are.
const MOST: u32 = 20_000;
/// How many are read at once.
pub const PAGE: u32 = 100;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// In which room, if in one.
    pub room: Option<RoomId>,
    /// Who, as they are called.
    pub actor: String,
    /// What: one of the words in docs/reference/audit.md.
    pub action: &'static str,
    /// To whom or to what.
    pub subject: Option<String>,
    /// What else there is to say of it.
    pub detail: Option<String>,
}

impl Entry {
    /// That something was done.
    pub const fn new(room: Option<RoomId>, action: &'static str) -> Self {
        Self { room, actor: String::new(), action, subject: None, detail: None }
    }

    /// By whom.
    #[must_use]
    pub fn by(self, actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), ..self }
    }

    /// To whom or to what.
    #[must_use]
    pub fn to(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// What else there is to say.
    #[must_use]
    pub fn with(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// The way to it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    entries: mpsc::Sender<(i64, Entry)>,
    store: store::Handle,
    clock: Clock,
}

/// Starts the actor on `tasks`; it ends with `stop`, after it has written what it was told.
pub fn start(store: store::Handle, clock: Clock, tasks: &TaskTracker, stop: CancellationToken) -> Handle {
    let (entries, queue) = mpsc::channel(QUEUE);
    tasks.spawn(run(store.clone(), queue, stop));
    Handle { entries, store, clock }
}

impl Handle {
    /// Notes what was done. What can't be written is said in the log, and what was done stays done.
    pub async fn note(&self, entry: Entry) {
        if self.entries.send((self.clock.now(), entry)).await.is_err() {
            tracing::warn!("the audit log takes nothing any more: the box is shutting down");
        }
    }

    /// What was done, the newest first, at most [`PAGE`]: of one room, or all; from before an entry, or the newest.
    ///
    /// # Errors
    /// Of the store.
    pub async fn list(&self, room: Option<RoomId>, before: Option<i64>) -> Result<Vec<store::Audited>, store::Error> {
        self.store.audited(room, before, PAGE).await
    }
}

async fn run(store: store::Handle, mut queue: mpsc::Receiver<(i64, Entry)>, stop: CancellationToken) {
    let mut batch = Vec::new();
    loop {
        let received = tokio::select! {
            biased;
            count = queue.recv_many(&mut batch, BATCH) => count,
            () = stop.cancelled() => {
                queue.close();
                queue.recv_many(&mut batch, QUEUE).await
            }
        };
        if received == 0 {
            return;
        }
        let at = batch.last().map_or(0, |(at, _)| *at);
        let rows = batch.drain(..).map(|(at, entry)| store::Audited {
            id: 0,
            at,
            room: entry.room,
            actor: entry.actor,
            action: entry.action.to_owned(),
            subject: entry.subject,
            detail: entry.detail,
        });
        let since = at.saturating_sub(KEPT.as_secs() as i64);
        if let Err(error) = store.insert_audited(rows.collect(), since, MOST).await {
            tracing::warn!(%error, "what was done could not be written into the audit log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_noted_before_the_stop_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store::open(folder.path()).expect("a store");
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let audit = start(store.clone(), Clock::new(|| 7), &tasks, stop.clone());
        for n in 0..100 {
            audit.note(Entry::new(None, "mute").by("Ada").to("Eve").with(n.to_string())).await;
        }
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let list = audit.list(None, None).await.expect("a list");
        assert_eq!(list.len(), 100);
        let newest = (list[0].at, list[0].subject.as_deref(), list[0].detail.as_deref());
        assert_eq!(newest, (7, Some("Eve"), Some("99")));
        assert!(list.iter().all(|entry| entry.actor == "Ada" && entry.action == "mute"));
    }
}
