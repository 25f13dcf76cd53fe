// Written by api-types.mjs from docs/reference/openapi.json: change the types of the daemon, not this file.

/** Who you are to the box, and how you sign in. */
export type Account = {
  /** Passkeys and wallets. */
  credentials: SignInCredential[];
  /** Where you are signed in, the device that was used last first. */
  devices: SignedInDevice[];
  id: IdentityId;
  name: Name;
  /** You own the box. */
  owner: boolean;
  /** How many recovery codes are left. */
  recovery_codes: number;
};

/** What is different about you. */
export type AccountChange = {
  /** What you are called. */
  name: Name;
};

/** How it goes with a certificate authority outside. */
export type Acme = {
  /** It is being asked right now. */
  asking: boolean;
  /** Why the last attempt failed; null after one that did not. */
  failure: CertificateFailed | null;
  /** Whom its certificate is, or shall be, for. */
  names: string[];
  /** When it is asked next, RFC 3339; null while the clock is wrong. */
  next: string | null;
  /** Until when there is a valid certificate of it, RFC 3339; null: the box's own serves. */
  valid_until: string | null;
};

/** Where a picture is cut out of a camera's. All in percent, so that it means the same for every camera and size. */
export type Aim = {
  /** From -100, the left edge, to 100, the right edge, as whoever looks at the picture sees it. */
  pan: number;
  /** From -100, the lower edge, to 100, the upper edge. */
  tilt: number;
  /** How much larger than the whole picture things are shown; 100 is the whole picture. */
  zoom: number;
};

/** One thing that somebody did. */
export type Audited = {
  /** One of the words in docs/reference/audit.md. */
  action: string;
  /** What who did it was called; empty where it was the box itself. */
  actor: string;
  /** When, RFC 3339. */
  at: string;
  /** What else there is to say. */
  detail: string | null;
  /** Rises with each; `before` takes it. */
  id: number;
  /** In which room, if in one. */
  room: RoomId | null;
  /** To whom or to what. */
  subject: string | null;
};

/** Names somebody who wrote in the chat of one room. */
export type AuthorId = string;

/** A certificate authority. */
export type Authority = {
  /** What systems show it as. */
  name: string;
  /** The SHA-256 of its certificate, in pairs of hexadecimal digits with colons between them. */
  sha256: string;
};

/** The box's screen. */
export type BoxScreen = {
  /** The television is known to sleep: nothing is made for it. */
  asleep: boolean;
  /** How it shows calls. */
  layout: ScreenLayout;
  /** There is one. */
  there: boolean;
};

/** What can be watched. */
export type Broadcast = {
  /** Nothing captured before this moment may be shown any more, RFC 3339: somebody has taken their yes back. */
  cut: string | null;
  id: BroadcastId;
  /** It is on air. */
  live: boolean;
  /** What stands for it in the addresses of its media, as in `/hls/{media}/index.m3u8`. That of a restricted one is a secret of those who may
watch, and another one as soon as somebody may no longer. */
  media: string;
  /** It is a recording that everybody may watch. */
  recorded: BroadcastRecorded | null;
  /** It is for those alone who were invited to its room. */
  restricted: boolean;
  /** Since when, RFC 3339. */
  since: string | null;
  title: Title;
  /** How many watch now. */
  viewers: number;
};

/** Names a broadcast. */
export type BroadcastId = string;

/** A recording that everybody may watch. */
export type BroadcastRecorded = {
  /** Milliseconds that it lasts. */
  duration: number;
  /** When it began, RFC 3339. */
  started: string;
  /** The path of its video, an MP4 file of which parts can be asked for. */
  video: string;
};

/** How the router was asked. */
export type By = "pcp" | "nat_pmp" | "upnp";

/** Who makes it louder and quieter. */
export type By2 = "device" | "box";

/** A call that was. */
export type Called = {
  at: string;
  /** Who it was: the same whenever they come by the same login. */
  contact: GrantId;
  name: Name;
  outcome: Outcome;
  room: RoomId;
};

/** The camera in use, and all that can be adjusted on it. */
export type Camera = {
  /** Which part of the picture is shown. */
  aim: Aim;
  /** Its controls. */
  controls: CameraControl[];
  /** What sort of camera it is. */
  kind: CameraKind;
  /** The mode it is open in, or was last. */
  mode: CameraMode | null;
  /** What it has: each size of each format with its highest rate. */
  modes: CameraMode[];
  /** What it calls itself; null where there is none. */
  name: string | null;
  /** What the owner should know of the mode. */
  note: CameraNote | null;
  /** Pictures are taken at the moment: somebody looks. */
  open: boolean;
  /** Parts with a name. */
  presets: CameraPreset[];
  /** It has failed, and a stand-in takes its place for a while. */
  stand_in: boolean;
  /** Why there are none. */
  trouble: CameraTrouble | null;
};

/** One control of the camera, as it is shown. */
export type CameraControl = {
  /** The owner has chosen a value, which is set again whenever the camera is opened. */
  chosen: boolean;
  /** What it is set to in a fresh camera. */
  default: number;
  /** What it belongs to. */
  group: ControlGroup;
  /** The kernel's number of it (V4L2_CID_…). */
  id: number;
  /** The camera sets it itself at the moment: it can't be set before that is turned off. */
  inactive: boolean;
  /** What kind of control it is. */
  kind: ControlKind;
  /** What the camera's driver calls it. */
  name: string;
  /** The entries of a menu; empty for the other kinds. */
  options: ControlOption[];
  /** What a number may be; null for the other kinds. */
  range: ControlRange | null;
  /** What it is set to now. */
  value: number;
  /** Our word for it, where it is one that many cameras have. */
  word: string | null;
};

/** What sort of camera it is. */
export type CameraKind = "none" | "stand-in" | "v4l2" | "csi" | "rtsp";

/** One size and rate that a camera offers. Written as `1280x720@30 mjpeg`. */
export type CameraMode = {
  /** How pictures are coded. */
  format: PictureFormat;
  /** Pixels down. */
  height: number;
  /** Pictures a second. */
  rate: Rate;
  /** Pixels across. */
  width: number;
};

