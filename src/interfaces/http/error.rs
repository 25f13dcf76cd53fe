//! The only place where a status code is chosen: what went wrong, as a problem document (RFC 9457).

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::requests::RequestId;
use crate::drivers::device::controls;
use crate::services::endpoint::adjust;
use crate::services::program::logo;
use crate::services::{broadcast, egress, endpoint, privacy, push, recorder, settings, telephone, thumbnail};

mod network;
mod people;
mod room;
mod update;

/// What is said of everything that is the box's own fault.
const WRONG: &str = "Something went wrong on the box. Its log says more.";

/// What a person or a program is told. The sentence never holds internals; those go to the log under the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) status: StatusCode,
    /// A stable name.
    pub(super) kind: &'static str,
    /// A sentence for people.
    pub(super) title: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: &'static str, title: impl Into<String>) -> Self {
        Self { status, kind, title: title.into() }
    }

    pub(super) fn bad(kind: &'static str, title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, title)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this address.")
    }

    pub(super) fn outside() -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "no-such-range", "There is no such part of this video.")
    }

    pub(super) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "This address does not know this method.")
    }

    pub(super) fn sign_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign-in", "Open your invite link, or the owner's link, to do this.")
    }

    pub(super) fn not_permitted() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-permitted", "You may not do this here.")
    }

    pub(super) fn restricted() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "restricted",
            "This broadcast is for those who were invited to its room. Open your invite link, then come back.",
        )
    }

    pub(super) fn no_request() -> Self {
        Self::bad("bad-frame", "This is not a request of this protocol.")
    }

    pub(super) fn other_version() -> Self {
        Self::bad("version", "This page is of another version. Reload it.")
    }

    pub(super) fn unknown_op() -> Self {
        Self::bad("unknown-op", "The box does not know this request.")
    }

    pub(super) fn not_near() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-near",
            "A box gets its owner from its own local network. Open this page from a device on the same network.",
        )
    }

    pub(super) fn banned() -> Self {
        Self::new(StatusCode::FORBIDDEN, "banned", "You were banned from this room.")
    }

    pub(super) fn foreign() -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign-origin", "This request came from another site's page.")
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than 64 KiB.")
    }

    pub(super) fn not_sdp() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-sdp", "The body must be application/sdp.")
    }

    pub(super) fn takes_no_sdp() -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "takes-no-sdp", "The answer is application/sdp, and nothing else.")
    }

    pub(super) fn not_fragment() -> Self {
        let what = "The body must be application/trickle-ice-sdpfrag.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-fragment", what)
    }

    pub(super) fn bad_fragment() -> Self {
        Self::bad("bad-fragment", "This fragment of a session description can't be used.")
    }

    pub(super) fn no_match() -> Self {
        Self::new(StatusCode::PRECONDITION_REQUIRED, "no-match", "If-Match must say which connection is meant.")
    }

    pub(super) fn off_air() -> Self {
        Self::new(StatusCode::CONFLICT, "off-air", "This broadcast is not on air yet. Try again later.")
    }

    pub(super) fn bad_offer(why: impl std::fmt::Display) -> Self {
        Self::bad("bad-offer", format!("This offer can't be answered: {why}."))
    }

    pub(super) fn no_authority() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-authority", "This box has no certificate authority of its own.")
    }

    pub(super) fn no_acme() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "no-acme",
            "No certificate authority is asked for certificates. Give the names of the box as acme.names in its configuration.",
        )
    }

    pub(super) fn no_push() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-push", "This broadcast is not sent there (any more).")
    }

    pub(super) fn no_seat() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "As many watch recordings as the box can serve. Try again in a while.",
        )
    }

    pub(super) fn no_chat_seat() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "chat-full",
            "As many follow chats as the box can serve. Try again in a while.",
        )
    }

    pub(super) fn no_chat() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-chat", "There is no chat here.")
    }

    pub(super) fn too_fast() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-fast", "That was very fast. Try again in a moment.")
    }

    pub(super) fn nameless() -> Self {
        Self::new(StatusCode::FORBIDDEN, "name-first", "Say what you want to be called first.")
    }

    pub(super) fn no_logo() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-logo", "The box has no logo.")
    }

    /// Somebody in the room has to let them in.
    pub(super) fn lobby() -> Self {
        Self::new(StatusCode::FORBIDDEN, "lobby", "Somebody in the room has to let you in. Wait in the lobby.")
    }

    fn internal(kind: &'static str, error: &dyn std::error::Error) -> Self {
        tracing::error!(problem = kind, %error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, kind, WRONG)
    }

    /// A handler panicked; the log says where.
    pub(super) fn failed() -> Self {
        tracing::error!(problem = "internal", "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", WRONG)
    }

    pub(super) fn closing() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutdown", "The box is shutting down. Try again in a minute.")
    }
}

