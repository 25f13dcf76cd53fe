//! The loop: carries changes into the state and the list out of it.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::state::State;
use super::{Broadcast, Command};

#[tracing::instrument(name = "broadcast", skip_all)]
pub async fn run(
    mut commands: mpsc::Receiver<Command>,
    publish: watch::Sender<Arc<Vec<Broadcast>>>,
    mut ended: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    let mut state = State::default();
    loop {
        let command = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Ok(()) = ended.changed() => {
                if state.renew() {
                    publish.send_replace(Arc::new(state.list()));
                }
                continue;
            }
            command = commands.recv() => command,
        };
        let Some((change, reply)) = command else { break };
        let changed = state.apply(change);
        if changed == Ok(true) {
            publish.send_replace(Arc::new(state.list()));
        }
        // Who asked may be gone.
        let _ = reply.send(changed.map(drop));
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::task::TaskTracker;

    use super::super::{Error, Title, start};
    use super::*;
    use crate::model::id::BroadcastId;
    use crate::model::id::PublicationId;

    #[tokio::test]
    async fn everybody_sees_a_change_when_it_is_answered() {
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let broadcasts = start(&tracker, watch::channel(0).1, stop.clone());
        let mut list = broadcasts.list();
        let id = BroadcastId::from_bytes([1; 10]);
        let title = Title::new("Garden").expect("a title");
        broadcasts.register(id, title.clone()).await.expect("it is registered");
        broadcasts.start(id, title, 7, PublicationId::from_bytes([2; 10])).await.expect("it starts");
        assert_eq!(list.borrow_and_update()[0].live.map(|live| live.since), Some(7));
        broadcasts.stop(id).await.expect("it stops");
        list.changed().await.expect("the service lives");
        assert_eq!(list.borrow_and_update()[0].live, None);
        broadcasts.remove(id).await.expect("it is removed");
        assert!(list.borrow_and_update().is_empty());
        stop.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(broadcasts.stop(id).await, Err(Error::Closed));
        assert!(list.changed().await.is_err());
    }
}