/** What the owner should know of the mode. */
export type CameraNote = "mode-unknown" | "mode-failed";

/** A part of the picture with a name. */
export type CameraPreset = {
  /** Which part. */
  aim: Aim;
  /** What people call it. */
  name: Name;
};

/** Why controls are not shown. */
export type CameraTrouble = "away" | "refused" | "unreadable" | "private";

/** What carries the packets. */
export type Carrier = "udp" | "tcp";

/** One certificate. */
export type Certificate = {
  /** Names and addresses that it is for. */
  names: string[];
  /** Where it comes from. */
  source: CertificateSource;
  /** RFC 3339. */
  valid_until: string;
};

/** Why there is no certificate. */
export type CertificateFailed = {
  /** When, RFC 3339. */
  at: string;
  /** Stays. */
  code: CertificateFailure;
  /** What the other side said. */
  detail: string | null;
  /** What it means and what to do, in English. */
  text: string;
};

/** What can be found. */
export type CertificateFailure = "clock" | "directory_unreachable" | "directory_untrusted" | "directory_odd" | "rate_limited" | "terms" | "contact" | "external_account" | "account" | "name_refused" | "not_offered" | "not_reached" | "not_in_dns" | "dns_unreachable" | "dns_key_refused" | "dns_refused" | "acme_dns_unreachable" | "acme_dns_refused" | "authority_failed" | "unusable" | "disk";

/** Where a certificate comes from. */
export type CertificateSource = "own" | "configured" | "acme";

/** The certificates of the secure door, and how it goes with a certificate authority outside. */
export type Certificates = {
  /** How it goes with an authority outside; null where none is asked. */
  acme: Acme | null;
  /** Those that clients are shown, each for its own names: that of an authority outside first. None where HTTPS is off. */
  certificates: Certificate[];
};

/** What is different from what a role may in general. */
export type Change = {
  /** This as well. */
  allow: Verbs;
  /** This not, also where it is allowed. */
  deny: Verbs;
};

/** For whom something is written. */
export type ChatChannel = "room" | "broadcast";

/** Why a message is held. */
export type ChatHeld = "review" | "word" | "link";

/** One message, as it is told. */
export type ChatMessage = {
  /** When, as RFC 3339. */
  at: string;
  /** Who wrote it: the same for all that they write in this room, and another one elsewhere. */
  by: AuthorId;
  /** It says what they do, not what they say. */
  emote?: boolean;
  /** Its number; those of one channel rise. */
  id: number;
  /** Where the links in it are: from and to, in UTF-16 units. */
  links?: number[][];
  /** What they were called. */
  name: Name;
  /** How often it was reacted to in each way. */
  reactions?: Record<string, number>;
  /** The message that it answers. */
  reply?: number | null;
  /** To those who keep order: how many reported it. */
  reports?: number | null;
  /** What they were in the room. */
  role: Role;
  /** To those who keep order, of one that is not shown: `held`, `refused` or `deleted`. */
  state?: string | null;
  /** What they wrote. It is never markup. */
  text: string;
  /** To those who keep order: why it is held. */
  why?: ChatHeld | null;
};

/** What is looked for. */
export type ChatSearch = {
  /** With a number below this: the page after another one. */
  before?: number | null;
  /** Written by them alone. */
  by?: AuthorId | null;
  /** In which channel of the room. */
  channel: ChatChannel;
  /** Only what is held, refused or deleted, or was reported. */
  open?: boolean;
  /** Text or name that has to be in it, however it is written; empty for all. */
  text?: string;
};

/** What is chosen. */
export type Chosen = {
  /** The contacts whose calls answer themselves. */
  answers: GrantId[];
  /** The box does not ring. */
  do_not_disturb: boolean;
  /** Nor in these hours of the day: `22:00-07:00`; null for none. */
  quiet_hours?: string | null;
};

/** What can be found. */
export type Code = "no_address" | "home_works" | "home_fails" | "public_address" | "only_home" | "outside_works" | "outside_untried" | "tcp_off" | "router_off" | "router_asking" | "router_mapped" | "router_none" | "router_silent" | "router_refused" | "behind_provider" | "stun_silent" | "nat_stable" | "nat_changing" | "relay" | "no_relay";

/** What controls belong to, for whoever shows them. */
export type ControlGroup = "exposure" | "focus" | "white-balance" | "picture" | "motion" | "other";

/** What kind of control it is. */
export type ControlKind = "integer" | "boolean" | "menu";

/** One entry of a menu. */
export type ControlOption = {
  /** What the camera's driver calls it. */
  name: string;
  /** What it is set by. */
  value: number;
};

/** What a number may be. */
export type ControlRange = {
  /** The most. */
  max: number;
  /** The least. */
  min: number;
  /** From one to the next. */
  step: number;
};

/** One device. */
export type Device = {
  /** What it calls itself; null where there is none. */
  name: string | null;
  /** It is missing, and something made up takes its place. */
  stand_in: boolean;
};

/** A code that signs in one more device. */
export type DeviceCode = {
  /** Eight digits, good for one sign-in. */
  code: string;
  /** When it ends, RFC 3339. */
  expires: string;
  /** The same as a picture for the cameras of phones, SVG. */
  qr: string;
  /** The page that takes it, with the code. */
  url: string;
};

/** One thing that was found out, with what to do. */
export type DeviceFinding = {
  /** Names it for machines. */
  code: string;
  /** How bad it is. */
  level: Level;
  /** For people. */
  text: string;
};

/** Devices of one kind. */
export type DeviceKind = {
  /** All that were found. */
  found: FoundDevice[];
  /** It stands in for one that is not there. */
  stand_in: boolean;
  /** What is used; `None` for nothing. */
  used: string | null;
};

/** The box's camera, microphone, speaker and screen. */
export type Devices = {
  camera: Device;
  /** Who takes what the speaker plays out of what the microphone hears. */
  echo: Echo;
  encoder: Encoder;
  /** What is left out of the camera because the board is too hot. */
  heat: Heat;
  microphone: Device;
  screen: Device;
  speaker: Device;
};

