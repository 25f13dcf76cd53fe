//! Why somebody takes a publication, and who may.

/// What a subscription is for. No path to media exists without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// The other people in the room.
    Call,
    /// This box's own television and speaker.
    Screen,
    /// Everybody who watches the broadcast.
    OnAir,
    /// A recording on a disk of this box.
    Record,
    /// A recording on a disk of this box that holds this one publication alone.
    Separate,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Call, Self::Screen, Self::OnAir, Self::Record, Self::Separate];

    const fn bit(self) -> u8 {
        match self {
            Self::Call => 1,
            Self::Screen => 2,
            Self::OnAir => 4,
            Self::Record => 8,
            Self::Separate => 16,
        }
    }
}

/// The purposes a publication may be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Audience(u8);

impl Audience {
    /// Nobody at all.
    pub const NOBODY: Self = Self(0);
    /// The room and the box's own screen: where every publication starts.
    pub const CALL: Self = Self(Purpose::Call.bit() | Purpose::Screen.bit());
    /// Those who watch the broadcast: what the program itself is for.
    pub const ON_AIR: Self = Self(Purpose::OnAir.bit());

    /// This audience and one purpose more.
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | purpose.bit())
    }

    /// This audience without one purpose.
    pub const fn without(self, purpose: Purpose) -> Self {
        Self(self.0 & !purpose.bit())
    }

    /// Whether the publication may be taken for this purpose.
    pub const fn permits(self, purpose: Purpose) -> bool {
        self.0 & purpose.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_not_on_air_until_somebody_says_so() {
        assert!(Audience::CALL.permits(Purpose::Call));
        assert!(Audience::CALL.permits(Purpose::Screen));
        assert!(!Audience::CALL.permits(Purpose::OnAir));
        let agreed = Audience::CALL.with(Purpose::OnAir);
        assert!(agreed.permits(Purpose::OnAir));
        assert_eq!(agreed.without(Purpose::OnAir), Audience::CALL);
        assert!(Purpose::ALL.iter().all(|&p| !Audience::NOBODY.permits(p)));
    }
}