impl Problem {
    /// After how many seconds it may have passed, where it passes by itself.
    fn again(&self) -> Option<&'static str> {
        match (self.status, self.kind) {
            (_, "uplink") => Some("15"),
            (StatusCode::SERVICE_UNAVAILABLE, _) => Some("2"),
            (_, "off-air") => Some("5"),
            _ => None,
        }
    }

    /// The document, with the identifier of the request under which the log has more, beside the headers that the answer had.
    pub(super) fn answer(self, request: Option<&RequestId>, before: HeaderMap) -> Response {
        let Self { status, kind, title } = &self;
        let mut document = serde_json::json!({ "type": kind, "title": title, "status": status.as_u16() });
        if let Some(request) = request {
            document["request"] = request.to_string().into();
        }
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.extend(before);
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.again() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Whoever gave the request its identifier takes the problem out of the answer and writes it anew, with that.
    fn into_response(self) -> Response {
        let mut response = self.clone().answer(None, HeaderMap::new());
        response.extensions_mut().insert(self);
        response
    }
}

fn privacy_on() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "private",
        "The box is in privacy mode. Somebody who is there has to end it before it can be seen or heard.",
    )
}

impl From<privacy::Error> for Problem {
    fn from(error: privacy::Error) -> Self {
        use privacy::{Error as E, Refused as R};
        match error {
            E::NoScreen => Self::new(
                StatusCode::CONFLICT,
                "no-screen",
                "The box has no screen that could show a code. End privacy mode by its button, its remote control, or with \
                 \"porchlight privacy off\" on it.",
            ),
            E::Refused(R::NotOn) => Self::new(StatusCode::CONFLICT, "not-private", "The box is not in privacy mode."),
            E::Refused(R::NoCode) => {
                Self::new(StatusCode::CONFLICT, "no-code", "The screen shows no code any more. Ask for another one.")
            }
            E::Refused(R::Wrong) => Self::bad("wrong-code", "This is not what the screen shows."),
            E::Refused(R::Locked) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-codes",
                "Wrong codes were typed too often. Try again in a quarter of an hour, or use the box's button or remote control.",
            ),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}

impl From<telephone::Error> for Problem {
    fn from(error: telephone::Error) -> Self {
        use telephone::{Error as E, Refused as R};
        match error {
            E::Refused(R::InCall) => Self::new(StatusCode::CONFLICT, "in-call", "The box is in this call already."),
            E::Refused(R::TooSoon) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "rung-lately", "You have just rung. Wait a moment.")
            }
            E::Refused(R::NotRinging) => Self::new(StatusCode::CONFLICT, "not-ringing", "Nobody rings any more."),
            E::Refused(R::NotInCall) => Self::new(StatusCode::CONFLICT, "not-in-call", "The box is in no call."),
            E::Refused(R::TooMany) => Self::bad("too-many-contacts", format!("{}.", R::TooMany)),
            E::Room(error) => error.into(),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}

impl From<broadcast::Error> for Problem {
    fn from(error: broadcast::Error) -> Self {
        match error {
            broadcast::Error::Unknown(_) => Self::not_found(),
            broadcast::Error::TooMany => Self::new(StatusCode::CONFLICT, "too-many", "There are too many broadcasts."),
            broadcast::Error::Closed => Self::closing(),
        }
    }
}

impl From<egress::Error> for Problem {
    fn from(error: egress::Error) -> Self {
        use egress::Error as E;
        match error {
            E::NotOnAir => Self::new(StatusCode::NOT_FOUND, "not-on-air", "This broadcast is not on air."),
            E::NotFound => Self::not_found(),
            E::BadRequest(why) => Self::bad("bad-request", why),
            E::Timeout => Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-media", "No new media came in time."),
            E::NoRoom => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no-room-for-size",
                "The box can't make this size now. Take another one.",
            ),
            E::Uplink => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "uplink",
                "As many watch as the line of this box carries. Try again in a while.",
            ),
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The box can't serve more viewers now."),
        }
    }
}

