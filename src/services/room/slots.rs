//! Which track goes to which slot.

use super::snapshot::{Label, Slot};
use crate::drivers::peer::server::{Bound, Mid};
use crate::model::id::ParticipantId;
use crate::model::track::Kind;

/// A track that a browser should receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) who: ParticipantId,
    pub(super) label: Label,
    pub(super) bound: Bound,
}

/// Whether [`assign`] has nothing to change.
pub(super) fn is_assigned(slots: &[Slot], kind: Kind, wishes: &[Wish]) -> bool {
    let slots = || slots.iter().filter(|slot| slot.kind == kind);
    let wishes = &wishes[..wishes.len().min(slots().count())];
    let is = |wish: &Wish| slots().any(|s| s.from == Some((wish.who, wish.label)) && s.bound == Some(wish.bound));
    slots().filter(|slot| slot.from.is_some()).count() == wishes.len() && wishes.iter().all(is)
}

/// Gives the tracks of one kind slots, the first first, as far as there are slots: what is bound and still wanted stays where
/// it is. Answers what has to be bound anew, adjusted or freed.
pub(super) fn assign(slots: &mut [Slot], kind: Kind, wishes: &[Wish]) -> Vec<(Mid, Option<Bound>)> {
    let mut slots: Vec<&mut Slot> = slots.iter_mut().filter(|slot| slot.kind == kind).collect();
    let wishes = &wishes[..wishes.len().min(slots.len())];
    let has = |slot: &Slot, wish: &Wish| slot.from == Some((wish.who, wish.label));
    let mut missing: Vec<&Wish> =
        wishes.iter().filter(|wish| !slots.iter().any(|slot| has(slot, wish))).rev().collect();
    let mut changed = Vec::new();
    for slot in &mut slots {
        let wish = wishes.iter().find(|wish| has(slot, wish)).or_else(|| missing.pop());
        let (from, bound) = (wish.map(|wish| (wish.who, wish.label)), wish.map(|wish| wish.bound));
        let same = slot.from == from && slot.bound.map(|b| b.source) == bound.map(|b| b.source);
        if !same {
            slot.shown = None;
        }
        if !same || slot.bound != bound {
            (slot.from, slot.bound) = (from, bound);
            changed.push((slot.mid.clone(), bound));
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::PublicationId;
    use crate::model::layer::Layer;
    use crate::proto::sfu::{Rank, Shown};

    fn wish(n: u8, kind: Kind) -> Wish {
        let label = if kind == Kind::Audio { Label::Microphone } else { Label::Camera };
        let source = (PublicationId::from_bytes([n; 10]), kind);
        Wish {
            who: ParticipantId::from_bytes([n; 10]),
            label,
            bound: Bound { source, rank: Rank::Tile, most: Layer::LOWEST },
        }
    }

    fn video(of: &[u8]) -> Vec<Wish> {
        of.iter().map(|n| wish(*n, Kind::Video)).collect()
    }

    fn slots(kinds: &[Kind]) -> Vec<Slot> {
        let slot = |(n, &kind): (usize, &Kind)| {
            let (codecs, from, bound, shown) = (Vec::new(), None, None, None);
            Slot { mid: n.to_string(), kind, codecs, from, bound, shown }
        };
        kinds.iter().enumerate().map(slot).collect()
    }

    fn bound(slots: &[Slot]) -> Vec<u8> {
        let number = |who| (0..=9).find(|n| ParticipantId::from_bytes([*n; 10]) == who).expect("it is one of ours");
        slots.iter().map(|slot| slot.from.map_or(0, |(who, _)| number(who))).collect()
    }

    #[test]
    fn every_track_gets_a_slot_of_its_kind() {
        let mut slots = slots(&[Kind::Audio, Kind::Video, Kind::Audio, Kind::Video]);
        assert_eq!(assign(&mut slots, Kind::Audio, &[wish(1, Kind::Audio)]).len(), 1);
        assert_eq!(assign(&mut slots, Kind::Video, &video(&[1, 2])).len(), 2);
        assert_eq!(bound(&slots), [1, 1, 0, 2]);
        assert!(is_assigned(&slots, Kind::Video, &video(&[2, 1])), "another order is no change");
        assert_eq!(assign(&mut slots, Kind::Video, &video(&[2, 1])), []);
    }

    #[test]
    fn who_stays_is_not_moved_and_who_left_makes_room() {
        let mut slots = slots(&[Kind::Video; 2]);
        assign(&mut slots, Kind::Video, &video(&[1, 2, 3]));
        assert_eq!(bound(&slots), [1, 2], "there are no more slots");
        assert!(!is_assigned(&slots, Kind::Video, &video(&[1])) && !is_assigned(&slots, Kind::Video, &video(&[2, 3])));
        let changed = assign(&mut slots, Kind::Video, &video(&[2, 3]));
        assert_eq!(bound(&slots), [3, 2]);
        assert_eq!(changed, [("0".to_owned(), Some(wish(3, Kind::Video).bound))]);
        assign(&mut slots, Kind::Video, &video(&[]));
        assert_eq!(bound(&slots), [0, 0]);
    }

    #[test]
    fn where_slots_are_too_few_the_most_important_get_them() {
        let mut slots = slots(&[Kind::Video; 2]);
        assign(&mut slots, Kind::Video, &video(&[1, 2]));
        assign(&mut slots, Kind::Video, &video(&[3, 1, 2]));
        assert_eq!(bound(&slots), [1, 3]);
    }

    #[test]
    fn the_same_track_with_another_rank_is_adjusted_where_it_is() {
        let mut slots = slots(&[Kind::Video]);
        assign(&mut slots, Kind::Video, &video(&[1]));
        slots[0].shown = Some(Shown::Layer(Layer::LOWEST));
        let mut front = wish(1, Kind::Video);
        front.bound = Bound { rank: Rank::Speaker, most: Layer::HIGHEST, ..front.bound };
        assert_eq!(assign(&mut slots, Kind::Video, &[front]), [("0".to_owned(), Some(front.bound))]);
        assert!(slots[0].shown.is_some(), "what goes out goes on");
        let mut anew = front;
        anew.bound.source.0 = PublicationId::from_bytes([7; 10]);
        assert_eq!(assign(&mut slots, Kind::Video, &[anew]).len(), 1);
        assert_eq!(slots[0].shown, None, "it is another track");
    }
}
