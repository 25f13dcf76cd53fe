//! What people are told who may not, or not yet, and those who write.

use axum::http::StatusCode;

use super::Problem;
use crate::drivers::identity::{contract, passkey};
use crate::proto::auth::siwe;
use crate::services::{access, chat};

impl From<access::Error> for Problem {
    fn from(error: access::Error) -> Self {
        use access::Error as E;
        match error {
            E::InvalidToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "unknown-link",
                "This link does not work (any more). Ask for a new one.",
            ),
            E::Expired => {
                Self::new(StatusCode::UNAUTHORIZED, "link-expired", "This link has expired. Ask for a new one.")
            }
            E::Revoked => {
                Self::new(StatusCode::UNAUTHORIZED, "link-revoked", "This invite was taken back. Ask for a new one.")
            }
            E::NotPermitted { .. } => Self::not_permitted(),
            E::BadName(error) => Self::bad("bad-name", format!("This name can't be used: {error}.")),
            E::NoName => Self::bad("bad-name", "Say what the others shall call you."),
            E::UsedUp => Self::new(
                StatusCode::UNAUTHORIZED,
                "link-used-up",
                "As many as this invite was for have come by it already. Ask for a new one.",
            ),
            E::Banned => Self::banned(),
            E::Nobody => Self::new(StatusCode::NOT_FOUND, "nobody", "Nobody is known by this any more."),
            E::LastOwner => Self::new(
                StatusCode::CONFLICT,
                "last-owner",
                "Somebody has to own the box. Make somebody else its owner first.",
            ),
            E::TooFast => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many want this now. Try again in a moment.")
            }
            E::WrongNumber => Self::new(
                StatusCode::UNAUTHORIZED,
                "wrong-number",
                "This is not the number, or not any more. Look at it again, or ask for another one.",
            ),
            E::Owned => Self::new(
                StatusCode::CONFLICT,
                "owned",
                "Somebody owns this box already. Ask them to let the box know you.",
            ),
            E::Passkey(passkey::Error::Site) => Self::new(
                StatusCode::CONFLICT,
                "passkey-site",
                "Passkeys are made for a name. Open this page by the name of the box, by HTTPS.",
            ),
            E::Passkey(passkey::Error::Refused) => Self::new(
                StatusCode::UNAUTHORIZED,
                "passkey-refused",
                "This passkey does not fit. It may have been made for another name of the box.",
            ),
            E::Wallet(siwe::Invalid::Form) => Self::bad("bad-message", "This is no message of Sign-In with Ethereum."),
            E::Wallet(siwe::Invalid::Site) => Self::new(
                StatusCode::UNAUTHORIZED,
                "message-elsewhere",
                "This message was signed for another site. Sign the one that this page shows.",
            ),
            E::Wallet(siwe::Invalid::Time) => Self::new(
                StatusCode::UNAUTHORIZED,
                "message-time",
                "This message has expired, or does not count yet. Sign another one, and look at the clock of your device.",
            ),
            E::Chain(contract::Unknown::OtherChain) => Self::new(
                StatusCode::UNAUTHORIZED,
                "wallet-chain",
                "The box knows another chain than the one this wallet signed for. Choose that of the box in the wallet, or sign in another way.",
            ),
            E::Chain(unknown) => {
                tracing::warn!(kind = "chain-silent", error = %unknown, "a wallet's contract could not be asked");
                Self::new(
                    StatusCode::BAD_GATEWAY,
                    "chain-silent",
                    "The server that knows this wallet's chain does not answer. Try again in a minute, or sign in another way.",
                )
            }
            E::Unproved => Self::new(
                StatusCode::UNAUTHORIZED,
                "unproved",
                "Nobody on this box signs in by this. Sign in another way, and add it to your account there.",
            ),
            E::Taken => Self::new(
                StatusCode::CONFLICT,
                "taken",
                "Somebody signs in by this already. It can be used by one person alone.",
            ),
            E::NoRoom => crate::services::room::Error::NoRoom.into(),
            E::TooMany => Self::new(
                StatusCode::CONFLICT,
                "too-many",
                "There are too many of these already. Revoke an invite that is not needed any more.",
            ),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}

impl From<chat::Error> for Problem {
    fn from(error: chat::Error) -> Self {
        use crate::proto::chat::Refused as R;
        use chat::Error as E;
        let seconds = |millis: u64| millis.div_ceil(1000);
        match error {
            E::Refused(R::NoMessage) => {
                Self::new(StatusCode::NOT_FOUND, "no-message", "This message is not there any more.")
            }
            E::Refused(R::NotPermitted) => Self::not_permitted(),
            E::Refused(R::TimedOut(left)) => Self::new(
                StatusCode::FORBIDDEN,
                "timed-out",
                format!("A moderator has paused you here. You may write again in {left} seconds."),
            ),
            E::Refused(R::TooFast(left)) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-fast",
                format!("That was very fast. You may write again in {} seconds.", seconds(left)),
            ),
            E::Refused(R::Slow(left)) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "slow-mode",
                format!("Slow mode is on. You may write again in {} seconds.", seconds(left)),
            ),
            E::Refused(R::Word) => Self::new(
                StatusCode::FORBIDDEN,
                "unwanted-word",
                "There is a word in this that is not wanted here. It was not sent.",
            ),
            E::Refused(R::Link) => {
                Self::new(StatusCode::FORBIDDEN, "unwanted-link", "Links are not wanted here. It was not sent.")
            }
            E::Refused(R::Enough) => {
                Self::new(StatusCode::CONFLICT, "enough", "As many as are counted did this already.")
            }
            E::Refused(R::TooManyTimeouts) => {
                Self::new(StatusCode::CONFLICT, "too-many", "Too many have a time-out already. Lift one first.")
            }
            E::Nobody => Self::new(StatusCode::NOT_FOUND, "nobody", "Nobody wrote here under this name."),
            E::Several => Self::new(
                StatusCode::CONFLICT,
                "several",
                "Several wrote here under this name. Use the menu of one of their messages.",
            ),
            E::BadRules => Self::bad("bad-rules", "These rules can't be used."),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}
