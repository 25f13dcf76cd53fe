//! What the API answers with. docs/reference/openapi.json is made of these types.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::drivers::tls::acme::Code as CertificateCode;
use crate::model::id::{BroadcastId, GrantId, IdentityId, InviteId, ParticipantId, PushId, RoomId};
use crate::model::role::Role;
use crate::model::rung::Rung;
use crate::proto::auth::{Name, Title};
use crate::proto::layout::arrange::Layout;
use crate::proto::screens::program::Slate;
use crate::services::endpoint::Canceller;
use crate::services::heat::Level;
use crate::services::ladder::Head;
use crate::services::push::{Code, Kind, Preset};
use crate::services::room::LowerThird;
use crate::services::telephone::Outcome;

/// Whether the box is well.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Readiness {
    /// Every part is up.
    pub(super) ready: bool,
    /// The parts of the daemon by name.
    pub(super) parts: BTreeMap<&'static str, Health>,
    /// How often a part was started again; those that never were are not named.
    pub(super) restarts: BTreeMap<&'static str, u64>,
}

/// How a part of the daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    Ok,
    /// It failed, and is started again in a moment.
    Restarting,
    Down,
}

/// Who the box takes the caller for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Session {
    /// Host for whoever owns the box, else that in the room where you have a place.
    pub(super) role: Role,
    /// What you are called, if you have said so.
    pub(super) name: Option<Name>,
    /// The room that you have a place in: that which the invite led to.
    pub(super) room: Option<RoomId>,
    /// Who you are, where the box knows you.
    pub(super) identity: Option<IdentityId>,
    /// You own the box.
    pub(super) owner: bool,
}

/// Somebody who came in by an invite from a page of another site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Guest {
    #[serde(flatten)]
    pub(super) session: Session,
    /// What the page sends as `Authorization: Bearer`, and with the room's WebSocket. Told this once.
    pub(super) token: String,
}

/// What the box is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Node {
    /// What people call it.
    pub(super) name: Name,
    /// The version of Porchlight.
    pub(super) version: &'static str,
    /// Somebody owns it. While nobody does, its PIN makes whoever types it the owner.
    pub(super) owned: bool,
    /// Where it is opened by its name, while that is known on the local network; for the owner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// What is plugged in; for the owner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) devices: Option<Devices>,
}

/// The box's camera, microphone, speaker and screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Devices {
    pub(super) camera: Device,
    pub(super) microphone: Device,
    pub(super) speaker: Device,
    pub(super) screen: Device,
    /// Who takes what the speaker plays out of what the microphone hears.
    pub(super) echo: Canceller,
    pub(super) encoder: Encoder,
    /// What is left out of the camera because the board is too hot.
    pub(super) heat: Level,
}

/// What makes the box's H.264.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Encoder {
    /// The name of its GStreamer element.
    pub(super) name: &'static str,
    /// Pictures of 1280 by 720 that it can code in a second; null if that was not measured, since the configuration names it.
    pub(super) pictures_per_second: Option<u32>,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Device {
    /// What it calls itself; null where there is none.
    pub(super) name: Option<String>,
    /// It is missing, and something made up takes its place.
    pub(super) stand_in: bool,
}

/// Whether camera and microphone of the box are closed, and what the kernel says of that.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Privacy {
    /// Camera and microphone are closed, and only somebody who is at the box opens them.
    pub(super) on: bool,
    /// Since when.
    pub(super) since: Option<String>,
    /// The cameras and microphones that are open, as the kernel lists them: paths below `/dev`.
    pub(super) opened: Vec<String>,
    /// The box's screen shows a code now.
    pub(super) code_shown: bool,
    /// There is a screen that could.
    pub(super) screen: bool,
}

/// Who rings, the calls that were, and what was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Telephone {
    /// Somebody who waits to be answered.
    pub(super) ringing: Option<Ringing>,
    /// The room of the call that the box is in.
    pub(super) in_call: Option<RoomId>,
    /// The box does not ring.
    pub(super) do_not_disturb: bool,
    /// Nor in these hours, where the box is: `22:00-07:00`.
    pub(super) quiet_hours: Option<String>,
    /// It would not ring now.
    pub(super) quiet: bool,
    /// The contacts whose calls answer themselves.
    pub(super) answers: Vec<GrantId>,
    /// The last calls, the newest first.
    pub(super) calls: Vec<Called>,
}

