//! How long things last. All points in time are wall time in whole seconds since 1970 UTC.

use std::time::Duration;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The login of somebody whom the box knows ends after this many seconds without being used.
const KNOWN_LOGIN: i64 = 90 * DAY;
/// That of somebody who has no more than a name, likewise.
const NAMED_LOGIN: i64 = 7 * DAY;
/// A guest's login ends after this many seconds at the latest. A cookie lasts so long.
pub const MAX_LOGIN: i64 = 30 * DAY;
/// How long the owner's one-time link may wait to be used.
pub const OWNER_LINK: Duration = Duration::from_secs(24 * 3600);

/// How long an invite link works: one hour to thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(i64);

/// The lifetime was outside one hour to thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invite lasts 1 hour to 720 hours (30 days)")]
pub struct InvalidLifetime;

impl Lifetime {
    /// The shortest one.
    pub const MIN: Self = Self(HOUR);
    /// The longest one.
    pub const MAX: Self = Self(30 * DAY);

    /// From whole hours.
    ///
    /// # Errors
    /// [`InvalidLifetime`] outside 1 to 720.
    pub fn from_hours(hours: u32) -> Result<Self, InvalidLifetime> {
        let lifetime = Self(i64::from(hours) * HOUR);
        if (Self::MIN..=Self::MAX).contains(&lifetime) { Ok(lifetime) } else { Err(InvalidLifetime) }
    }

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

/// What a login hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A device of somebody whom the box knows.
    Known,
    /// An invite, which ends then, or is gone.
    Invited(Option<i64>),
    /// A name, and nothing else.
    Named,
}

/// When a login ends: a guest's with the invite it came by, everybody else's slides along with its use.
pub fn login_expires(kind: Kind, created: i64, seen: i64) -> i64 {
    match kind {
        Kind::Known => seen.saturating_add(KNOWN_LOGIN),
        Kind::Invited(until) => created.saturating_add(MAX_LOGIN).min(until.unwrap_or(created)),
        Kind::Named => seen.saturating_add(NAMED_LOGIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_lasts_an_hour_to_thirty_days() {
        assert_eq!(Lifetime::from_hours(0), Err(InvalidLifetime));
        assert_eq!(Lifetime::from_hours(1), Ok(Lifetime::MIN));
        assert_eq!(Lifetime::from_hours(720), Ok(Lifetime::MAX));
        assert_eq!(Lifetime::from_hours(721), Err(InvalidLifetime));
        assert_eq!(Lifetime::from_hours(u32::MAX), Err(InvalidLifetime));
    }

    #[test]
    fn a_login_slides_and_a_guests_does_not() {
        assert_eq!(login_expires(Kind::Known, 0, 500), 500 + KNOWN_LOGIN);
        assert_eq!(login_expires(Kind::Named, 0, 500), 500 + NAMED_LOGIN);
        assert_eq!(login_expires(Kind::Invited(Some(HOUR)), 0, 500), HOUR);
        assert_eq!(login_expires(Kind::Invited(Some(31 * DAY)), 0, 500), MAX_LOGIN);
        assert_eq!(login_expires(Kind::Invited(None), 7, 500), 7);
    }
}
