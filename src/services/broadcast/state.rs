//! The list and what changes it. Pure.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Broadcast, Epoch, Error, Live, Recorded, Restricted, Title};
use crate::model::id::{BroadcastId, PublicationId, RoomId};
use crate::model::time::MediaTime;

/// Broadcasts on one box.
const MAX_BROADCASTS: usize = 1024;

/// Something happened to a broadcast.
#[derive(Debug, Clone)]
pub enum Change {
    Register { id: BroadcastId, title: Title },
    Publish { id: BroadcastId, title: Title, recorded: Recorded },
    Start { id: BroadcastId, title: Title, since: i64, publication: PublicationId },
    Restrict { id: BroadcastId, room: Option<RoomId> },
    Cut { id: BroadcastId, at: MediaTime },
    Stop { id: BroadcastId },
    SetViewers { id: BroadcastId, viewers: u32 },
    Remove { id: BroadcastId },
}

#[derive(Debug, Default)]
pub struct State {
    broadcasts: BTreeMap<BroadcastId, Broadcast>,
}

impl State {
    /// Takes a change in. Says whether the list is another one now.
    pub fn apply(&mut self, change: Change) -> Result<bool, Error> {
        let full = self.broadcasts.len() >= MAX_BROADCASTS;
        match change {
            Change::Register { id, title } => match self.broadcasts.entry(id) {
                Entry::Occupied(entry) => Ok(replace(&mut entry.into_mut().title, title)),
                Entry::Vacant(_) if full => Err(Error::TooMany),
                Entry::Vacant(entry) => {
                    entry.insert(Broadcast { id, title, live: None, recorded: None, restricted: None });
                    Ok(true)
                }
            },
            Change::Publish { id, title, recorded } => {
                let now = Broadcast { id, title, live: None, recorded: Some(recorded), restricted: None };
                match self.broadcasts.entry(id) {
                    Entry::Occupied(entry) => Ok(replace(entry.into_mut(), now)),
                    Entry::Vacant(_) if full => Err(Error::TooMany),
                    Entry::Vacant(entry) => {
                        entry.insert(now);
                        Ok(true)
                    }
                }
            }
            Change::Start { id, title, since, publication } => {
                let broadcast = self.known(id)?;
                let live = broadcast.live.unwrap_or(Live {
                    since,
                    viewers: 0,
                    publication,
                    cut: MediaTime::from_nanos(i64::MIN),
                });
                Ok(replace(&mut broadcast.title, title) | replace(&mut broadcast.live, Some(live)))
            }
            Change::Restrict { id, room } => {
                let broadcast = self.known(id)?;
                let same = broadcast.restricted.as_ref().map(|restricted| restricted.room) == room;
                if !same {
                    broadcast.restricted = room.map(|room| Restricted { room, epoch: Epoch::random() });
                }
                Ok(!same)
            }
            Change::Stop { id } => Ok(replace(&mut self.known(id)?.live, None)),
            Change::SetViewers { id, viewers } => {
                let broadcast = self.known(id)?;
                let live = broadcast.live.map(|live| Live { viewers, ..live });
                Ok(replace(&mut broadcast.live, live))
            }
            Change::Cut { id, at } => {
                let broadcast = self.known(id)?;
                let live = broadcast.live.map(|live| Live { cut: live.cut.max(at), ..live });
                Ok(replace(&mut broadcast.live, live))
            }
            Change::Remove { id } => Ok(self.broadcasts.remove(&id).is_some()),
        }
    }

    /// Gives restricted broadcasts other addresses. Says whether there are any.
    pub fn renew(&mut self) -> bool {
        let restricted = self.broadcasts.values_mut().filter_map(|broadcast| broadcast.restricted.as_mut());
        restricted.map(|restricted| restricted.epoch = Epoch::random()).count() > 0
    }

    /// All of them, by id.
    pub fn list(&self) -> Vec<Broadcast> {
        self.broadcasts.values().cloned().collect()
    }

    fn known(&mut self, id: BroadcastId) -> Result<&mut Broadcast, Error> {
        self.broadcasts.get_mut(&id).ok_or(Error::Unknown(id))
    }
}

