//! The recording of one participant alone: what they send, as they send it, while what is on air is recorded and they agree to that.
//!
//! It is one stretch of the recording of what is on air: where that one waits or begins anew, and where somebody takes their yes back, the
//! file ends, and what follows is another one.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Parts;
use super::catalogue::Folder;
use super::session::{AGAIN, Made, Pace, Told, Write, Writing};
use crate::model::id::{PublicationId, RecordingId, RoomId};
use crate::model::purpose::Purpose;
use crate::model::ring::{Next, Reader};
use crate::model::time::MediaTime;
use crate::model::track::Codec;
use crate::model::unit::Unit;
use crate::proto::recording::Take;
use crate::services::room::{OnAir, Participant, Room, Rooms};

/// So much of what is newest is not written yet: what comes between somebody's taking back their yes and its being heard of here.
const HOLDS: Duration = Duration::from_millis(300);
/// All of it may be kept.
const ALL: MediaTime = MediaTime::from_nanos(i64::MAX);

pub(super) struct Separate {
    pub(super) id: RecordingId,
    pub(super) room: RoomId,
    pub(super) publication: PublicationId,
    pub(super) parts: Parts,
    pub(super) folder: Folder,
    pub(super) told: mpsc::Sender<Told>,
    pub(super) pace: watch::Receiver<Pace>,
    pub(super) stop: CancellationToken,
}

/// Who publishes this, as their camera and microphone or as a screen.
pub(super) fn publisher(room: &Room, publication: PublicationId) -> Option<&Participant> {
    let screen = |who: &Participant| who.screen.is_some_and(|screen| screen.publication == publication);
    room.participants.iter().find(|who| who.publication == publication || screen(who))
}

/// From when on nothing of what they publish may be kept; nothing as long as it may.
fn until(room: Option<&Room>, publication: PublicationId) -> Option<MediaTime> {
    let recording = room.and_then(|room| room.live.as_ref()?.recording);
    let who = room.and_then(|room| publisher(room, publication));
    let Some((recording, who)) = recording.zip(who) else { return Some(ALL) };
    let waits = (!recording.agreed).then_some(recording.since);
    let refuses = (who.separately != OnAir::Yes).then_some(who.separately_since);
    waits.into_iter().chain(refuses).min()
}

/// The next unit of a track, if there is one.
async fn next(reader: &mut Option<Reader<Unit>>) -> Next<Unit> {
    match reader {
        Some(reader) => reader.next().await,
        None => std::future::pending().await,
    }
}

impl Separate {
    /// Records until they do not agree any more, the recording of what is on air does not go on, something comes that takes another file,
    /// the disk fails, or `stop`.
    pub(super) async fn run(mut self) -> Made {
        let mut rooms = self.parts.rooms.rooms();
        let Some(place) = self.begins(&mut rooms).await else { return Made::default() };
        let writing = Writing::start(&self.folder, self.id);
        let mut take = Take::holding(HOLDS);
        let until = self.record(&mut take, place, &mut rooms, &writing.to).await;
        writing.end(take, until).await
    }

    /// From when on nothing may be kept, as the room says it.
    fn until(&self, rooms: &mut watch::Receiver<Rooms>) -> Option<MediaTime> {
        let rooms = rooms.borrow_and_update();
        until(rooms.iter().find(|room| room.id == self.room).map(|room| &**room), self.publication)
    }

    /// Waits until what is on air is recorded, and says where that begins; nothing if it is over before.
    async fn begins(&mut self, rooms: &mut watch::Receiver<Rooms>) -> Option<(MediaTime, u64)> {
        loop {
            if self.until(rooms).is_some() {
                return None;
            }
            if let Some(place) = self.pace.borrow_and_update().place {
                return Some(place);
            }
            tokio::select! {
                changed = rooms.changed() => changed.ok()?,
                changed = self.pace.changed() => changed.ok()?,
                () = self.stop.cancelled() => return None,
            }
        }
    }

    /// Answers from when on nothing may be kept.
    async fn record(
        &mut self,
        take: &mut Take,
        place: (MediaTime, u64),
        rooms: &mut watch::Receiver<Rooms>,
        writes: &mpsc::Sender<Write>,
    ) -> MediaTime {
        let (mut video, mut audio) = (None, None);
        let (mut asked, mut said, mut begun) = (Instant::now(), Instant::now(), false);
        let mut looked = None::<Instant>;
        loop {
            // What the room says comes before what is there to be read, also where both have come.
            if let Some(until) = self.until(rooms) {
                return until;
            }
            if self.pace.borrow_and_update().place != Some(place) || take.is_over() {
                return ALL;
            }
            let missing = video.is_none() || audio.is_none();
            if missing && looked.is_none_or(|looked| looked.elapsed() >= AGAIN) {
                looked = Some(Instant::now());
                if video.is_none() {
                    video = self.track(&[Codec::H264, Codec::Vp8]).await;
                    video.iter().for_each(Reader::request_keyframe);
                }
                if audio.is_none() {
                    audio = self.track(&[Codec::Opus]).await;
                }
            }
            let unit = tokio::select! {
                biased;
                changed = rooms.changed() => if changed.is_err() { return ALL } else { continue },
                changed = self.pace.changed() => if changed.is_err() { return ALL } else { continue },
                () = self.stop.cancelled() => return ALL,
                () = writes.closed() => return ALL,
                unit = next(&mut video) => {
                    let unit = taken(unit, &mut video);
                    if unit.is_none() {
                        take.lost();
                    }
                    unit
                }
                unit = next(&mut audio) => taken(unit, &mut audio),
                () = tokio::time::sleep(AGAIN), if missing => None,
            };
            // What is older than the recording of what is on air has no place beside it.
            let Some(unit) = unit.filter(|unit| unit.pts >= place.0) else { continue };
            let piece = take.push(unit);
            if let Some((at, _)) = take.place().filter(|_| !begun) {
                begun = true;
                let offset = place.1 + u64::try_from(at.since(place.0)).unwrap_or(0);
                let begins = Told::Begins { id: self.id, at, offset: offset / 1_000_000 };
                // When nobody listens any more the box is stopping.
                let _ = self.told.send(begins).await;
            }
            if take.needs_keyframe() && asked.elapsed() >= Duration::from_secs(1) {
                video.iter().for_each(Reader::request_keyframe);
                asked = Instant::now();
            }
            if !piece.is_empty() {
                lets_pass(&mut self.pace, &self.stop).await;
                if writes.send(Write::Piece(piece)).await.is_err() {
                    return ALL;
                }
            }
            if said.elapsed() >= Duration::from_secs(1) {
                said = Instant::now();
                let (id, duration, bytes) = (self.id, take.duration() / 1_000_000, take.bytes());
                let _ = self.told.send(Told::Goes { id, runs: true, duration, bytes, chapters: Vec::new() }).await;
            }
        }
    }

