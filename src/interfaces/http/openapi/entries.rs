//! What each route does. The order is that of `routes::TABLE`.

use super::entry::{Entry, entry};
use crate::interfaces::http::account::{
    Account, AccountChange, DeviceCode, NewPasskey, Nonce, Question, RecoveryCodes, SignedMessage,
};
use crate::interfaces::http::answer::{
    Broadcast, Certificates, Guest, Invite, NewInvite, Node, Privacy, Push, Readiness, Room, Session, Studio,
    Telephone, Trust,
};
use crate::interfaces::http::camera::WantedControl;
use crate::interfaces::http::chat::ChatSearch;
use crate::interfaces::http::guest::Entry as GuestEntry;
use crate::interfaces::http::health::NodeChange;
use crate::interfaces::http::network::{Forget as ForgetNetwork, Join as JoinNetwork};
use crate::interfaces::http::people::{Audited, Identity, IdentityChange, Member, MemberChange, NewIdentity};
use crate::interfaces::http::privacy::Typed;
use crate::interfaces::http::pushes::{NewPush, PushChange};
use crate::interfaces::http::rooms::{NewRoom, WantedInvite};
use crate::interfaces::http::session::SignIn;
use crate::interfaces::http::settings::{FactoryReset, Restart};
use crate::interfaces::http::studio::{GoLive, StudioChange};
use crate::interfaces::http::telephone::Chosen;
use crate::interfaces::http::update::{From as UpdateFrom, RestartInto};
use crate::proto::auth::Rules;
use crate::proto::layout::aim::Aim;
use crate::proto::mqtt::Connection;
use crate::services::chat::Told;
use crate::services::endpoint::adjust::{Knob, Preset, Report};
use crate::services::endpoint::hearing::SoundTest;
use crate::services::endpoint::report::Report as PluggedIn;
use crate::services::endpoint::{BoxScreen, Layout, Loudnesses, Wishes};
use crate::services::network::Network;
use crate::services::reachability::Reachability;
use crate::services::recorder::{Change, Part, Recording, Recordings};
use crate::services::settings::{self, Settings};
use crate::services::update::Update;

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