fn replace<T: PartialEq>(place: &mut T, value: T) -> bool {
    let other = *place != value;
    *place = value;
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BroadcastId = BroadcastId::from_bytes([1; 10]);
    const ON_AIR: PublicationId = PublicationId::from_bytes([2; 10]);
    const NEVER: MediaTime = MediaTime::from_nanos(i64::MIN);

    fn title(text: &str) -> Title {
        Title::new(text).expect("a title")
    }

    fn registered() -> State {
        let mut state = State::default();
        assert_eq!(state.apply(Change::Register { id: ID, title: title("Garden") }), Ok(true));
        state
    }

    #[test]
    fn a_broadcast_goes_on_air_and_off_again_and_keeps_its_title() {
        let mut state = registered();
        assert_eq!(
            state.apply(Change::Start { id: ID, title: title("Party"), since: 7, publication: ON_AIR }),
            Ok(true)
        );
        assert_eq!(state.apply(Change::SetViewers { id: ID, viewers: 3 }), Ok(true));
        assert_eq!(
            state.list(),
            [Broadcast {
                id: ID,
                title: title("Party"),
                live: Some(Live { since: 7, viewers: 3, publication: ON_AIR, cut: NEVER }),
                recorded: None,
                restricted: None,
            }]
        );
        assert_eq!(state.apply(Change::Stop { id: ID }), Ok(true));
        assert_eq!(
            state.list(),
            [Broadcast { id: ID, title: title("Party"), live: None, recorded: None, restricted: None }]
        );
    }

    #[test]
    fn a_restricted_broadcast_has_a_secret_of_its_own_until_it_is_renewed_or_for_everybody() {
        let mut state = registered();
        let room = RoomId::from_bytes([3; 10]);
        let key = |state: &State| state.list()[0].key();
        let plain = key(&state);
        assert!(plain.epoch.is_none() && !state.renew());
        assert_eq!(state.apply(Change::Restrict { id: ID, room: Some(room) }), Ok(true));
        let first = key(&state);
        assert_eq!(state.apply(Change::Restrict { id: ID, room: Some(room) }), Ok(false));
        assert_eq!(key(&state), first, "it is only told again");
        assert!(first.epoch.is_some() && state.renew());
        let second = key(&state);
        assert!(second.epoch.is_some() && second != first);
        assert_eq!(state.apply(Change::Restrict { id: ID, room: None }), Ok(true));
        assert_eq!(key(&state), plain);
        assert_eq!(state.apply(Change::Restrict { id: ID, room: Some(room) }), Ok(true));
        assert!(![&first, &second].contains(&&key(&state)));
    }

    #[test]
    fn starting_twice_keeps_the_first_start() {
        let mut state = registered();
        for since in [7, 9] {
            state
                .apply(Change::Start { id: ID, title: title("Garden"), since, publication: ON_AIR })
                .expect("it starts");
        }
        assert_eq!(state.list()[0].live, Some(Live { since: 7, viewers: 0, publication: ON_AIR, cut: NEVER }));
    }

    #[test]
    fn a_recording_is_watched_like_a_broadcast_and_is_never_on_air() {
        let mut state = State::default();
        let recorded = Recorded { started: 7, duration: 60_000 };
        let publish = |text: &str| Change::Publish { id: ID, title: title(text), recorded };
        assert_eq!(state.apply(publish("Garden")), Ok(true));
        assert_eq!(state.apply(publish("Garden")), Ok(false));
        assert_eq!(state.apply(publish("Party")), Ok(true));
        let expected =
            Broadcast { id: ID, title: title("Party"), live: None, recorded: Some(recorded), restricted: None };
        assert_eq!(state.list(), [expected]);
        assert_eq!(state.apply(Change::Remove { id: ID }), Ok(true));
        assert!(state.list().is_empty());
    }

    #[test]
    fn what_changes_nothing_is_not_told() {
        let mut state = registered();
        assert_eq!(state.apply(Change::Register { id: ID, title: title("Garden") }), Ok(false));
        assert_eq!(state.apply(Change::Stop { id: ID }), Ok(false));
        assert_eq!(state.apply(Change::SetViewers { id: ID, viewers: 3 }), Ok(false));
        assert_eq!(state.list()[0].live, None);
    }

    #[test]
    fn an_unknown_broadcast_is_refused() {
        let mut state = State::default();
        for change in [
            Change::Start { id: ID, title: title("Garden"), since: 0, publication: ON_AIR },
            Change::Stop { id: ID },
            Change::SetViewers { id: ID, viewers: 1 },
        ] {
            assert_eq!(state.apply(change), Err(Error::Unknown(ID)));
        }
        assert_eq!(state.apply(Change::Remove { id: ID }), Ok(false));
    }

    #[test]
    fn the_list_has_an_end() {
        let mut state = State::default();
        for n in 0..MAX_BROADCASTS as u16 {
            let mut bytes = [0; 10];
            bytes[..2].copy_from_slice(&n.to_be_bytes());
            let id = BroadcastId::from_bytes(bytes);
            assert_eq!(state.apply(Change::Register { id, title: title("Garden") }), Ok(true));
        }
        let one_more = BroadcastId::from_bytes([0xff; 10]);
        assert_eq!(state.apply(Change::Register { id: one_more, title: title("Garden") }), Err(Error::TooMany));
    }

    #[test]
    fn a_cut_moves_on_only_and_ends_with_the_broadcast() {
        let mut state = State::default();
        state.apply(Change::Register { id: ID, title: title("Garden") }).expect("it is registered");
        state.apply(Change::Cut { id: ID, at: MediaTime::ZERO }).expect("off air it changes nothing");
        state
            .apply(Change::Start { id: ID, title: title("Garden"), since: 7, publication: ON_AIR })
            .expect("it starts");
        let cut = |state: &State| state.list()[0].live.map(|live| live.cut);
        assert_eq!(cut(&state), Some(NEVER));
        for (at, expected) in [(5, 5), (3, 5), (9, 9)] {
            state.apply(Change::Cut { id: ID, at: MediaTime::from_millis(at) }).expect("it is on air");
            assert_eq!(cut(&state), Some(MediaTime::from_millis(expected)));
        }
    }
}