    /// A reader of their track in whichever of these codecs it is; nothing if there is none, or it is not for this.
    async fn track(&self, codecs: &[Codec]) -> Option<Reader<Unit>> {
        for codec in codecs {
            if let Ok(reader) = self.parts.origin.units(self.publication, *codec, Purpose::Separate).await {
                return Some(reader);
            }
        }
        None
    }
}

/// Waits while the recording of what is on air needs the disk for itself: what is lost here meanwhile is a gap.
async fn lets_pass(pace: &mut watch::Receiver<Pace>, stop: &CancellationToken) {
    // Where that one is over, and where this one is to stop, what was taken is still written.
    let _ = stop.run_until_cancelled(pace.wait_for(|pace| !pace.behind)).await;
}

/// A unit; nothing where something was lost, or the track has ended, which may begin anew.
fn taken(next: Next<Unit>, reader: &mut Option<Reader<Unit>>) -> Option<Unit> {
    match next {
        Next::Item(unit) => Some(unit),
        Next::Lagged(_) => None,
        Next::Closed | Next::Revoked => {
            *reader = None;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::session::PIECES;
    use super::*;
    use crate::proto::auth::Title;
    use crate::services::room::testing::{participant, room};
    use crate::services::room::{Live, ParticipantKind, Recording, Screen};

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_on_air_has_the_disk_for_itself_while_it_is_behind() {
        let waits = async |pace: &mut watch::Receiver<Pace>, stop: &CancellationToken| {
            tokio::time::timeout(Duration::from_secs(60), lets_pass(pace, stop)).await.is_err()
        };
        let (program, mut pace) = watch::channel(Pace::default());
        let stop = CancellationToken::new();
        for (room, behind) in [(PIECES, false), (PIECES / 2 + 1, false), (PIECES / 2, true), (0, true), (PIECES, false)]
        {
            program.send_replace(Pace::of(None, room));
            assert_eq!(waits(&mut pace, &stop).await, behind, "room for {room}");
        }
        program.send_replace(Pace::of(None, 0));
        stop.cancel();
        assert!(!waits(&mut pace, &stop).await, "what is to stop does");
        drop(program);
        assert!(!waits(&mut pace, &CancellationToken::new()).await, "nothing is written that could be behind");
    }

    #[test]
    fn nothing_is_kept_from_the_first_of_all_noes_on() {
        let screen = PublicationId::from_bytes([7; 10]);
        let recorded = |agreed, since, separately| {
            let mut who = participant(1, ParticipantKind::Person);
            (who.separately, who.separately_since) = separately;
            who.screen = Some(Screen { publication: screen, audio: false });
            let mut room = room(vec![who, participant(2, ParticipantKind::Person)]);
            let recording = Some(Recording { agreed, since: at(since), separately: true });
            let title = Title::new("Garden").expect("a title");
            room.live = Some(Live { since: 0, title, recording, by_itself: false });
            room
        };
        let table = [
            (true, 10, (OnAir::Yes, at(20)), None),
            (false, 10, (OnAir::Yes, at(5)), Some(at(10))),
            (true, 10, (OnAir::No, at(20)), Some(at(20))),
            (true, 10, (OnAir::Asked, at(20)), Some(at(20))),
            (false, 30, (OnAir::No, at(20)), Some(at(20))),
        ];
        for (agreed, since, separately, expected) in table {
            let room = recorded(agreed, since, separately);
            for publication in [room.participants[0].publication, screen] {
                assert_eq!(until(Some(&room), publication), expected, "{agreed} {separately:?}");
            }
        }
        let room = Arc::new(recorded(true, 0, (OnAir::Yes, at(0))));
        assert_eq!(until(Some(&room), PublicationId::from_bytes([9; 10])), Some(ALL), "they have left");
        assert!(until(Some(&room), room.participants[1].publication).is_some(), "nobody asked them");
        let off = Room { live: None, ..(*room).clone() };
        assert_eq!(until(Some(&off), screen), Some(ALL));
        assert_eq!(until(None, screen), Some(ALL));
    }
}