/** Who takes what the speaker plays out of what the microphone hears. */
export type Echo = "none" | "device" | "box" | "half-duplex";

/** What makes the box's H.264. */
export type Encoder = {
  /** The name of its GStreamer element. */
  name: string;
  /** Pictures of 1280 by 720 that it can code in a second; null if that was not measured, since the configuration names it. */
  pictures_per_second: number | null;
};

/** That everything is forgotten: the name of the box, as it is now. */
export type FactoryReset = {
  /** What the box is called. */
  name: string;
};

/** One thing that follows. */
export type Finding = {
  /** What. */
  code: Code;
  /** How much it matters. */
  level: Level;
  /** What it means and what to do, in English. */
  text: string;
};

/** The network that is forgotten. */
export type ForgetNetwork = {
  /** Its name. */
  name: string;
};

/** A device that can be chosen. */
export type FoundDevice = {
  /** What it calls itself. */
  name: string;
  /** What the configuration calls it, also after a restart; `None` where nothing is chosen by name. */
  value: string | null;
};

/** How a room goes on air. */
export type GoLive = {
  /** It is recorded as well, once everybody on air agrees. Of a room that is on air this stays as it is if it is not given. */
  record?: boolean | null;
  /** Everybody who agrees to that is recorded in a file of their own as well, where something is recorded. Of a room that is recorded this
stays as it is if it is not given. */
  separately?: boolean | null;
  /** What those who watch read; if it is not given the room's name, or what it was while it is on air. */
  title?: string | null;
};

/** What goes on in the box and ends when it restarts. */
export type Going = "call" | "broadcast" | "recording";

/** Names a login; it is not its secret. */
export type GrantId = string;

/** Somebody who came in by an invite from a page of another site. */
export type Guest = {
  /** Who you are, where the box knows you. */
  identity: IdentityId | null;
  /** What you are called, if you have said so. */
  name: Name | null;
  /** You own the box. */
  owner: boolean;
  /** Host for whoever owns the box, else that in the room where you have a place. */
  role: Role;
  /** The room that you have a place in: that which the invite led to. */
  room: RoomId | null;
  /** What the page sends as `Authorization: Bearer`, and with the room's WebSocket. Told this once. */
  token: string;
};

/** An invite, and the name to go by. */
export type GuestEntry = {
  /** Its token. */
  invite: string;
  /** What the others see; white space at the ends is taken off. */
  name: Name;
};

/** How much more there could be. */
export type Head = {
  /** The board is too hot for others than those that run. */
  hot: boolean;
  /** How many smaller pictures more the box could make, of 360 lines each. */
  more: number;
};

/** How a part of the daemon is. */
export type Health = "ok" | "down" | "restarting";

/** What is left out of the box's own camera. */
export type Heat = "normal" | "fewer-pictures" | "smaller";

/** Somebody the box knows. */
export type Identity = {
  /** Since when the box knows them, RFC 3339. */
  created: string;
  /** On how many devices they are signed in. */
  devices: number;
  id: IdentityId;
  name: Name;
  /** They own the box. */
  owner: boolean;
};

/** What is different about somebody. */
export type IdentityChange = {
  /** What they are called. */
  name?: Name | null;
  /** They own the box. */
  owner?: boolean | null;
};

/** Names somebody whom the box knows. */
export type IdentityId = string;

/** An invite to a room, without its secret. */
export type Invite = {
  /** When it was made, RFC 3339. */
  created: string;
  /** When it ends by itself, RFC 3339. */
  expires: string;
  id: InviteId;
  /** They have to be let in. */
  lobby: boolean;
  /** How many may come by it; as many as want to where there is no number. */
  most: number | null;
  /** What it makes of them. */
  role: Role;
  /** How often somebody signed in by it. */
  used: number;
};

/** Names an invite; it is not its secret. */
export type InviteId = string;

/** The network that is joined. */
export type JoinNetwork = {
  /** Its name. */
  name: string;
  /** Its password; nothing for one that asks for none or that the box knows. */
  password?: string | null;
};

/** By what somebody proves who they are. */
export type Kind = "passkey" | "wallet" | "recovery";

/** How a way is known. */
export type Known = "interface" | "announced" | "seen" | "mapped";

/** Something that was seen and is not used. */
export type LeftOut = {
  /** What it is. */
  device: string;
  /** Why. */
  why: string;
};

/** How much it matters, the worst first. */
export type Level = "bad" | "note" | "good";

/** Two lines at the lower left. */
export type Lines = {
  /** The small one below it. */
  below?: string | null;
  /** The large one: one line of at most 100 characters. */
  line: string;
};

/** What a network asks for. */
export type Lock = "open" | "password" | "other";

/** How loud one of them is. */
export type Loudness = {
  /** Who makes it louder and quieter. */
  by: By2;
  /** Whether it is silent; null where nobody can change it. */
  muted: boolean | null;
  /** From 0, which is silence, to 100, each step the same number of decibels; null where nobody can change it. */
  percent: number | null;
};

/** How loud they are. */
export type Loudnesses = {
  /** Null without a microphone, and where its sound card has no controls. */
  microphone: Loudness | null;
  /** Null without a speaker. */
  speaker: Loudness | null;
};

/** Two lines at the lower left, such as somebody's name and what they do. */
export type LowerThird = {
  /** The small one below it. */
  below: Title | null;
  /** The large one. */
  line: Title;
};

/** Somebody with a place in a room. */
export type Member = {
  /** They may nothing there. */
  banned: boolean;
  /** What is different for them alone from what their role may. */
  change: Change;
  /** What they may there, all in all. */
  may: Verbs;
  /** What they are called, if they have said so. */
  name: Name | null;
  role: Role;
  /** Names them in paths. */
  subject: Subject;
  /** They have to be let in yet. */
  waits: boolean;
};