impl From<thumbnail::Error> for Problem {
    fn from(error: thumbnail::Error) -> Self {
        use thumbnail::Error as E;
        let busy = |kind, why| Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, why);
        match error {
            E::NotOnAir => egress::Error::NotOnAir.into(),
            E::NotFound => Self::not_found(),
            E::NoPicture => busy("no-media", "No picture of this came in time. Try again in a moment."),
            E::Busy => busy("busy", "Too many wait for small pictures now. Try again in a moment."),
            E::Closed => Self::closing(),
        }
    }
}

impl From<egress::whep::Error> for Problem {
    fn from(error: egress::whep::Error) -> Self {
        use egress::whep::Error as E;
        match error {
            E::NotOnAir => egress::Error::NotOnAir.into(),
            E::NotFound => Self::not_found(),
            E::Outdated => {
                Self::new(StatusCode::PRECONDITION_FAILED, "outdated", "This connection was started anew meanwhile.")
            }
            E::BadFragment => Self::bad_fragment(),
            E::Offer(why) => Self::bad_offer(why),
            E::BadOffer => Self::bad_offer("it can't be read, or knows neither H.264 nor Opus"),
            E::Busy => egress::Error::Busy.into(),
            E::Closed => Self::closing(),
        }
    }
}

impl From<push::Error> for Problem {
    fn from(error: push::Error) -> Self {
        use push::Error as E;
        match error {
            E::Unknown => Self::no_push(),
            E::TooMany => Self::new(
                StatusCode::CONFLICT,
                "too-many-pushes",
                format!("A broadcast is sent to {} services at most. Remove one first.", push::PUSHES),
            ),
            E::Key(why) => Self::bad("bad-key", format!("This key can't be used: {why}.")),
            E::Store(error) => Self::internal("store", &error),
            E::Closed => Self::closing(),
        }
    }
}

impl From<settings::Error> for Problem {
    fn from(error: settings::Error) -> Self {
        use settings::Error as E;
        match error {
            E::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "no-setting", format!("{error}.")),
            E::Fixed(_) => {
                let what = format!("{error}. Whoever looks after the machine can change it there.");
                Self::new(StatusCode::CONFLICT, "fixed-setting", what)
            }
            E::Wrong { .. } | E::Refused(_) => Self::bad("bad-setting", format!("{error}.")),
            E::Trying => Self::new(
                StatusCode::CONFLICT,
                "on-trial",
                "The last change is being tried. Say first whether it may stay.",
            ),
            E::NotTrying => Self::new(StatusCode::CONFLICT, "not-on-trial", "No change is being tried (any more)."),
            E::NoRestart => Self::new(
                StatusCode::CONFLICT,
                "no-restart",
                "The machine can't be restarted from here, so nothing was forgotten. Put the file factory-reset onto the boot partition instead.",
            ),
            E::Disk(error) => Self::internal("state-folder", &error),
            E::Closed => Self::closing(),
        }
    }
}

impl From<logo::Error> for Problem {
    fn from(error: logo::Error) -> Self {
        use logo::Error as E;
        match error {
            E::Png => Self::bad("bad-logo", "This is no picture in the format PNG."),
            E::Large => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "logo-too-large",
                "A logo has half a megabyte and 2048 pixels to a side at most.",
            ),
            E::Disk(error) => Self::internal("state-folder", &error),
        }
    }
}

