//! Sets of verbs.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::role::Verb;

/// A set of verbs. Written as their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verbs(u16);

impl Verbs {
    /// No verb.
    pub const NONE: Self = Self(0);
    /// Every verb.
    pub const ALL: Self = Self::of(&Verb::ALL);

    /// The set of these.
    pub const fn of(verbs: &[Verb]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < verbs.len() {
            set |= 1 << verbs[at] as u16;
            at += 1;
        }
        Self(set)
    }

    /// Whether it is in the set.
    pub const fn contains(self, verb: Verb) -> bool {
        self.0 & 1 << verb as u16 != 0
    }

    /// These and those.
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These but not those.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Its verbs, in the order of [`Verb::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |&verb| self.contains(verb))
    }
}

impl FromIterator<Verb> for Verbs {
    fn from_iter<I: IntoIterator<Item = Verb>>(verbs: I) -> Self {
        verbs.into_iter().fold(Self::NONE, |set, verb| set.with(Self::of(&[verb])))
    }
}

impl Serialize for Verbs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Verbs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<Verb>::deserialize(from).map(|verbs| verbs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let some = Verbs::of(&[Verb::Chat, Verb::Watch]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [Verb::Watch, Verb::Chat]);
        assert!(some.contains(Verb::Chat) && !some.contains(Verb::Join));
        assert_eq!(some.with(Verbs::of(&[Verb::Join])).without(some), Verbs::of(&[Verb::Join]));
        assert_eq!(Verbs::ALL.iter().count(), Verb::ALL.len());
        let text = serde_json::to_string(&some).expect("it is written");
        assert_eq!(text, r#"["watch","chat"]"#);
        assert_eq!(serde_json::from_str::<Verbs>(&text).expect("it is read"), some);
        assert!(serde_json::from_str::<Verbs>(r#"["fly"]"#).is_err());
    }
}