pub(super) fn entries() -> Vec<Entry> {
    let mut all =
        vec![
        entry("GET", "/healthz", "Whether the process lives").gives_text(200, "It does.", "text/plain"),
        entry("GET", "/readyz", "Whether every part is up")
            .gives::<Readiness>(200, "Every part is up.")
            .gives::<Readiness>(503, "A part is down, or the box is shutting down."),
        entry("GET", "/api/openapi.json", "This document").gives_text(200, "OpenAPI 3.1.", JSON),
        entry("GET", "/api/v1/session", "Who the box takes you for").gives::<Session>(200, "You."),
        entry("POST", "/api/v1/session", "Sign in")
            .more(
                "Tokens come from the fragment of a link. The owner's is good for one sign-in. A name alone is for the chat of what is public.",
            )
            .takes::<SignIn>()
            .gives::<Session>(200, "You.")
            .header("set-cookie", "The login.")
            .fails(&[
                "bad-message", "bad-name", "banned", "busy", "link-expired", "link-revoked", "link-used-up", "message-elsewhere", "message-time",
                "not-near", "owned", "passkey-refused", "too-many", "unknown-link", "unproved", "wrong-number", "shutdown", "store",
            ]),
        entry("DELETE", "/api/v1/session", "Sign out")
            .gives::<Session>(200, "A viewer.")
            .header("set-cookie", "Takes the login away.")
            .fails(&["shutdown", "store"]),
        entry("POST", "/api/v1/guest", "Enter by an invite from a page of another site")
            .more("No cookie is set: the page keeps the token and sends it itself.")
            .takes::<GuestEntry>()
            .gives::<Guest>(201, "You, and the token.")
            .fails(&["unknown-link", "link-expired", "link-revoked", "link-used-up", "banned", "bad-name", "busy", "too-many", "shutdown", "store"]),
        entry("GET", "/api/v1/guest", "Whom a guest's token is good for")
            .more("The token is in `Authorization: Bearer`.")
            .gives::<Session>(200, "You.")
            .fails(&["sign-in"]),
        entry("DELETE", "/api/v1/guest", "Give a guest's token back")
            .more("The token is in `Authorization: Bearer`.")
            .gives_nothing(204, "It is void.")
            .fails(&["sign-in", "shutdown", "store"]),
        entry("OPTIONS", "/api/v1/guest", "What a page of another site may send here").gives_nothing(204, "It may."),
        entry("GET", "/api/v1/node", "What this box is").gives::<Node>(200, "The box."),
        entry("PATCH", "/api/v1/node", "Give the box a name")
            .more("Its name on the local network and its certificate follow within seconds; a passkey belongs to the name under which it was made.")
            .takes::<NodeChange>()
            .gives::<Node>(200, "The box.")
            .fails(&["bad-name", "store"]),
        entry("POST", "/api/v1/node/restart", "Start the box again")
            .more("Whoever is in a call comes back to it by themselves.")
            .takes::<Restart>()
            .gives::<Settings>(200, "It starts again in a moment.")
            .fails(&["bad-setting", "shutdown"]),
        entry("POST", "/api/v1/node/factory-reset", "Forget everything")
            .more(
                "Settings, people, keys, rooms, chats and recordings on the box's own disk are gone then, and nobody owns the box. Of an \
                 image, the machine restarts.",
            )
            .takes::<FactoryReset>()
            .gives::<Settings>(200, "It starts again in a moment, as a new box.")
            .fails(&["bad-setting", "no-restart", "other-name", "shutdown", "state-folder"]),
        entry("GET", "/api/v1/settings", "What can be chosen, and what it is")
            .gives::<Settings>(200, "All settings.")
            .fails(&["bad-setting", "shutdown"]),
        entry("PATCH", "/api/v1/settings", "Choose")
            .more(
                "Some hold from then on, for others the box starts again, see `needs`. What could lock somebody out is tried for 15 s after \
                 that start and then taken back, unless it is kept.",
            )
            .takes::<settings::Wishes>()
            .gives::<Settings>(200, "All settings; `restarts` says whether the box starts again in a moment.")
            .fails(&["bad-setting", "fixed-setting", "no-setting", "on-trial", "shutdown", "state-folder"]),
        entry("POST", "/api/v1/settings/keep", "Say that what is tried may stay")
            .gives::<Settings>(200, "It stays.")
            .fails(&["bad-setting", "not-on-trial", "shutdown", "state-folder"]),
        entry("POST", "/api/v1/settings/revert", "Take back what is tried")
            .more("The box starts again with what was chosen before.")
            .gives::<Settings>(200, "It starts again in a moment.")
            .fails(&["bad-setting", "not-on-trial", "shutdown"]),
        entry("GET", "/api/v1/network", "How the box is connected, and which wireless networks are in reach")
            .more("It looks for them, which takes some seconds, unless it opens a network of its own at the moment.")
            .gives::<Network>(200, "How it is.")
            .fails(&["shutdown"]),
        entry("POST", "/api/v1/network/join", "Join a wireless network")
            .more(
                "The box's own network closes for that; if it does not work, it is open again in a minute or so, and `failed` says why. What has \
                 worked the box knows from then on.",
            )
            .takes::<JoinNetwork>()
            .gives::<Network>(202, "It is being joined.")
            .fails(&["bad-network-name", "bad-network-password", "joining", "network-manager", "no-wifi", "other-lock", "shutdown"]),
        entry("POST", "/api/v1/network/forget", "Know a wireless network no more")
            .takes::<ForgetNetwork>()
            .gives::<Network>(200, "How it is.")
            .fails(&["joining", "network-manager", "no-network", "no-wifi", "shutdown"]),
        entry("GET", "/api/v1/update", "How it stands with the image of the box and its update")
            .gives::<Update>(200, "How it is.")
            .fails(&["not-an-image", "rauc", "shutdown", "updating"]),
        entry("POST", "/api/v1/update", "Fetch a bundle and install it")
            .more("It goes on by itself; what becomes of it is what GET says.")
            .takes::<UpdateFrom>()
            .gives::<Update>(202, "It is being fetched.")
            .fails(&["bad-address", "bundle-no-space", "not-an-image", "rauc", "shutdown", "updating"]),
        entry("PUT", "/api/v1/update/bundle", "Upload a bundle and install it")
            .more("The body is the bundle, of at most update.max_megabytes. It is answered when all of it came; what becomes of it is what GET says.")
            .takes_text("application/vnd.rauc")
            .gives::<Update>(202, "It is being installed.")
            .fails(&[
                "bundle-broken-off", "bundle-no-space", "bundle-too-large", "not-an-image", "rauc", "shutdown", "updating",
            ]),
        entry("POST", "/api/v1/update/restart", "Restart the machine into the update")
            .takes::<RestartInto>()
            .gives_nothing(202, "It restarts in a moment.")
            .fails(&["in-use", "no-restart", "no-update", "not-an-image", "rauc", "shutdown", "updating"]),
        entry("GET", "/api/v1/mqtt", "How the connection with the broker of the house is")
            .gives::<Connection>(200, "How it is."),
        entry("GET", "/api/v1/statistics", "What the statistics page shows")
            .more(
                "Made for that page: members come and go. Measure by the metrics of docs/reference/metrics.md instead.",
            )
            .gives::<serde_json::Map<String, serde_json::Value>>(200, "What was counted since the start."),
        entry("GET", "/api/v1/telephone", "Who rings, and the calls that were")
            .gives::<Telephone>(200, "How it is."),
        entry("GET", "/api/v1/telephone/events", "The same, now and whenever it changes")
            .gives_text(200, "Server-sent events `state`.", "text/event-stream"),
        entry("POST", "/api/v1/telephone/answer", "Answer the call")
            .more("The box enters the caller's room, seen and heard unless it is in privacy mode.")
            .gives_nothing(204, "The box is in the call.")
            .fails(&["not-ringing", "no-room", "room-full", "shutdown", "store"]),
        entry("POST", "/api/v1/telephone/decline", "Do not take the call")
            .gives_nothing(204, "The caller is told.")
            .fails(&["not-ringing", "shutdown", "store"]),
        entry("POST", "/api/v1/telephone/hang-up", "Take the box out of the call that it is in")
            .gives_nothing(204, "It is in no call.")
            .fails(&["not-in-call", "no-room", "shutdown"]),
        entry("PUT", "/api/v1/telephone/settings", "Choose when the box rings, and whom it answers by itself")
            .takes::<Chosen>()
            .gives::<Telephone>(200, "How it is now.")
            .fails(&["bad-hours", "too-many-contacts", "shutdown", "store"]),
        entry("DELETE", "/api/v1/telephone/calls", "Forget the calls that were")
            .gives_nothing(204, "They are forgotten.")
            .fails(&["shutdown", "store"]),
        entry("GET", "/api/v1/privacy", "Whether camera and microphone of the box are closed")
            .gives::<Privacy>(200, "How it is, and what the kernel says."),
        entry("POST", "/api/v1/privacy", "Close camera and microphone of the box")
            .more("In the middle of a call, too. It outlives a restart.")
            .gives::<Privacy>(200, "They are closed.")
            .fails(&["shutdown", "store"]),
        entry("POST", "/api/v1/privacy/code", "Have the box's screen show the code that opens them again")
            .more("Only somebody in front of it sees it, for 90 seconds.")
            .gives_nothing(202, "It is shown.")
            .fails(&["no-screen", "not-private", "too-many-codes", "shutdown"]),
        entry("POST", "/api/v1/privacy/open", "Open them again by the code on the screen")
            .takes::<Typed>()
            .gives::<Privacy>(200, "They may be opened; in a call the box stays muted until somebody unmutes it.")
            .fails(&["not-private", "no-code", "wrong-code", "too-many-codes", "shutdown", "store"]),
        entry("GET", "/api/v1/devices", "What is plugged into the box, and what to do about it")
            .more("No device is opened for it. The texts are for people; the codes stay.")
            .gives::<PluggedIn>(200, "What is used, what is left out, and what follows."),
        entry("GET", "/api/v1/certificate", "The certificates of the box, and how it goes with a certificate authority outside")
            .gives::<Certificates>(200, "What clients are shown, when it is renewed, and why that failed."),
        entry("POST", "/api/v1/certificate/renew", "Have the certificate authority outside asked now")
            .more("A few times an hour at most. The answer comes before it is done.")
            .gives::<Certificates>(202, "It is being asked.")
            .fails(&["no-acme", "certificate-asking", "certificate-too-soon"]),
        entry("POST", "/api/v1/reachability", "Tries how the box is reached")
            .more("Takes some seconds. The box connects with itself by every way that browsers are told.")
            .gives::<Reachability>(200, "What was tried, and what follows."),
        entry("GET", "/api/v1/logo", "The box's logo")
            .gives_text(200, "The file.", "image/png")
            .fails(&["no-logo"]),
        entry("PUT", "/api/v1/logo", "Give the box a logo, which may lie over what is on air")
            .more("Half a megabyte and 2048 pixels to a side at most; what is transparent stays so.")
            .takes_text("image/png")
            .gives_nothing(204, "It is kept.")
            .fails(&["bad-logo", "logo-too-large", "state-folder"]),
        entry("DELETE", "/api/v1/logo", "Take the logo away")
            .gives_nothing(204, "There is none.")
            .fails(&["state-folder"]),
        entry("GET", "/api/v1/recordings", "The recordings, and the room for more")
            .gives::<Recordings>(200, "The newest first.")
            .fails(&["shutdown"]),
        entry("PATCH", "/api/v1/recordings/{recording}", "Call a recording something else, protect it, or publish it")
            .more("What is not given stays. A protected recording is not deleted by age nor for want of room. A published one is a broadcast of the same id that everybody may watch. One of a participant alone can't be changed: it goes with the one that it was made beside.")
            .takes::<Change>()
            .gives::<Recording>(200, "It as it is now.")
            .fails(&["bad-title", "no-recording", "recordings-folder", "recordings-full", "shutdown"]),
        entry("DELETE", "/api/v1/recordings/{recording}", "Delete a recording")
            .more("For ten minutes it can be had back. What was made beside it of participants alone is deleted with it.")
            .gives_nothing(204, "It is deleted.")
            .fails(&["no-recording", "recording-protected", "recordings-folder", "recordings-full", "shutdown"]),
        entry("POST", "/api/v1/recordings/{recording}/restore", "Have a deleted recording back")
            .more("With what was deleted with it.")
            .gives::<Recording>(200, "It as it is now.")
            .fails(&["no-recording", "recordings-folder", "recordings-full", "shutdown"]),
        entry("POST", "/api/v1/recordings/{recording}/trim", "Make a part of a recording one of its own")
            .more("Nothing is encoded anew: it begins with the first picture from there on that can be shown by itself. The recording itself stays as it is.")
            .takes::<Part>()
            .gives::<Recording>(202, "The part, which is being copied.")
            .fails(&[
                "bad-part",
                "no-recording",
                "recording-trimming",
                "recordings-folder",
                "recordings-full",
                "recordings-sd-card",
                "shutdown",
            ]),
        entry("GET", "/api/v1/recordings/{recording}/video", "The video of a recording")
            .more("One range of it may be asked for. `?download` has browsers save it. One that is being made is given as far as it is.")
            .gives_text(200, "The whole video.", "video/mp4")
            .gives_text(206, "The part of it that was asked for.", "video/mp4")
            .fails(&["no-recording", "no-such-range", "shutdown"]),
        entry("GET", "/api/v1/screen", "How the box's screen shows calls")
            .gives::<BoxScreen>(200, "How, and whether there is a screen and its television sleeps."),
        entry("PUT", "/api/v1/screen", "Have the box's screen show calls in another way")
            .more("It is kept. The channel keys of the television's remote control do the same.")
            .takes::<Layout>()
            .gives::<BoxScreen>(200, "How it is shown now."),
        entry("GET", "/api/v1/sound", "How loud the box's speaker and microphone are")
            .gives::<Loudnesses>(200, "How loud they are, by whomever they were set."),
        entry("PATCH", "/api/v1/sound", "Make the box's speaker and microphone louder and quieter")
            .more("What is not given stays. It is kept, and set again whenever the device is plugged in.")
            .takes::<Wishes>()
            .gives::<Loudnesses>(200, "How loud they are now.")
            .fails(&["bad-volume", "no-control", "shutdown"]),
        entry("POST", "/api/v1/sound/test", "Tries how the room sounds")
            .more("Takes four seconds, in which the box plays something and listens. Not while the box is in a call.")
            .gives::<SoundTest>(200, "What was measured, and what to change.")
            .fails(&["no-sound", "sound-busy", "sound-failed", "shutdown"]),
    ];
    all.extend(camera());
    all.extend(people());
    all.extend(rooms());
    all.extend(watching());
    all.extend([
        entry("GET", "/", "The home page").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/r/{room}", "A room's page").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/b/{broadcast}", "The page to watch a broadcast")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/sign-in", "The page by which one signs in")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/me", "The page about one's own account").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/people", "The page about whom the box knows")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/people/{room}", "The page about who has a place in a room")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/audit", "The page about what was done").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/settings", "Page of the settings").gives_text(200, "The page.", HTML),
        entry("GET", "/network", "Page about wireless networks").gives_text(200, "The page.", HTML),
        entry("GET", "/update", "Page about updates of the image").gives_text(200, "The page.", HTML),
        entry("GET", "/setup", "Page that sets the box up").gives_text(200, "The page.", HTML),
        entry("GET", "/stats", "The statistics page").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/recordings", "The page with the recordings")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/devices", "The page about what is plugged in")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/studio/{room}", "The page of a room's producer")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/pushes/{room}", "The page of the services that a room's broadcast is sent to")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/reachability", "The page about how the box is reached")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/camera", "The page of the box's camera").gives_text(200, "The page.", HTML).fails(&["no-pages"]),
        entry("GET", "/trust", "The page about trusting the box")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/trust.svg", "The address of that page as a QR code").gives_text(
            200,
            "The picture.",
            "image/svg+xml",
        ),
        entry("GET", "/api/v1/trust", "How devices come to trust the box")
            .gives::<Trust>(200, "The authority, and where to go."),
        entry("GET", "/.well-known/acme-challenge/{token}", "What proves a name to a certificate authority")
            .more("RFC 8555 section 8.3; also by plain HTTP, and only while the box asks for a certificate.")
            .gives_text(200, "The key authorization.", "application/octet-stream")
            .fails(&["not-found"]),
        entry("GET", "/ca.crt", "The box's certificate authority as DER")
            .gives_text(200, "The certificate.", "application/x-x509-ca-cert")
            .fails(&["no-authority"]),
        entry("GET", "/ca.pem", "The box's certificate authority as PEM")
            .gives_text(200, "The certificate.", "application/x-pem-file")
            .fails(&["no-authority"]),
        entry("GET", "/ca.mobileconfig", "The box's certificate authority as a profile for Apple's systems")
            .gives_text(200, "The profile.", "application/x-apple-aspen-config")
            .fails(&["no-authority"]),
        entry("GET", "/embed/b/{broadcast}", "A player for an iframe of another site")
            .gives_text(200, "The page.", HTML)
            .fails(&["no-pages"]),
        entry("GET", "/sdk/{*path}", "The library for pages of other sites")
            .gives_text(200, "A file.", "*/*")
            .fails(&["not-found"]),
        entry("GET", "/assets/{*path}", "Scripts and styles of the pages")
            .gives_text(200, "A file; its name changes with its content.", "*/*")
            .fails(&["not-found"]),
    ]);
    all
}

