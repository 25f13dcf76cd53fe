//! What is on air can be watched: follows the list of broadcasts.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{BoxFuture, Feed, Handle, Streams, whep};
use crate::model::id::{BroadcastId, PublicationId};
use crate::model::purpose::Purpose;
use crate::model::rung::Rung;
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::services::supervisor::{Part, Supervisor};
use crate::services::{broadcast, ladder, origin};

/// The media of one broadcast, from the origin.
struct OnAir {
    origin: origin::Handle,
    ladder: ladder::Handle,
    publication: PublicationId,
    cuts: watch::Receiver<MediaTime>,
}

impl Feed for OnAir {
    fn open(&self) -> BoxFuture<'_, Result<Streams, String>> {
        Box::pin(async {
            let video = self.origin.units(self.publication, Codec::H264, Purpose::OnAir).await;
            let audio = self.origin.units(self.publication, Codec::Aac, Purpose::OnAir).await;
            match (video, audio) {
                (Err(error), Err(_)) => Err(error.to_string()),
                (video, audio) => Ok(Streams { video: video.ok(), audio: audio.ok(), cuts: self.cuts.clone() }),
            }
        })
    }

    fn rungs(&self) -> Vec<Rung> {
        let ladders = self.ladder.ladders();
        ladders.of.get(&self.publication).map(|steps| steps.keys().rev().copied().collect()).unwrap_or_default()
    }

    fn rung(&self, rung: Rung) -> BoxFuture<'_, Result<Streams, String>> {
        Box::pin(async move {
            let ladders = self.ladder.ladders();
            let step = ladders.of.get(&self.publication).and_then(|steps| steps.get(&rung)).copied();
            let step = step.ok_or_else(|| format!("there is no picture of {rung} lines"))?;
            let video = self.origin.units(step.publication, Codec::H264, Purpose::OnAir).await;
            let video = video.map_err(|error| error.to_string())?;
            Ok(Streams { video: Some(video), audio: None, cuts: self.cuts.clone() })
        })
    }
}

/// A broadcast that can be watched.
struct Followed {
    publication: PublicationId,
    cuts: watch::Sender<MediaTime>,
    /// Ends the counting of viewers.
    _counting: tokio_util::sync::DropGuard,
}

/// Adds to `egress` whatever goes on air, removes what goes off air, hands on cuts, and tells how many watch, those whom `counts` counts
/// included. Runs until `cancel`.
pub async fn follow(
    supervisor: Supervisor,
    egress: Handle,
    counts: watch::Receiver<whep::Counts>,
    broadcasts: broadcast::Handle,
    (origin, ladder): (origin::Handle, ladder::Handle),
    tasks: TaskTracker,
    cancel: CancellationToken,
) {
    let mut pauses = supervisor.pauses(Part::Egress);
    let work = || attend(&egress, &counts, &broadcasts, (&origin, &ladder), &tasks, &cancel);
    while pauses.attempt(work()).await.is_none() {}
}

async fn attend(
    egress: &Handle,
    counts: &watch::Receiver<whep::Counts>,
    broadcasts: &broadcast::Handle,
    (origin, ladder): (&origin::Handle, &ladder::Handle),
    tasks: &TaskTracker,
    cancel: &CancellationToken,
) {
    let mut list = broadcasts.list();
    let mut followed: HashMap<BroadcastId, Followed> = HashMap::new();
    loop {
        let now = list.borrow_and_update().clone();
        let live = |id: &BroadcastId| now.iter().find(|broadcast| broadcast.id == *id).and_then(|b| b.live);
        let gone = |(id, one): &(&BroadcastId, &Followed)| live(id).is_none_or(|l| l.publication != one.publication);
        for id in followed.iter().filter(gone).map(|(id, _)| *id).collect::<Vec<_>>() {
            followed.remove(&id);
            egress.remove(id).await;
        }
        for (id, live) in now.iter().filter_map(|broadcast| Some((broadcast.id, broadcast.live?))) {
            if let Some(one) = followed.get(&id) {
                one.cuts.send_if_modified(|cut| std::mem::replace(cut, live.cut) != live.cut);
                continue;
            }
            let (cuts, seen) = watch::channel(live.cut);
            let feed =
                OnAir { origin: origin.clone(), ladder: ladder.clone(), publication: live.publication, cuts: seen };
            egress.add(id, Arc::new(feed)).await;
            let counting = cancel.child_token();
            let count = count(egress.clone(), counts.clone(), broadcasts.clone(), id);
            tasks.spawn(counting.clone().run_until_cancelled_owned(count));
            let _counting = counting.drop_guard();
            followed.insert(id, Followed { publication: live.publication, cuts, _counting });
        }
        tokio::select! {
            changed = list.changed() => if changed.is_err() {
                return;
            },
            () = cancel.cancelled() => return,
        }
    }
}

async fn count(
    egress: Handle,
    mut counts: watch::Receiver<whep::Counts>,
    broadcasts: broadcast::Handle,
    id: BroadcastId,
) {
    let Ok(mut viewers) = egress.viewers(id).await else {
        return;
    };
    loop {
        let connected = counts.borrow_and_update().get(&id).copied().unwrap_or(0);
        let now = viewers.borrow_and_update().saturating_add(connected);
        // Off air meanwhile: nobody is told.
        if broadcasts.set_viewers(id, now).await.is_err() {
            return;
        }
        let changed = tokio::select! {
            changed = viewers.changed() => changed,
            changed = counts.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}