/** What is to become of somebody's place. */
export type MemberChange = {
  /** Whether they may nothing there. */
  banned?: boolean | null;
  /** What is different for them alone from what their role may. */
  change?: Change | null;
  /** What they are. */
  role?: Role | null;
  /** `false` lets them in. */
  waits?: boolean | null;
};

/** How the connection with the broker is. */
export type Mqtt = {
  /** Whether there is one. */
  state: MqttState;
  /** Why there is none, if that is known. */
  trouble: MqttTrouble | null;
};

/** Whether there is a connection with the broker. */
export type MqttState = "off" | "trying" | "connected";

/** Why there is no connection, or none any more. */
export type MqttTrouble = "login" | "version" | "tls" | "refused" | "unreachable" | "ended";

/** A name that people see: one line, counted in Unicode characters. */
export type Name = string;

/** What a setting needs to count. */
export type Needs = "nothing" | "restart" | "trial";

/** How the box is connected, and what else it could be in. */
export type Network = {
  /** Whether it is connected by a cable. */
  cable: boolean;
  /** What it could not join last. */
  failed: NotJoined | null;
  /** The name of the network that it opens itself, while that is open. */
  hotspot: string | null;
  /** The wireless network that it is in. */
  joined: string | null;
  /** What it is joining. */
  joining: string | null;
  /** What is in reach, the strongest first. While its own network is open, what was in reach before. */
  seen: Reachable[];
  /** Whether it has a radio that Porchlight may use. */
  wifi: boolean;
};

/** Somebody whom the box shall know. */
export type NewIdentity = {
  /** What they are called; white space at the ends is taken off. */
  name: Name;
  /** They own the box, too. */
  owner?: boolean;
};

/** An invite that was just made. */
export type NewInvite = {
  /** When it was made, RFC 3339. */
  created: string;
  /** When it ends by itself, RFC 3339. */
  expires: string;
  id: InviteId;
  /** They have to be let in. */
  lobby: boolean;
  /** How many may come by it; as many as want to where there is no number. */
  most: number | null;
  /** The same as a picture for the cameras of phones, SVG. */
  qr: string;
  /** What it makes of them. */
  role: Role;
  /** The link to hand out. It holds the secret, and is told this once. */
  url: string;
  /** How often somebody signed in by it. */
  used: number;
};

/** What a passkey answered. */
export type NewPasskey = {
  /** What `navigator.credentials.create` gave, bytes as base64url. */
  credential: unknown;
  /** What you call it. */
  name: Name;
  /** Of the question. */
  question: string;
};

/** A service to send to. */
export type NewPush = {
  /** Where it goes, `rtmp://`, `rtmps://`, `srt://` or, for WHIP, `https://`, without a key. */
  address: string;
  /** It is sent there whenever the room is on air. */
  enabled: boolean;
  /** The stream key, the stream id of SRT, or the bearer token of WHIP. It is told to nobody again. */
  key?: string | null;
  /** What everybody in the room reads while it is sent there. */
  name: Name;
  /** What SRT is encrypted with. It is told to nobody again. */
  passphrase?: string | null;
  /** Which service it is. */
  preset: PushPreset;
};

/** A room to make. */
export type NewRoom = {
  /** What people call it; white space at the ends is taken off. */
  name: Name;
};

/** What the box is. */
export type Node = {
  /** Where it is opened by its name, while that is known on the local network; for the owner alone. */
  address?: string | null;
  /** What is plugged in; for the owner alone. */
  devices?: Devices | null;
  /** What people call it. */
  name: Name;
  /** Somebody owns it. While nobody does, its PIN makes whoever types it the owner. */
  owned: boolean;
  /** The version of Porchlight. */
  version: string;
};

/** What is asked to change of the box itself. */
export type NodeChange = {
  /** What it is called; white space at the ends is taken off. Its name on the local network follows. */
  name: Name;
};

/** What makes a message of Sign-In with Ethereum good for one time. */
export type Nonce = {
  nonce: string;
};

/** What could not be joined. */
export type NotJoined = {
  /** Why. */
  code: Why;
  /** Its name. */
  name: string;
};

/** What became of a call. */
export type Outcome = "answered" | "declined" | "missed" | "cancelled" | "not_disturbed" | "busy";

/** Names somebody in a room. */
export type ParticipantId = string;

/** How a camera codes its pictures. */
export type PictureFormat = "yuyv" | "uyvy" | "yvyu" | "vyuy" | "nv12" | "nv21" | "yu12" | "yv12" | "yuv422p" | "rgb" | "bgr" | "mjpeg" | "h264";

/** Everything. */
export type PluggedIn = {
  /** What it sees with. */
  camera: DeviceKind;
  /** Who cancels echo. */
  echo: Echo;
  /** The encoder's GStreamer element; `None` if none works. */
  encoder: string | null;
  /** What to do. */
  findings: DeviceFinding[];
  /** What is left out. */
  left_out: LeftOut[];
  /** What it hears with. */
  microphone: DeviceKind;
  /** Pictures of 1280 by 720 that it codes in a second, if it was tried. */
  pictures_per_second: number | null;
  /** What it shows on. */
  screen: DeviceKind;
  /** What it plays with. */
  speaker: DeviceKind;
};

/** Whether camera and microphone of the box are closed, and what the kernel says of that. */
export type Privacy = {
  /** The box's screen shows a code now. */
  code_shown: boolean;
  /** Camera and microphone are closed, and only somebody who is at the box opens them. */
  on: boolean;
  /** The cameras and microphones that are open, as the kernel lists them: paths below `/dev`. */
  opened: string[];
  /** There is a screen that could. */
  screen: boolean;
  /** Since when. */
  since: string | null;
};

