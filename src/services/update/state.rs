//! How it stands with an update, what RAUC's words mean, and what restarting would end.

use serde::Serialize;

use crate::drivers::fetch::Failed;
use crate::drivers::rauc;
use crate::services::room::{ParticipantKind, Room};

/// Where an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "UpdateStage"))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// There is none.
    #[default]
    Idle,
    /// The bundle comes in.
    Fetching,
    /// It is looked into.
    Checking,
    /// It is written to the slot that does not run.
    Installing,
    /// It is there: the box starts with it the next time.
    Installed,
    /// It was not installed.
    Failed,
}

/// Why an update was not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "UpdateFailure"))]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Nobody whom the box trusts has signed it.
    Signature,
    /// It is for another kind of board.
    Board,
    /// It is no bundle, or not as it was made.
    Damaged,
    /// There is too little room, in the state folder or in the slot.
    NoRoom,
    /// It is larger than the box takes.
    TooLarge,
    /// It did not come whole.
    Network,
    /// RAUC ended in the middle.
    Interrupted,
    /// RAUC gives another reason.
    Other,
}

impl Why {
    /// One sentence, and what to do.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Signature => {
                "Nobody whom this box trusts has signed the bundle. Take one of whoever made the image of this box."
            }
            Self::Board => "The bundle is for another kind of board. Take the one for this board.",
            Self::Damaged => "The bundle is damaged, or is none. Fetch it again.",
            Self::NoRoom => "There is not enough room. Free some in the state folder, or take a smaller bundle.",
            Self::TooLarge => {
                "The bundle is larger than this box takes. Raise update.max_megabytes in its configuration."
            }
            Self::Network => "The bundle did not come whole. Look at the address and the network, then try again.",
            Self::Interrupted => "The installation was interrupted. What runs is as it was. Try again.",
            Self::Other => {
                "RAUC could not install the bundle. What runs is as it was; the journal of rauc.service says more."
            }
        }
    }
}

/// That an update was not installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "UpdateFailed"))]
pub struct Failure {
    /// Why.
    pub code: Why,
    /// One sentence, and what to do.
    pub text: &'static str,
    /// RAUC's own words.
    pub detail: Option<String>,
}

impl From<Why> for Failure {
    fn from(code: Why) -> Self {
        Self { code, text: code.text(), detail: None }
    }
}

impl From<Failed> for Failure {
    fn from(error: Failed) -> Self {
        Self { detail: Some(error.to_string()), ..Why::Network.into() }
    }
}

impl From<rauc::Error> for Failure {
    fn from(error: rauc::Error) -> Self {
        match error {
            rauc::Error::Refused(words) => Self { detail: Some(words.clone()), ..why(&words).into() },
            // Who is gone was there when it began.
            rauc::Error::Lost | rauc::Error::NotAnImage => Why::Interrupted.into(),
            error => Self { detail: Some(error.to_string()), ..Why::Other.into() },
        }
    }
}

/// What RAUC's words for an error mean (`LastError`; RAUC 1.8 and what OpenSSL says).
fn why(words: &str) -> Why {
    let words = words.to_lowercase();
    let has = |some: &[&str]| some.iter().any(|one| words.contains(one));
    match () {
        () if has(&["compatible mismatch", "variant mismatch"]) => Why::Board,
        () if has(&["no space left", "too small", "not enough space", "exceeds slot"]) => Why::NoRoom,
        // What was signed is not what is there: the signer is not even looked at.
        () if has(&["verification failure", "digest", "checksum", "invalid bundle", "invalid signature size"]) => {
            Why::Damaged
        }
        () if has(&["signature verification failed", "verify error", "signature", "certificate", "keyring"]) => {
            Why::Signature
        }
        () if has(&["manifest", "squashfs", "input/output error", "verity", "not a valid"]) => Why::Damaged,
        () if has(&["download", "curl", "resolve host", "http"]) => Why::Network,
        () => Why::Other,
    }
}

/// What goes on in the box and ends when it restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Going {
    /// Somebody is in a room.
    Call,
    /// Something is on air.
    Broadcast,
    /// Something is recorded.
    Recording,
}

/// All of it. The box alone in a room is no call.
pub fn going<'a>(rooms: impl Iterator<Item = &'a Room> + Clone) -> Vec<Going> {
    let live = || rooms.clone().filter_map(|room| room.live.as_ref());
    let person = |room: &Room| room.participants.iter().any(|who| who.kind == ParticipantKind::Person);
    let found = [
        (Going::Call, rooms.clone().any(person)),
        (Going::Broadcast, live().next().is_some()),
        (Going::Recording, live().any(|live| live.recording.is_some())),
    ];
    found.into_iter().filter_map(|(going, on)| on.then_some(going)).collect()
}

/// Whether so many bytes have room beside what stays free.
///
/// # Errors
/// [`Why::TooLarge`], [`Why::NoRoom`].
pub fn fits(bytes: u64, largest: u64, free: u64) -> Result<(), Why> {
    match () {
        () if bytes > largest => Err(Why::TooLarge),
        () if bytes.saturating_add(STAYS_FREE) > free => Err(Why::NoRoom),
        () => Ok(()),
    }
}

/// Bytes of the largest bundle that fits.
pub fn takes(largest: u64, free: u64) -> u64 {
    largest.min(free.saturating_sub(STAYS_FREE))
}

/// Bytes that stay free for what the box itself writes.
const STAYS_FREE: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_rauc_are_understood() {
        for (words, meaning) in [
            ("signature verification failed: Verify error: self-signed certificate", Why::Signature),
            ("signature verification failed: Verify error: unable to get local issuer certificate", Why::Signature),
            ("signature verification failed: error:1700009E:CMS routines::verification failure", Why::Damaged),
            ("Invalid bundle format: Signature size (877869918962206349) exceeds bundle size", Why::Damaged),
            (
                "Installation error: Compatible mismatch: Expected 'here' but bundle manifest has 'signature'",
                Why::Board,
            ),
            (
                "Installation error: Failed updating slot rootfs.1: failed to write: No space left on device",
                Why::NoRoom,
            ),
            ("Installation error: Slot (/dev/mmcblk0p3) is too small for image (9 bytes)", Why::NoRoom),
            ("Failed to read from bundle: Input/output error", Why::Damaged),
            ("Handler error: something else", Why::Other),
        ] {
            assert_eq!(why(words), meaning, "{words}");
        }
        let lost = Failure::from(rauc::Error::Lost);
        assert_eq!((lost.code, lost.detail), (Why::Interrupted, None));
    }

    #[test]
    fn what_is_too_large_or_has_no_room_is_told_apart() {
        const GIB: u64 = 1 << 30;
        assert_eq!(fits(GIB, GIB, 2 * GIB), Ok(()));
        assert_eq!(fits(GIB + 1, GIB, 9 * GIB), Err(Why::TooLarge));
        assert_eq!(fits(GIB, GIB, GIB), Err(Why::NoRoom), "something stays free");
        assert_eq!((takes(GIB, 9 * GIB), takes(9 * GIB, GIB), takes(GIB, 9)), (GIB, GIB - STAYS_FREE, 0));
        assert_eq!(fits(u64::MAX, u64::MAX, GIB), Err(Why::NoRoom));
    }
}
