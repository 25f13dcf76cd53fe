//! Which track goes to which slot.

use super::Slot;
use crate::model::id::ParticipantId;
use crate::model::track::Kind;

/// Gives every wanted track a slot of its kind, as far as there are slots: what is bound and still wanted stays where it is.
/// Answers the slots that changed.
pub(super) fn assign(slots: &mut [Slot], wanted: &[(ParticipantId, Kind)]) -> Vec<Slot> {
    let mut changed = Vec::new();
    let mut missing: Vec<(ParticipantId, Kind)> = wanted
        .iter()
        .filter(|(who, kind)| !slots.iter().any(|slot| slot.from == Some(*who) && slot.kind == *kind))
        .copied()
        .collect();
    for slot in slots.iter_mut() {
        let stays = slot.from.is_none_or(|from| wanted.contains(&(from, slot.kind)));
        let next = missing.iter().position(|(_, kind)| *kind == slot.kind);
        let from = match (stays, slot.from, next) {
            (true, Some(_), _) => continue,
            (_, None, None) => continue,
            (_, _, Some(next)) => Some(missing.remove(next).0),
            (_, _, None) => None,
        };
        slot.from = from;
        changed.push(slot.clone());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ParticipantId = ParticipantId::from_bytes([1; 10]);
    const B: ParticipantId = ParticipantId::from_bytes([2; 10]);
    const C: ParticipantId = ParticipantId::from_bytes([3; 10]);

    fn slots(kinds: &[Kind]) -> Vec<Slot> {
        kinds.iter().enumerate().map(|(i, &kind)| Slot { mid: i.to_string(), kind, from: None }).collect()
    }

    fn bound(slots: &[Slot]) -> Vec<Option<ParticipantId>> {
        slots.iter().map(|slot| slot.from).collect()
    }

    #[test]
    fn every_track_gets_a_slot_of_its_kind() {
        let mut slots = slots(&[Kind::Audio, Kind::Video, Kind::Audio, Kind::Video]);
        let changed = assign(&mut slots, &[(A, Kind::Audio), (A, Kind::Video), (B, Kind::Video)]);
        assert_eq!(bound(&slots), [Some(A), Some(A), None, Some(B)]);
        assert_eq!(changed.len(), 3);
        assert!(assign(&mut slots, &[(A, Kind::Audio), (A, Kind::Video), (B, Kind::Video)]).is_empty());
    }

    #[test]
    fn who_stays_is_not_moved_and_who_left_makes_room() {
        let mut slots = slots(&[Kind::Video, Kind::Video]);
        assign(&mut slots, &[(A, Kind::Video), (B, Kind::Video), (C, Kind::Video)]);
        assert_eq!(bound(&slots), [Some(A), Some(B)], "there are no more slots");
        let changed = assign(&mut slots, &[(B, Kind::Video), (C, Kind::Video)]);
        assert_eq!(bound(&slots), [Some(C), Some(B)]);
        assert_eq!(changed.iter().map(|s| s.mid.as_str()).collect::<Vec<_>>(), ["0"]);
        assign(&mut slots, &[]);
        assert_eq!(bound(&slots), [None, None]);
    }
}