/** What went wrong (RFC 9457). docs/reference/problems.md says what to do about each. */
export type Problem = {
  /** The identifier under which the log has more. */
  request?: string;
  /** The status code of the answer. */
  status: number;
  /** A sentence for people. */
  title: string;
  /** A stable name. */
  type: "bad-address" | "bad-body" | "bad-command" | "bad-fields" | "bad-fragment" | "bad-frame" | "bad-hours" | "bad-key" | "bad-lifetime" | "bad-logo" | "bad-message" | "bad-name" | "bad-network-name" | "bad-network-password" | "bad-number" | "bad-offer" | "bad-part" | "bad-request" | "bad-rules" | "bad-setting" | "bad-text" | "bad-title" | "bad-value" | "bad-view" | "bad-volume" | "banned" | "box-full" | "box-not-here" | "bundle-broken-off" | "bundle-no-space" | "bundle-too-large" | "busy" | "camera-away" | "camera-refuses" | "certificate-asking" | "certificate-too-soon" | "chain-silent" | "chat-full" | "enough" | "fixed-setting" | "foreign-origin" | "in-call" | "in-use" | "internal" | "joined" | "joining" | "last-owner" | "link-expired" | "link-revoked" | "link-used-up" | "lobby" | "lobby-full" | "locked" | "logo-too-large" | "message-elsewhere" | "message-time" | "name-first" | "network-manager" | "no-acme" | "no-authority" | "no-chat" | "no-code" | "no-control" | "no-controls" | "no-host" | "no-logo" | "no-loudness" | "no-match" | "no-media" | "no-message" | "no-network" | "no-pages" | "no-picture" | "no-preset" | "no-push" | "no-recording" | "no-restart" | "no-room" | "no-room-for-size" | "no-screen" | "no-seat" | "no-setting" | "no-sound" | "no-such-person" | "no-such-range" | "no-update" | "no-wifi" | "nobody" | "not-an-image" | "not-found" | "not-fragment" | "not-here" | "not-in-call" | "not-joined" | "not-json" | "not-let-in" | "not-live" | "not-near" | "not-on-air" | "not-on-trial" | "not-permitted" | "not-private" | "not-ringing" | "not-sdp" | "off-air" | "on-trial" | "other-lock" | "other-name" | "outdated" | "owned" | "passkey-refused" | "passkey-site" | "peers" | "private" | "rauc" | "recording-protected" | "recording-trimming" | "recordings-folder" | "recordings-full" | "recordings-sd-card" | "restricted" | "room-full" | "rung-lately" | "set-by-camera" | "several" | "shutdown" | "sign-in" | "slow-mode" | "sound-busy" | "sound-failed" | "state-folder" | "store" | "taken" | "takes-no-sdp" | "timed-out" | "too-fast" | "too-large" | "too-many" | "too-many-codes" | "too-many-contacts" | "too-many-presets" | "too-many-pushes" | "too-many-rooms" | "too-often" | "unknown-link" | "unknown-op" | "unproved" | "unwanted-link" | "unwanted-word" | "updating" | "uplink" | "version" | "wallet-chain" | "wrong-code" | "wrong-method" | "wrong-number";
};

/** How the members of a composition are shown. */
export type ProgramLayout = "auto" | "grid" | "speaker" | "side_by_side" | "picture_in_picture" | "screen" | "cards";

/** A service that a room's broadcast is sent to, without its secrets. */
export type Push = {
  address: string;
  /** When it is tried again, RFC 3339. */
  again: string | null;
  /** Bytes that were sent since the start of the daemon. */
  bytes: number;
  /** Pictures that were left out, since the service took less. */
  dropped: number;
  /** It is sent there whenever the room is on air. */
  enabled: boolean;
  /** What went wrong last since the broadcast is on air. */
  error: PushError | null;
  id: PushId;
  /** There is a key. */
  key: boolean;
  /** By which protocol: the beginning of the address. */
  kind: PushKind;
  /** What everybody in the room reads while it is sent there. */
  name: Name;
  /** There is a passphrase. */
  passphrase: boolean;
  preset: PushPreset;
  /** How often it was begun anew since the broadcast is on air. */
  restarts: number;
  /** Since when it is live, RFC 3339. */
  since: string | null;
  state: PushState;
};

/** What is another from now on. What is not given stays. */
export type PushChange = {
  /** Where it goes. */
  address?: string | null;
  /** It is sent there whenever the room is on air. */
  enabled?: boolean | null;
  /** Another key; null for none. */
  key?: string | null;
  /** What everybody in the room reads while it is sent there. */
  name?: Name | null;
  /** Another passphrase; null for none. */
  passphrase?: string | null;
};

/** What is wrong. */
export type PushCode = "no_name" | "refused" | "unreachable" | "no_answer" | "certificate" | "no_tls" | "path" | "key" | "codec" | "server" | "open" | "lost" | "stalled" | "no_media" | "no_key" | "missing" | "other";

/** What went wrong with a push. */
export type PushError = {
  /** When, RFC 3339. */
  at: string | null;
  code: PushCode;
  /** A sentence for people, and what to do next. */
  text: string;
};

/** Names a service that a broadcast is sent to. */
export type PushId = string;

/** By which protocol. */
export type PushKind = "rtmp" | "rtmps" | "srt" | "whip";

/** Which service it is, for who sets it up: the rest is in the address. */
export type PushPreset = "youtube" | "twitch" | "peertube" | "owncast" | "whip" | "custom";

/** How a push is. */
export type PushState = "connecting" | "off" | "waiting" | "live" | "failed";

/** What a browser is to ask a passkey. */
export type Question = {
  /** What `navigator.credentials` takes, bytes as base64url. */
  options: unknown;
  /** Goes back with the answer. */
  question: string;
};

/** Pictures a second. */
export type Rate = number;

/** All of it. */
export type Reachability = {
  /** The addresses of the box's network interfaces. */
  addresses: string[];
  /** What follows, the worst first. */
  findings: Finding[];
  /** Whether participants are told of a relay. */
  relay: boolean;
  /** What the router says. */
  router: Router;
  /** What STUN servers say. */
  seen: Seen[];
  /** The ways that browsers are told. */
  ways: Tried[];
};

/** A network that is in reach. */
export type Reachable = {
  /** The box knows it. */
  known: boolean;
  /** What it asks for. */
  lock: Lock;
  /** Its name. */
  name: string;
  /** How strong it is, in percent. */
  strength: number;
};