fn camera() -> Vec<Entry> {
    let device = &["no-controls", "camera-away", "camera-refuses", "shutdown"];
    vec![
        entry("GET", "/api/v1/camera", "The box's camera, and what can be adjusted on it")
            .gives::<Report>(200, "The camera, open or not.")
            .fails(&["shutdown"]),
        entry("PATCH", "/api/v1/camera/controls", "Set a control of the camera")
            .more("It takes effect at once, and is set again whenever the camera is opened.")
            .takes::<WantedControl>()
            .gives::<Vec<Knob>>(200, "All controls: setting one may free or bind others.")
            .fails(&[
                "no-controls",
                "no-control",
                "bad-value",
                "set-by-camera",
                "camera-away",
                "camera-refuses",
                "shutdown",
            ]),
        entry("DELETE", "/api/v1/camera/controls", "Set all controls of the camera as in a fresh one")
            .gives::<Vec<Knob>>(200, "All controls.")
            .fails(device),
        entry("PUT", "/api/v1/camera/aim", "Show another part of the camera's picture")
            .more("Pan, tilt and zoom without a motor: the part is cut out and enlarged, from the next picture on.")
            .takes::<Aim>()
            .gives_nothing(204, "It is shown.")
            .fails(&["shutdown"]),
        entry("PUT", "/api/v1/camera/presets/{preset}", "Give the part that is shown now a name")
            .more("At most eight; one of the same name is another one then.")
            .gives::<Vec<Preset>>(200, "All presets.")
            .fails(&["bad-name", "too-many-presets", "shutdown"]),
        entry("DELETE", "/api/v1/camera/presets/{preset}", "Forget a preset")
            .gives::<Vec<Preset>>(200, "All presets.")
            .fails(&["bad-name", "no-preset", "shutdown"]),
    ]
}

