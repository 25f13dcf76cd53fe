//! Which name is tried next: pure.

use crate::proto::lan::Label;

/// Names that are tried before giving up for a while: a network where that many are taken is broken.
const MOST: u32 = 50;

/// The name that is published, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    wished: Label,
    label: Label,
    called: String,
    number: u32,
}

impl Claim {
    pub(super) fn new(wished: Label, called: &str) -> Self {
        Self { label: wished.clone(), wished, called: called.to_owned(), number: 1 }
    }

    /// Somebody else has it: the next one. After very many it begins again.
    pub(super) fn taken(&mut self) {
        self.number = if self.number >= MOST { 1 } else { self.number + 1 };
        self.label = if self.number == 1 { self.wished.clone() } else { self.label.next() };
    }

    /// Another name was taken on the way: `porch-3.local`. What is not one of ours is left alone.
    pub(super) fn became(&mut self, host: &str) {
        let mut other = Self::new(self.wished.clone(), &self.called);
        for _ in 1..=MOST {
            if other.host() == host {
                *self = other;
                return;
            }
            other.taken();
        }
    }

    pub(super) fn is_first(&self) -> bool {
        self.number == 1
    }

    /// `living-room-2.local`.
    pub(super) fn host(&self) -> String {
        self.label.local()
    }

    /// The name of the service, for people: `Living room (2)`.
    pub(super) fn service(&self) -> String {
        if self.number == 1 { self.called.clone() } else { format!("{} ({})", self.called, self.number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_followed_by_the_next_one() {
        let mut claim = Claim::new(Label::of("Living room"), "Living room");
        assert_eq!((claim.host().as_str(), claim.service().as_str()), ("living-room.local", "Living room"));
        assert!(claim.is_first());
        claim.taken();
        assert_eq!((claim.host().as_str(), claim.service().as_str()), ("living-room-2.local", "Living room (2)"));
        assert!(!claim.is_first());
        claim.taken();
        assert_eq!(claim.host(), "living-room-3.local");
        for _ in 3..MOST {
            claim.taken();
        }
        assert_eq!(claim.host(), format!("living-room-{MOST}.local"));
        claim.taken();
        assert_eq!(claim, Claim::new(Label::of("Living room"), "Living room"), "it begins again");
    }

    #[test]
    fn a_name_that_the_responder_chose_is_taken_over() {
        let mut claim = Claim::new(Label::of("Porch"), "Porch");
        claim.became("porch-4.local");
        assert_eq!((claim.host().as_str(), claim.service().as_str()), ("porch-4.local", "Porch (4)"));
        claim.became("porch.local");
        assert!(claim.is_first());
        claim.became("bank.example");
        assert_eq!(claim.host(), "porch.local");
    }
}