/** Whether the box is well. */
export type Readiness = {
  /** The parts of the daemon by name. */
  parts: Record<string, Health>;
  /** Every part is up. */
  ready: boolean;
  /** How often a part was started again; those that never were are not named. */
  restarts: Record<string, number>;
};

/** One recording. */
export type Recording = {
  /** Set if it holds one participant alone. */
  alone: RecordingAlone | null;
  /** Bytes of its video. */
  bytes: number;
  /** Who spoke when, or shared a screen. */
  chapters: RecordingChapter[];
  /** When somebody deleted it: for ten minutes it can be had back. */
  deleted: number | null;
  /** Milliseconds that it lasts. */
  duration: number;
  /** When it ended. */
  ended: number | null;
  /** Its id. */
  id: RecordingId;
  /** It stays whatever happens. */
  protected: boolean;
  /** Since when everybody may watch it, at `/b/<id>`. */
  published: number | null;
  /** The room that was on air. */
  room: RoomId;
  /** Those that were made beside it of participants alone, by name and beginning. */
  separate: Recording[];
  /** When it began, in seconds since 1970 UTC. */
  started: number;
  /** How far it is. */
  state: RecordingState;
  /** What it is called: as the broadcast was, until somebody says otherwise. */
  title: string;
};

/** Whose a recording is that holds one participant alone. */
export type RecordingAlone = {
  /** What they called themselves. */
  name: string;
  /** The recording of what was on air, which it was made beside. */
  of: RecordingId;
  /** Milliseconds after the beginning of that recording at which it begins: so far apart both are laid beside each other. */
  offset: number;
  /** It is a screen that they shared. */
  screen: boolean;
};

/** What is changed of one; what is not given stays. */
export type RecordingChange = {
  /** It stays whatever happens. */
  protected?: boolean | null;
  /** Everybody may watch it. */
  published?: boolean | null;
  /** What it is called. */
  title?: string | null;
};

/** Somewhere in a recording that has a name. */
export type RecordingChapter = {
  /** Milliseconds since its start. */
  at: number;
  /** What it is called. */
  title: string;
};

/** Names a recording. */
export type RecordingId = string;

/** A part of a recording, in milliseconds since its start. */
export type RecordingPart = {
  /** Where it begins, or up to some seconds before: it begins with the next picture that can be shown by itself. */
  from: number;
  /** Where it ends. */
  to: number;
};

/** How far a recording is. */
export type RecordingState = "recording" | "waiting" | "trimming" | "finished" | "recovered" | "broken";

/** All of them, and the room for more. */
export type Recordings = {
  /** Bytes that are free on their disk. */
  free: number;
  /** Seconds until there is no room any more, with the oldest going for it, while something is recorded. */
  lasts: number | null;
  /** The newest first. */
  recordings: Recording[];
  /** Bytes of the whole disk. */
  total: number;
  /** Why nothing can be recorded, in English; null if it can. */
  trouble: string | null;
};

/** Codes to write down. */
export type RecoveryCodes = {
  /** Each is good for one sign-in. Told this once; those before are void. */
  codes: string[];
};

/** What is said with the wish that the box starts again: nothing more. */
export type Restart = Record<string, unknown>;

/** That the box restarts into the update. */
export type RestartInto = {
  /** Also if a call, a broadcast or a recording ends by that. */
  confirmed?: boolean;
};

/** Somebody who rings. */
export type Ringing = {
  /** When the call answers itself. */
  answers: string | null;
  name: Name;
  /** Where they wait. */
  room: RoomId;
  since: string;
};

/** host owns the box or runs a room, moderator and guest take part in a room, viewer watches. */
export type Role = "host" | "moderator" | "guest" | "viewer";

/** A room, as it is listed. */
export type Room = {
  /** What is watched when it is on air. Stays the same for the life of the room. */
  broadcast: BroadcastId;
  id: RoomId;
  /** It is on air. */
  live: boolean;
  name: Name;
  /** How many are in it, the box included. */
  people: number;
};

/** Names a room. An id names; it never permits. */
export type RoomId = string;

/** How it goes with the router. */
export type Router = {
  /** How it was asked. */
  by: By | null;
  /** Where it forwards from, address and port. */
  outside: string[];
  /** Why it refused. */
  reason: string | null;
  /** What came of it. */
  state: RouterState;
};

/** What came of asking the router. */
export type RouterState = "off" | "asking" | "none" | "silent" | "refused" | "mapped";

/** What the roles may otherwise in one room. Hosts may always do everything there. */
export type Rules = {
  /** Guests. */
  guest: Change;
  /** Moderators. */
  moderator: Change;
  /** Viewers who are members of it. */
  viewer: Change;
};

/** A smaller picture of what is on air, named by its lines. */
export type Rung = "144" | "240" | "360" | "480" | "720";

/** Which networks an address is of. */
export type Scope = "machine" | "home" | "provider" | "internet";

/** How the box's screen shows a call. */
export type ScreenLayout = {
  /** The box's own picture is in a corner. */
  own: boolean;
  /** Who speaks has most of it, as long as nobody shares a screen; else everybody has the same. */
  speaker: boolean;
};

/** Where a STUN server sees the UDP port. */
export type Seen = {
  /** Where it sees the box. */
  address: string;
  /** The server's address and port. */
  server: string;
};

/** Who the box takes the caller for. */
export type Session = {
  /** Who you are, where the box knows you. */
  identity: IdentityId | null;
  /** What you are called, if you have said so. */
  name: Name | null;
  /** You own the box. */
  owner: boolean;
  /** Host for whoever owns the box, else that in the room where you have a place. */
  role: Role;
  /** The room that you have a place in: that which the invite led to. */
  room: RoomId | null;
};

/** A value that is chosen in the pages. */
export type Setting = {
  /** Whether it was chosen. */
  chosen: boolean;
  /** Whether the environment or a flag says what it is, so that nothing can be chosen. */
  fixed: boolean;
  /** Its key, as in the configuration: `endpoint.camera`. */
  key: string;
  /** What it needs to count. */
  needs: Needs;
  /** What it would be if nothing were chosen. */
  otherwise: unknown;
  /** Whether it stands in a file of its own: it is written, and never read again. */
  secret: boolean;
  /** What it is. Of what stands in a file of its own, such as a password: whether there is one. */
  value: unknown;
};