fn people() -> Vec<Entry> {
    vec![
        entry("POST", "/api/v1/session/passkey", "Begin to sign in by a passkey")
            .gives::<Question>(200, "What the browser is to ask; the answer goes to `POST /api/v1/session`.")
            .fails(&["passkey-site", "shutdown"]),
        entry("POST", "/api/v1/session/wallet", "Begin to sign in by a wallet")
            .gives::<Nonce>(
                200,
                "For a message of EIP-4361, for five minutes; the message goes to `POST /api/v1/session`.",
            )
            .fails(&["shutdown"]),
        entry("GET", "/api/v1/identity", "Who you are to the box, and how you sign in")
            .gives::<Account>(200, "You.")
            .fails(&["sign-in", "shutdown"]),
        entry("PATCH", "/api/v1/identity", "Say what you are called")
            .takes::<AccountChange>()
            .gives_nothing(204, "You are called that.")
            .fails(&["sign-in", "bad-name", "nobody", "shutdown", "store"]),
        entry("DELETE", "/api/v1/identity/devices/{device}", "Sign one of your devices out")
            .gives_nothing(204, "It is signed out.")
            .fails(&["sign-in", "nobody", "shutdown", "store"]),
        entry("POST", "/api/v1/identity/code", "A code that signs in one more of your devices")
            .more("It works once, for ten minutes.")
            .gives::<DeviceCode>(201, "The code.")
            .fails(&["sign-in", "nobody", "shutdown"]),
        entry("POST", "/api/v1/identity/recovery", "Recovery codes to write down")
            .more("Those you had are void.")
            .gives::<RecoveryCodes>(201, "The codes.")
            .fails(&["sign-in", "nobody", "shutdown", "store"]),
        entry("POST", "/api/v1/identity/passkey", "Begin to make a passkey")
            .gives::<Question>(200, "What the browser is to ask.")
            .fails(&["sign-in", "nobody", "passkey-site", "too-many", "shutdown"]),
        entry("POST", "/api/v1/identity/passkeys", "Sign in by this passkey from now on")
            .takes::<NewPasskey>()
            .gives_nothing(204, "You do.")
            .fails(&["sign-in", "bad-name", "link-expired", "passkey-refused", "taken", "shutdown", "store"]),
        entry("POST", "/api/v1/identity/wallets", "Sign in by this wallet from now on")
            .takes::<SignedMessage>()
            .gives_nothing(204, "You do.")
            .fails(&[
                "sign-in",
                "nobody",
                "bad-message",
                "link-expired",
                "message-elsewhere",
                "message-time",
                "unproved",
                "taken",
                "too-many",
                "shutdown",
                "store",
            ]),
        entry(
            "DELETE",
            "/api/v1/identity/credentials/{credential}",
            "Do not sign in by this passkey or wallet any more",
        )
        .gives_nothing(204, "You do not.")
        .fails(&["sign-in", "nobody", "shutdown", "store"]),
        entry("GET", "/api/v1/identities", "Whom the box knows")
            .gives::<Vec<Identity>>(200, "They, the oldest first.")
            .fails(&["shutdown"]),
        entry("POST", "/api/v1/identities", "Have the box know somebody")
            .takes::<NewIdentity>()
            .gives::<Identity>(201, "They.")
            .fails(&["bad-name", "too-many", "shutdown", "store"]),
        entry("PATCH", "/api/v1/identities/{identity}", "Change what somebody is called, or whether they own the box")
            .takes::<IdentityChange>()
            .gives_nothing(204, "It is changed.")
            .fails(&["bad-name", "last-owner", "nobody", "shutdown", "store"]),
        entry("DELETE", "/api/v1/identities/{identity}", "Forget somebody")
            .more("They are signed out everywhere, at once.")
            .gives_nothing(204, "The box does not know them any more.")
            .fails(&["last-owner", "nobody", "shutdown", "store"]),
        entry("POST", "/api/v1/identities/{identity}/code", "A code that signs in a device of somebody")
            .more("It works once, for ten minutes.")
            .gives::<DeviceCode>(201, "The code.")
            .fails(&["nobody", "shutdown"]),
        entry("GET", "/api/v1/audit", "What was done on this box, and by whom")
            .more("The newest first, a hundred at a time; `?before=<id>` goes on from there.")
            .gives::<Vec<Audited>>(200, "What was done.")
            .fails(&["store"]),
    ]
}

