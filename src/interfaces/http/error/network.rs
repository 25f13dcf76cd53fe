//! What wireless networks refuse.

use axum::http::StatusCode;

use super::Problem;
use crate::drivers::wifi;
use crate::services::network::Error;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use wifi::Error as W;
        match error {
            Error::Wifi(W::None) => Self::new(
                StatusCode::NOT_FOUND,
                "no-wifi",
                "The box has no wireless network adapter that Porchlight may use. Plug in a cable.",
            ),
            Error::Wifi(W::Gone) => {
                Self::new(StatusCode::NOT_FOUND, "no-network", "The box does not know a network of this name.")
            }
            Error::Wifi(error) => {
                tracing::warn!(%error, "NetworkManager does not do what it was asked");
                Self::new(
                    StatusCode::BAD_GATEWAY,
                    "network-manager",
                    "NetworkManager, which joins networks here, does not answer as it should. Look at its journal: journalctl -u NetworkManager.",
                )
            }
            Error::Busy => Self::new(
                StatusCode::CONFLICT,
                "joining",
                "A network is being joined. Wait until that has worked, or has not.",
            ),
            Error::Name => Self::bad("bad-network-name", "A network's name has 1 to 32 bytes."),
            Error::Password => Self::bad(
                "bad-network-password",
                "A network's password has 8 to 63 letters, digits and signs. It is often on the router.",
            ),
            Error::Lock => Self::new(
                StatusCode::CONFLICT,
                "other-lock",
                "This network asks for something else than that: choose another one, or plug in a cable.",
            ),
            Error::Closed => Self::closing(),
        }
    }
}