/// Somebody who rings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Ringing {
    pub(super) name: Name,
    /// Where they wait.
    pub(super) room: RoomId,
    pub(super) since: String,
    /// When the call answers itself.
    pub(super) answers: Option<String>,
}

/// A call that was.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Called {
    pub(super) name: Name,
    /// Who it was: the same whenever they come by the same login.
    pub(super) contact: GrantId,
    pub(super) room: RoomId,
    pub(super) at: String,
    pub(super) outcome: Outcome,
}

/// A room, as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) name: Name,
    /// How many are in it, the box included.
    pub(super) people: usize,
    /// What is watched when it is on air. Stays the same for the life of the room.
    pub(super) broadcast: BroadcastId,
    /// It is on air.
    pub(super) live: bool,
}

/// An invite to a room, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Invite {
    pub(super) id: InviteId,
    /// When it was made, RFC 3339.
    pub(super) created: String,
    /// When it ends by itself, RFC 3339.
    pub(super) expires: String,
    /// How often somebody signed in by it.
    pub(super) used: u32,
    /// What it makes of them.
    pub(super) role: Role,
    /// How many may come by it; as many as want to where there is no number.
    pub(super) most: Option<u32>,
    /// They have to be let in.
    pub(super) lobby: bool,
}

/// An invite that was just made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NewInvite {
    #[serde(flatten)]
    pub(super) invite: Invite,
    /// The link to hand out. It holds the secret, and is told this once.
    pub(super) url: String,
    /// The same as a picture for the cameras of phones, SVG.
    pub(super) qr: String,
}

/// What can be watched.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Broadcast {
    pub(super) id: BroadcastId,
    pub(super) title: Title,
    /// It is on air.
    pub(super) live: bool,
    /// Since when, RFC 3339.
    pub(super) since: Option<String>,
    /// How many watch now.
    pub(super) viewers: u32,
    /// Nothing captured before this moment may be shown any more, RFC 3339: somebody has taken their yes back.
    pub(super) cut: Option<String>,
    /// It is a recording that everybody may watch.
    pub(super) recorded: Option<Recorded>,
    /// It is for those alone who were invited to its room.
    pub(super) restricted: bool,
    /// What stands for it in the addresses of its media, as in `/hls/{media}/index.m3u8`. That of a restricted one is a secret of those who may
    /// watch, and another one as soon as somebody may no longer.
    pub(super) media: String,
}

/// A recording that everybody may watch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "BroadcastRecorded"))]
pub(super) struct Recorded {
    /// When it began, RFC 3339.
    pub(super) started: String,
    /// Milliseconds that it lasts.
    pub(super) duration: u64,
    /// The path of its video, an MP4 file of which parts can be asked for.
    pub(super) video: String,
}

/// A service that a room's broadcast is sent to, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Push {
    pub(super) id: PushId,
    /// What everybody in the room reads while it is sent there.
    pub(super) name: Name,
    pub(super) preset: Preset,
    /// By which protocol: the beginning of the address.
    pub(super) kind: Kind,
    pub(super) address: String,
    /// There is a key.
    pub(super) key: bool,
    /// There is a passphrase.
    pub(super) passphrase: bool,
    /// It is sent there whenever the room is on air.
    pub(super) enabled: bool,
    pub(super) state: PushState,
    /// Since when it is live, RFC 3339.
    pub(super) since: Option<String>,
    /// When it is tried again, RFC 3339.
    pub(super) again: Option<String>,
    /// What went wrong last since the broadcast is on air.
    pub(super) error: Option<PushError>,
    /// Bytes that were sent since the start of the daemon.
    pub(super) bytes: u64,
    /// Pictures that were left out, since the service took less.
    pub(super) dropped: u64,
    /// How often it was begun anew since the broadcast is on air.
    pub(super) restarts: u64,
}