fn rooms() -> Vec<Entry> {
    vec![
        entry("GET", "/api/v1/rooms", "The rooms that you may join")
            .gives::<Vec<Room>>(200, "The rooms; for a viewer none."),
        entry("POST", "/api/v1/rooms", "Make a room").takes::<NewRoom>().gives::<Room>(201, "The room.").fails(&[
            "bad-name",
            "too-many",
            "too-many-rooms",
            "shutdown",
            "store",
        ]),
        entry("GET", "/api/v1/rooms/{room}", "One room").gives::<Room>(200, "The room.").fails(&["no-room"]),
        entry("DELETE", "/api/v1/rooms/{room}", "Close a room and forget it")
            .more("Whoever is in it is told; its invites end.")
            .gives_nothing(204, "It is closed.")
            .fails(&["no-room", "shutdown", "store"]),
        entry("POST", "/api/v1/rooms/{room}/invites", "Make an invite")
            .takes::<WantedInvite>()
            .gives::<NewInvite>(201, "The invite with its link.")
            .fails(&["bad-lifetime", "bad-number", "no-room", "too-many", "shutdown", "store"]),
        entry("GET", "/api/v1/rooms/{room}/invites", "The invites of a room")
            .gives::<Vec<Invite>>(200, "The invites, without their secrets.")
            .fails(&["shutdown", "store"]),
        entry("DELETE", "/api/v1/rooms/{room}/invites/{invite}", "Revoke an invite")
            .more("Those who are inside by it leave at once.")
            .gives_nothing(204, "It is revoked.")
            .fails(&["shutdown", "store"]),
        entry("GET", "/api/v1/rooms/{room}/members", "Who has a place in a room")
            .more("Those of most trust first. Whoever owns the box may everything without one.")
            .gives::<Vec<Member>>(200, "They.")
            .fails(&["no-room", "shutdown"]),
        entry("PATCH", "/api/v1/rooms/{room}/members/{subject}", "Change somebody's place in a room")
            .more(
                "It takes effect at once, on running media, too. A host of the room may everything; a moderator what stays below their                  own role; nobody anything to themselves.",
            )
            .takes::<MemberChange>()
            .gives_nothing(204, "It is changed.")
            .fails(&["no-room", "nobody", "too-many", "shutdown", "store"]),
        entry("DELETE", "/api/v1/rooms/{room}/members/{subject}", "Take somebody's place in a room away")
            .more("A guest's login ends with it.")
            .gives_nothing(204, "They have none any more.")
            .fails(&["no-room", "nobody", "too-many", "shutdown", "store"]),
        entry("GET", "/api/v1/rooms/{room}/rules", "What the roles may otherwise in a room")
            .gives::<Rules>(200, "The rules.")
            .fails(&["no-room", "shutdown"]),
        entry("PUT", "/api/v1/rooms/{room}/rules", "Say what the roles may otherwise in a room")
            .more("It takes effect at once. What is denied is denied, also where it is allowed. Hosts may everything.")
            .takes::<Rules>()
            .gives::<Rules>(200, "The rules.")
            .fails(&["no-room", "shutdown", "store"]),
        entry("GET", "/api/v1/rooms/{room}/audit", "What was done in a room, and by whom")
            .more("The newest first, a hundred at a time; `?before=<id>` goes on from there.")
            .gives::<Vec<Audited>>(200, "What was done.")
            .fails(&["no-room", "store"]),
        entry("GET", "/api/v1/rooms/{room}/still", "A photograph of the box's screen")
            .more("The screen and everybody in the room are told.")
            .gives_text(200, "The picture.", "image/jpeg")
            .fails(&["no-room", "box-not-here", "no-picture", "shutdown"]),
        entry("GET", "/api/v1/rooms/{room}/studio", "How a room looks to those who watch, and who is in it")
            .gives::<Studio>(200, "As it is now.")
            .fails(&["no-room"]),
        entry("PATCH", "/api/v1/rooms/{room}/studio", "Have a room look another way to those who watch")
            .more(
                "What is not given stays. Layout, names, title and logo are kept, on air or not; the others end with the broadcast. \
                 While there is a slate, nobody is seen or heard by those who watch.",
            )
            .takes::<StudioChange>()
            .gives::<Studio>(200, "As it is now.")
            .fails(&["bad-title", "no-room", "no-such-person", "shutdown", "store"]),
        entry("POST", "/api/v1/rooms/{room}/live", "Put a room on air")
            .more("Everybody in it is asked. A room that is on air gets the title.")
            .takes::<GoLive>()
            .gives::<Studio>(200, "It is on air.")
            .fails(&["bad-title", "no-room", "not-live", "recordings-folder", "recordings-full", "recordings-sd-card", "shutdown"]),
        entry("DELETE", "/api/v1/rooms/{room}/live", "Take a room off air")
            .gives_nothing(204, "It is off air.")
            .fails(&["no-room", "shutdown"]),
        entry("GET", "/api/v1/rooms/{room}/pushes", "The services that the room's broadcast is sent to")
            .more("Keys are not among what is told.")
            .gives::<Vec<Push>>(200, "The services, and how each is.")
            .fails(&["no-room"]),
        entry("POST", "/api/v1/rooms/{room}/pushes", "Send the room's broadcast to another service as well")
            .more("Eight at most. It runs whenever the room is on air and it is enabled.")
            .takes::<NewPush>()
            .gives::<Push>(201, "The service.")
            .fails(&["bad-name", "bad-address", "bad-key", "no-room", "too-many-pushes", "shutdown", "store"]),
        entry("PATCH", "/api/v1/rooms/{room}/pushes/{push}", "Change where it is sent, or turn it on or off")
            .more("What is not given stays. One that runs begins anew if it goes elsewhere.")
            .takes::<PushChange>()
            .gives::<Push>(200, "The service.")
            .fails(&["bad-name", "bad-address", "bad-key", "no-push", "no-room", "shutdown", "store"]),
        entry("DELETE", "/api/v1/rooms/{room}/pushes/{push}", "Send it there no more, and forget the key")
            .gives_nothing(204, "It is forgotten.")
            .fails(&["no-push", "no-room", "shutdown", "store"]),
        entry("GET", "/api/v1/rooms/{room}/ws", "The room's WebSocket")
            .more("Frames are those of docs/reference/signalling.md.")
            .gives_nothing(101, "The connection is a WebSocket now.")
            .fails(&["no-room"]),
        entry("GET", "/api/v1/rooms/{room}/lobby", "The WebSocket of those who wait to be let in")
            .more("Frames are those of docs/reference/signalling.md.")
            .gives_nothing(101, "The connection is a WebSocket now.")
            .fails(&["no-room"]),
        entry("GET", "/api/v1/rooms/{room}/chat", "The WebSocket of the chat of a call")
            .more("Frames are those of docs/reference/chat.md.")
            .gives_nothing(101, "The connection is a WebSocket now.")
            .fails(&["chat-full", "no-room"]),
        entry("POST", "/api/v1/rooms/{room}/chat/search", "Look through what was written in a room, or to those who watch it")
            .more("The newest come first, 100 at most.")
            .takes::<ChatSearch>()
            .gives::<Vec<Told>>(200, "The messages.")
            .fails(&["no-room", "store"]),
    ]
}

