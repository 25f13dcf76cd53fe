//! How long things last. All points in time are wall time in whole seconds since 1970 UTC.

use std::time::Duration;

use crate::model::role::Role;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A host's login ends after this many seconds without being used.
pub const HOST_LOGIN: i64 = 30 * DAY;
/// A guest's login ends after this many seconds at the latest.
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

/// When a login ends: a host's slides along with its use, a guest's ends with the invite it came by.
///
/// `seen` is when the login was last used, `invite_expires` when the invite of a guest ends. A viewer has no login.
pub fn login_expires(role: Role, created: i64, seen: i64, invite_expires: Option<i64>) -> i64 {
    match role {
        Role::Host => seen.saturating_add(HOST_LOGIN),
        Role::Moderator | Role::Guest => created.saturating_add(MAX_LOGIN).min(invite_expires.unwrap_or(created)),
        Role::Viewer => created,
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
    fn a_hosts_login_slides_and_a_guests_does_not() {
        assert_eq!(login_expires(Role::Host, 0, 500, None), 500 + HOST_LOGIN);
        assert_eq!(login_expires(Role::Guest, 0, 500, Some(HOUR)), HOUR);
        assert_eq!(login_expires(Role::Guest, 0, 500, Some(31 * DAY)), MAX_LOGIN);
        assert_eq!(login_expires(Role::Guest, 7, 500, None), 7);
    }
}