/** All of them. */
export type Settings = {
  /** What was chosen and can't be used any more: the box goes on without it. */
  refused: string[];
  /** Whether the box starts again. */
  restarts: boolean;
  /** In the order of the manual. */
  settings: Setting[];
  /** Whether the last choice was taken back, since nobody said that it may stay. */
  taken_back: boolean;
  /** While the last choice is tried: after how many seconds it is taken back. */
  trial: number | null;
};

/** How somebody signs in. */
export type SignIn = {
  /** Its token. */
  owner: string;
} | {
  /** Its token. */
  invite: string;
  /** What the others see; white space at the ends is taken off. */
  name?: Name | null;
} | {
  /** What the box is called from now on, if it is to have another name. */
  box?: Name | null;
  /** What the owner is called; white space at the ends is taken off. */
  name: Name;
  /** Six digits. */
  pin: string;
} | {
  /** Eight digits. */
  code: string;
} | {
  /** As it was written down. */
  recovery: string;
} | {
  /** What `navigator.credentials.get` gave, bytes as base64url. */
  credential: unknown;
  /** Of the question. */
  question: string;
} | {
  /** The message (EIP-4361). */
  message: string;
  /** The signature: `0x` and hexadecimal digits. */
  signature: string;
} | {
  /** What the others see; white space at the ends is taken off. */
  name: Name;
};

/** A passkey or a wallet. */
export type SignInCredential = {
  /** When it was added, RFC 3339. */
  created: string;
  /** Names it in paths. */
  id: string;
  kind: Kind;
  /** What you call it; of a wallet its address. */
  name: string;
  /** When it was last used, RFC 3339. */
  used: string | null;
};

/** A device that is signed in. */
export type SignedInDevice = {
  /** Since when, RFC 3339. */
  created: string;
  /** What its browser says it is, such as `Firefox, Android`. */
  device: string | null;
  id: GrantId;
  /** When it was last used, to the hour or so, RFC 3339. */
  seen: string;
  /** It is the one that asks. */
  this: boolean;
};

/** A message that a wallet signed. */
export type SignedMessage = {
  /** The message (EIP-4361). */
  message: string;
  /** The signature: `0x` and hexadecimal digits. */
  signature: string;
};

/** A full picture instead of everybody; while it is there nobody is seen or heard by those who watch. */
export type Slate = "soon" | "back";

/** A slot: one of the places that an image lies in. */
export type Slot = {
  /** The boot loader's, such as `A`. */
  bootname: string;
  /** Whether the boot loader takes it for good; nothing where it does not say. */
  good: boolean | null;
  /** When that was (RFC 3339). */
  installed: string | null;
  /** RAUC's name for it, such as `rootfs.0`. */
  name: string;
  /** Whether it runs. */
  state: SlotState;
  /** The version of what RAUC installed there last; nothing if that was never. */
  version: string | null;
};

/** Whether a slot runs. */
export type SlotState = "booted" | "active" | "inactive";

/** What can be found. */
export type SoundCode = "nothing_heard" | "overloaded" | "echo_loud" | "too_quiet" | "level_good" | "delay_too_long" | "delay_wrong" | "delay_good" | "noisy" | "room_quiet";

/** One thing that follows. */
export type SoundFinding = {
  /** What. */
  code: SoundCode;
  /** How much it matters. */
  level: Level;
  /** What it means and what to do, in English. */
  text: string;
};

/** What a test measured, and what follows. */
export type SoundTest = {
  /** How much later the speaker is heard than the box plays, in milliseconds; null if it was not heard. */
  delay: number | null;
  /** What follows, and what to do. */
  findings: SoundFinding[];
  /** How loud the microphone hears the speaker, in dBFS; null if it was not heard. */
  heard: number | null;
  /** What the room sounds like by itself, in dBFS. */
  noise: number;
  /** The microphone was overloaded. */
  overloaded: boolean;
  /** How much quieter the microphone hears the speaker than it is played, in dB; null if it was not heard. */
  return_loss: number | null;
  /** What the box was told of the delay before, in milliseconds (`endpoint.speaker_delay`). */
  speaker_delay: number;
};

/** How a room looks to those who watch, and who is in it. */
export type Studio = {
  /** The room goes on air by itself when somebody enters it, and off when the last one leaves. */
  auto_live: boolean;
  /** What is on air is recorded without anybody saying so, once everybody on air agrees. */
  auto_record: boolean;
  /** What is recorded so is recorded of each in a file of their own as well, of whoever agrees to that. */
  auto_separately: boolean;
  broadcast: BroadcastId;
  /** Who comes before the others; null for whoever speaks. */
  front: ParticipantId | null;
  /** The box has a logo. */
  has_logo: boolean;
  /** What the board has room for beside them. */
  head: Head;
  layout: ProgramLayout;
  /** Null while the room is off air. */
  live: StudioLive | null;
  /** The box's logo lies over the picture, if there is one. */
  logo: boolean;
  lower_third: LowerThird | null;
  name: Name;
  /** Names are written with the pictures. */
  names: boolean;
  /** In the order they came. */
  people: StudioPerson[];
  /** What is on air is for those alone who were invited to the room. */
  restricted: boolean;
  /** The smaller pictures that are made at the moment, by their lines. */
  rungs: Rung[];
  /** What is shown instead of everybody. */
  slate: Slate | null;
  /** The title lies over the picture. */
  title: boolean;
};

/** What somebody answered. */
export type StudioAnswer = "no" | "yes" | "asked";