fn watching() -> Vec<Entry> {
    vec![
        entry("GET", "/api/v1/broadcasts", "What can be watched")
            .gives::<Vec<Broadcast>>(200, "Those that are live, and recordings that everybody may watch, the newest first."),
        entry("GET", "/api/v1/broadcasts/{broadcast}", "One broadcast").gives::<Broadcast>(200, "On air or not, or a recording.")
            .fails(&["restricted"]),
        entry("GET", "/api/v1/broadcasts/{broadcast}/video", "The video of a recording that everybody may watch")
            .more("One range of it may be asked for. The first twenty seconds come at once, the rest twice as fast as it is played. Pages of other sites may read it.")
            .gives_text(200, "The whole video.", "video/mp4")
            .gives_text(206, "The part of it that was asked for.", "video/mp4")
            .fails(&["busy", "no-recording", "no-such-range", "shutdown"]),
        entry("GET", "/api/v1/broadcasts/{broadcast}/thumbnail.jpg", "A small picture of what is on air")
            .more("320 by 180 pixels at most. It is made when somebody asks, and given to all who ask within ten seconds, or within a minute where nobody watches. With `behind=<seconds>` in the query it is the one of so long before live, as far back as one can go. Whoever shows it adds the broadcast's `cut` to the query: then no cache gives what is older. Pages of other sites may read it.")
            .gives_text(200, "The picture.", "image/jpeg")
            .gives_nothing(304, "It is the one that the request names.")
            .header("cache-control", "How long it may be shown.")
            .header("etag", "Names the picture.")
            .fails(&["bad-request", "not-found", "not-on-air", "no-media", "busy", "shutdown"]),
        entry("GET", "/api/v1/broadcasts/{broadcast}/events", "The news of one broadcast")
            .more("Server-sent events: `state` with a Broadcast as JSON, at once and on every change.")
            .gives_text(200, "The events.", "text/event-stream")
            .fails(&["restricted"]),
        entry("GET", "/api/v1/broadcasts/{broadcast}/chat", "The WebSocket of the chat of those who watch")
            .more("Frames are those of docs/reference/chat.md.")
            .gives_nothing(101, "The connection is a WebSocket now.")
            .fails(&["chat-full", "no-chat", "restricted"]),
        entry("GET", "/hls/{broadcast}/{*path}", "A playlist, a segment or a part (LL-HLS)")
            .more("`index.m3u8` is the multivariant playlist. Requests with `_HLS_msn` and `_HLS_part` wait for that part (RFC 8216bis). A segment that is still being made is sent as it is made. Pages of other sites may read it.")
            .gives_text(200, "What was asked for.", "*/*")
            .header("cache-control", "How long it stays true.")
            .fails(&["not-found", "not-on-air", "bad-request", "no-media", "no-room-for-size", "uplink", "busy"]),
        entry("GET", "/dash/time", "The time that players of DASH go by")
            .more("An `xs:dateTime`, of the clock that `availabilityStartTime` is on. Pages of other sites may read it.")
            .gives_text(200, "The time.", "text/plain"),
        entry("GET", "/dash/{broadcast}/manifest.mpd", "The manifest (low-latency DASH)")
            .more("Its segments are those of `/hls/`. Who has one asks for the next at its `Location`. Pages of other sites may read it.")
            .gives_text(200, "The manifest.", "application/dash+xml")
            .header("cache-control", "How long it stays true.")
            .fails(&["not-found", "not-on-air", "no-media", "uplink", "busy"]),
        entry("POST", "/whep/{broadcast}", "Watch by WebRTC (WHEP)")
            .more("An SDP offer comes in, the answer goes out: draft-ietf-wish-whep-04.")
            .takes_text(SDP)
            .gives_text(201, "The answer.", SDP)
            .header("location", "Where to change addresses, and to leave.")
            .header("etag", "Names the connection until ICE is started anew.")
            .fails(&["uplink", "bad-offer", "not-found", "off-air", "not-sdp", "takes-no-sdp", "busy", "shutdown"]),
        entry("GET", "/whep/{broadcast}", "Nothing; it is for POST").gives_nothing(204, "Nothing."),
        entry("OPTIONS", "/whep/{broadcast}", "What a page of another site may send here")
            .gives_nothing(200, "It may.")
            .header("accept-post", "application/sdp"),
        entry("GET", "/whep/{broadcast}/{viewer}", "Nothing; it is for PATCH and DELETE").gives_nothing(204, "Nothing."),
        entry("PATCH", "/whep/{broadcast}/{viewer}", "Other addresses, or ICE anew")
            .more("A fragment with the credentials of the offer adds candidates; one with others starts ICE anew. `If-Match` names the connection by its `ETag`, or is `*`.")
            .takes_text(FRAGMENT)
            .gives_text(200, "ICE was started anew: the box's addresses.", FRAGMENT)
            .header("etag", "Names the connection from now on.")
            .gives_nothing(204, "The candidates were added.")
            .fails(&["bad-fragment", "not-found", "outdated", "not-fragment", "no-match", "busy", "shutdown"]),
        entry("DELETE", "/whep/{broadcast}/{viewer}", "Stop watching by WebRTC")
            .gives_nothing(200, "The viewer has left.")
            .fails(&["not-found", "shutdown"]),
        entry("OPTIONS", "/whep/{broadcast}/{viewer}", "What a page of another site may send here")
            .gives_nothing(200, "It may.")
            .header("accept-patch", "application/trickle-ice-sdpfrag"),
    ]
}