/// How a room looks to those who watch, and who is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Studio {
    pub(super) name: Name,
    pub(super) broadcast: BroadcastId,
    /// Null while the room is off air.
    pub(super) live: Option<StudioLive>,
    /// In the order they came.
    pub(super) people: Vec<StudioPerson>,
    pub(super) layout: Layout,
    /// Who comes before the others; null for whoever speaks.
    pub(super) front: Option<ParticipantId>,
    /// Names are written with the pictures.
    pub(super) names: bool,
    /// The title lies over the picture.
    pub(super) title: bool,
    /// The box's logo lies over the picture, if there is one.
    pub(super) logo: bool,
    pub(super) lower_third: Option<LowerThird>,
    /// What is shown instead of everybody.
    pub(super) slate: Option<Slate>,
    /// The room goes on air by itself when somebody enters it, and off when the last one leaves.
    pub(super) auto_live: bool,
    /// What is on air is recorded without anybody saying so, once everybody on air agrees.
    pub(super) auto_record: bool,
    /// What is on air is for those alone who were invited to the room.
    pub(super) restricted: bool,
    /// What is recorded so is recorded of each in a file of their own as well, of whoever agrees to that.
    pub(super) auto_separately: bool,
    /// The box has a logo.
    pub(super) has_logo: bool,
    /// The smaller pictures that are made at the moment, by their lines.
    pub(super) rungs: Vec<Rung>,
    /// What the board has room for beside them.
    pub(super) head: Head,
}

/// A room that is on air.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StudioLive {
    /// RFC 3339.
    pub(super) since: String,
    pub(super) title: Title,
    pub(super) viewers: u32,
    /// Null if nobody wants it recorded.
    pub(super) recording: Option<StudioRecording>,
    /// Everybody who agrees to that is recorded in a file of their own as well.
    pub(super) separately: bool,
}

/// A recording that somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum StudioRecording {
    /// It is made.
    On,
    /// Somebody on air has not agreed.
    Waits,
}

/// Somebody in the room.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StudioPerson {
    pub(super) id: ParticipantId,
    pub(super) name: Name,
    /// What they answered to the question whether they may be seen and heard by those who watch.
    pub(super) on_air: StudioAnswer,
    /// They send pictures.
    pub(super) camera: bool,
    /// They share a screen.
    pub(super) screen: bool,
    pub(super) speaking: bool,
}

/// What somebody answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum StudioAnswer {
    No,
    /// Nothing yet.
    Asked,
    Yes,
}

/// How a push is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum PushState {
    /// It is turned off.
    Off,
    /// The room is not on air.
    Waiting,
    Connecting,
    /// The service takes the stream.
    Live,
    /// It is tried again.
    Failed,
}

/// What went wrong with a push.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PushError {
    pub(super) code: Code,
    /// A sentence for people, and what to do next.
    pub(super) text: &'static str,
    /// When, RFC 3339.
    pub(super) at: Option<String>,
}

/// How devices come to trust the box.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Trust {
    /// The box's own certificate authority; null with a configured certificate.
    pub(super) authority: Option<Authority>,
    /// The box by HTTPS, under the name that was asked for; null where that is off.
    pub(super) secure: Option<String>,
    /// The page about it, for other devices.
    pub(super) page: String,
}

/// The certificates of the secure door, and how it goes with a certificate authority outside.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Certificates {
    /// Those that clients are shown, each for its own names: that of an authority outside first. None where HTTPS is off.
    pub(super) certificates: Vec<Certificate>,
    /// How it goes with an authority outside; null where none is asked.
    pub(super) acme: Option<Acme>,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Certificate {
    /// Where it comes from.
    pub(super) source: CertificateSource,
    /// Names and addresses that it is for.
    pub(super) names: Vec<String>,
    /// RFC 3339.
    pub(super) valid_until: String,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum CertificateSource {
    /// The box's own authority.
    Own,
    /// Files of the configuration.
    Configured,
    /// An authority outside, by ACME.
    Acme,
}

/// How it goes with a certificate authority outside.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Acme {
    /// Whom its certificate is, or shall be, for.
    pub(super) names: Vec<String>,
    /// It is being asked right now.
    pub(super) asking: bool,
    /// Until when there is a valid certificate of it, RFC 3339; null: the box's own serves.
    pub(super) valid_until: Option<String>,
    /// When it is asked next, RFC 3339; null while the clock is wrong.
    pub(super) next: Option<String>,
    /// Why the last attempt failed; null after one that did not.
    pub(super) failure: Option<CertificateFailed>,
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CertificateFailed {
    /// Stays.
    pub(super) code: CertificateCode,
    /// What it means and what to do, in English.
    pub(super) text: &'static str,
    /// What the other side said.
    pub(super) detail: Option<String>,
    /// When, RFC 3339.
    pub(super) at: String,
}

/// A certificate authority.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Authority {
    /// What systems show it as.
    pub(super) name: String,
    /// The SHA-256 of its certificate, in pairs of hexadecimal digits with colons between them.
    pub(super) sha256: String,
}