impl From<adjust::Error> for Problem {
    fn from(error: adjust::Error) -> Self {
        use adjust::Error as E;
        use controls::Error as D;
        match error {
            E::NoControls => Self::new(
                StatusCode::CONFLICT,
                "no-controls",
                "The camera in use has no controls: only one that is plugged in has them.",
            ),
            E::NoControl => {
                Self::new(StatusCode::NOT_FOUND, "no-control", "The camera has no control with this number.")
            }
            E::BadValue(why) => Self::bad("bad-value", format!("This value can't be set: {why}.")),
            E::Inactive => Self::new(
                StatusCode::CONFLICT,
                "set-by-camera",
                "The camera sets this itself at the moment. Turn its automatic off first.",
            ),
            E::Device(D::Away) => {
                Self::new(StatusCode::CONFLICT, "camera-away", "The camera is not plugged in. Plug it in first.")
            }
            E::Device(D::Refused(_) | D::Unreadable) => {
                tracing::warn!(%error, "the camera can't be adjusted");
                let what = "The camera refuses. Another program may be using it; the box's log says more.";
                Self::new(StatusCode::CONFLICT, "camera-refuses", what)
            }
            E::TooManyPresets => Self::new(
                StatusCode::CONFLICT,
                "too-many-presets",
                format!("There are {} presets already. Remove one first.", adjust::PRESETS),
            ),
            E::NoPreset => Self::new(StatusCode::NOT_FOUND, "no-preset", "There is no preset with this name."),
            E::Private => privacy_on(),
            E::Closed => Self::closing(),
        }
    }
}

impl From<recorder::Error> for Problem {
    fn from(error: recorder::Error) -> Self {
        use recorder::Error as E;
        match error {
            E::NotFound => Self::new(
                StatusCode::NOT_FOUND,
                "no-recording",
                "There is no such recording, or it is still being made.",
            ),
            E::BadTitle(why) => Self::bad("bad-title", format!("This title can't be used: {why}.")),
            E::Protected => Self::new(
                StatusCode::CONFLICT,
                "recording-protected",
                "This recording is protected. Take its protection away first.",
            ),
            E::BadPart(why) => Self::bad("bad-part", format!("This part can't be cut out: {why}.")),
            E::Trimming => Self::new(
                StatusCode::CONFLICT,
                "recording-trimming",
                "Another recording is being trimmed. Wait until it is done.",
            ),
            E::SdCard => Self::new(
                StatusCode::CONFLICT,
                "recordings-sd-card",
                "Recordings would be on the SD card, which wears out. Set recordings.folder to a folder on a disk.",
            ),
            E::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "recordings-full",
                "There is too little room on the box's disk. Delete recordings, or connect a larger one.",
            ),
            E::Folder(_) => {
                tracing::warn!(%error, "recordings can't be kept");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "recordings-folder",
                    "The folder for recordings can't be used. The log of the box says why.",
                )
            }
            E::Closed => Self::closing(),
        }
    }
}

impl From<endpoint::Error> for Problem {
    fn from(error: endpoint::Error) -> Self {
        use endpoint::Error as E;
        match error {
            E::Room(error) => error.into(),
            E::Private => privacy_on(),
            E::BadVolume => Self::bad("bad-volume", "A volume is from 0 to 100 percent."),
            E::NoControl => Self::new(
                StatusCode::CONFLICT,
                "no-loudness",
                "There is no such device on the box, or its sound card has no control for that.",
            ),
            E::NoSound => Self::new(
                StatusCode::CONFLICT,
                "no-sound",
                "The box has no real microphone, or no speaker. Plug them in first.",
            ),
            E::SoundBusy => Self::new(
                StatusCode::CONFLICT,
                "sound-busy",
                "The box's microphone and speaker are in use. Take the box out of the call first.",
            ),
            E::Sound(_) => {
                tracing::warn!(%error, "the sound can't be tested");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "sound-failed",
                    "The box's microphone or speaker can't be used now. Its log says why.",
                )
            }
            E::Closed => Self::closing(),
            E::Picture(_) => {
                tracing::warn!(%error, "a still can't be made");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "no-picture",
                    "The box can't compose a picture now. Its log says why.",
                )
            }
        }
    }
}