/** What is another from now on. What is not given stays. */
export type StudioChange = {
  /** The room goes on air by itself when somebody enters it next, and off when the last one leaves. */
  auto_live?: boolean | null;
  /** What is on air is recorded without anybody saying so, from the next time on, once everybody on air agrees. */
  auto_record?: boolean | null;
  /** What is recorded so is recorded of each in a file of their own as well, of whoever agrees to that. */
  auto_separately?: boolean | null;
  /** Who comes before the others; null for whoever speaks. */
  front?: ParticipantId | null;
  /** Who is where. */
  layout?: ProgramLayout | null;
  /** The box's logo lies over the picture. */
  logo?: boolean | null;
  /** Two lines at the lower left; null for none. */
  lower_third?: Lines | null;
  /** Names are written with the pictures. */
  names?: boolean | null;
  /** What is on air is for those alone who were invited to the room, or for everybody. */
  restricted?: boolean | null;
  /** What is shown instead of everybody; null for everybody. */
  slate?: Slate | null;
  /** The title lies over the picture. */
  title?: boolean | null;
};

/** A room that is on air. */
export type StudioLive = {
  /** Null if nobody wants it recorded. */
  recording: StudioRecording | null;
  /** Everybody who agrees to that is recorded in a file of their own as well. */
  separately: boolean;
  /** RFC 3339. */
  since: string;
  title: Title;
  viewers: number;
};

/** Somebody in the room. */
export type StudioPerson = {
  /** They send pictures. */
  camera: boolean;
  id: ParticipantId;
  name: Name;
  /** What they answered to the question whether they may be seen and heard by those who watch. */
  on_air: StudioAnswer;
  /** They share a screen. */
  screen: boolean;
  speaking: boolean;
};

/** A recording that somebody wants. */
export type StudioRecording = "on" | "waits";

/** Whom a permission belongs to: somebody whom the box knows, or one login. */
export type Subject = string;

/** Who rings, the calls that were, and what was chosen. */
export type Telephone = {
  /** The contacts whose calls answer themselves. */
  answers: GrantId[];
  /** The last calls, the newest first. */
  calls: Called[];
  /** The box does not ring. */
  do_not_disturb: boolean;
  /** The room of the call that the box is in. */
  in_call: RoomId | null;
  /** It would not ring now. */
  quiet: boolean;
  /** Nor in these hours, where the box is: `22:00-07:00`. */
  quiet_hours: string | null;
  /** Somebody who waits to be answered. */
  ringing: Ringing | null;
};

/** What those who watch read: one line, counted in Unicode characters. */
export type Title = string;

/** One way that browsers are told, and what came of trying it. */
export type Tried = {
  /** Address and port, as others reach them. */
  address: string;
  /** Why it did not, for whoever looks into it. */
  error: string | null;
  /** How it is known. */
  origin: Known;
  /** Of which networks the address is. */
  scope: Scope;
  /** Milliseconds until it did. */
  took: number | null;
  /** What carries the packets. */
  transport: Carrier;
  /** Whether the box reached itself through it. */
  works: boolean;
};

/** How devices come to trust the box. */
export type Trust = {
  /** The box's own certificate authority; null with a configured certificate. */
  authority: Authority | null;
  /** The page about it, for other devices. */
  page: string;
  /** The box by HTTPS, under the name that was asked for; null where that is off. */
  secure: string | null;
};

/** What the box's screen shows. */
export type Typed = {
  /** Four digits. */
  code: string;
};

/** How it stands with the image of the box and its update. */
export type Update = {
  /** The slot that runs. */
  booted: Slot | null;
  /** The version in the bundle, as soon as it is known. */
  bundle: string | null;
  /** Bytes of the bundle that have come in. */
  bytes: number;
  /** The kind of board that bundles have to be for. */
  compatible: string;
  /** Why it was not installed. */
  failure: UpdateFailed | null;
  /** What goes on in the box and would end when it restarts. */
  going: Going[];
  /** RAUC's own words for what it does. */
  message: string;
  /** The other one. */
  other: Slot | null;
  /** How far RAUC is, in percent. */
  percent: number;
  /** Where the update is. */
  stage: UpdateStage;
  /** Bytes of the largest bundle that there is room for. */
  takes: number;
  /** Of how many, if that is known. */
  total: number | null;
  /** The version of Porchlight that runs. */
  version: string;
  /** Whether the box starts from the other one the next time. */
  waits: boolean;
};

/** That an update was not installed. */
export type UpdateFailed = {
  /** Why. */
  code: UpdateFailure;
  /** RAUC's own words. */
  detail: string | null;
  /** One sentence, and what to do. */
  text: string;
};

/** Why an update was not installed. */
export type UpdateFailure = "signature" | "board" | "damaged" | "no-room" | "too-large" | "network" | "interrupted" | "other";

/** Where a bundle is. */
export type UpdateFrom = {
  /** `https://…`, or `http://…` in the local network. */
  address: string;
};

/** Where an update is. */
export type UpdateStage = "idle" | "fetching" | "checking" | "installing" | "installed" | "failed";

/** What somebody may do. */
export type Verbs = ("watch" | "join" | "speak" | "show_camera" | "share_screen" | "chat" | "invite" | "moderate" | "produce" | "broadcast" | "record" | "administer")[];

/** One control, and what it is set to. */
export type WantedControl = {
  /** Its number. */
  id: number;
  /** What it is set to; a switch is 0 or 1. */
  value: number;
};

/** An invite to make. */
export type WantedInvite = {
  /** How long it works. */
  hours: number;
  /** They have to be let in. */
  lobby?: boolean;
  /** How many may come by it: 1 to 1000, or as many as want to. */
  most?: number | null;
  /** What it makes of whoever comes by it: a guest, unless it says otherwise. */
  role?: Role | null;
};

/** Why a network could not be joined. */
export type Why = "password" | "gone" | "no-address" | "other";

/** How loud one of them is to be; what is not given stays. */
export type Wish = {
  /** Whether it is silent. */
  muted?: boolean | null;
  /** From 0 to 100. */
  percent?: number | null;
};

/** How loud they are to be; what is not given stays. */
export type Wishes = {
  /** The microphone. */
  microphone?: Wish | null;
  /** The speaker. */
  speaker?: Wish | null;
};
