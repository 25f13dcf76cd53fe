//! What updates refuse.

use axum::http::StatusCode;

use super::Problem;
use crate::drivers::rauc;
use crate::services::update::{Error, Failure, Why};

impl Problem {
    /// A bundle did not come whole.
    pub(in super::super) fn broken_off() -> Self {
        Self::bad("bundle-broken-off", "The bundle did not come whole. Try again.")
    }
}

fn updating() -> Problem {
    Problem::new(StatusCode::CONFLICT, "updating", "An update is being installed. Wait until that is over.")
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use rauc::Error as R;
        match error {
            Error::Rauc(R::NotAnImage) => Self::new(
                StatusCode::NOT_FOUND,
                "not-an-image",
                "This box is not an image: it is updated as the package it was installed from.",
            ),
            Error::Rauc(R::Busy) | Error::Busy => updating(),
            Error::Rauc(error @ (R::Silent | R::Lost | R::Refused(_))) => {
                tracing::warn!(%error, "RAUC does not do what it was asked");
                Self::new(
                    StatusCode::BAD_GATEWAY,
                    "rauc",
                    "RAUC, which installs updates here, does not answer as it should. Look at its journal: journalctl -u rauc.",
                )
            }
            Error::Address => {
                Self::bad("bad-address", "A bundle is fetched from an address that begins with https://.")
            }
            Error::Failed(Failure { code: Why::TooLarge, text, .. }) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "bundle-too-large", text)
            }
            Error::Failed(Failure { code: Why::NoRoom, text, .. }) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "bundle-no-space", text)
            }
            Error::Failed(Failure { code: Why::Network, .. }) => Self::broken_off(),
            Error::Failed(failure) => {
                tracing::error!(detail = failure.detail, "a bundle can't be taken");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", super::WRONG)
            }
            Error::Nothing => Self::new(
                StatusCode::CONFLICT,
                "no-update",
                "No update is installed that the box could restart into. Install one first.",
            ),
            Error::InUse => Self::new(
                StatusCode::CONFLICT,
                "in-use",
                "A call, a broadcast or a recording would end. Say that it may, or wait until it is over.",
            ),
            Error::NoRestart => Self::new(
                StatusCode::CONFLICT,
                "no-restart",
                "The machine can't be restarted from here. Restart it by hand: it starts with the update.",
            ),
            Error::Closed => Self::closing(),
        }
    }
}
