/** What the box tells a participant about the room. The words are those of docs/reference/signalling.md. */

export type Verb =
  | "watch"
  | "join"
  | "speak"
  | "show_camera"
  | "share_screen"
  | "chat"
  | "invite"
  | "moderate"
  | "produce"
  | "broadcast"
  | "record"
  | "administer";
export type Role = "host" | "moderator" | "guest" | "viewer";
export type Kind = "audio" | "video";
/** What somebody sends: their voice, their face, their screen, and what their screen sounds like. */
export type Source = "microphone" | "camera" | "screen" | "screen_sound";
/**
 * Why a picture does not come. `connection`: there is no room for it on one's own connection. `codec`: this browser can't
 * show it. `source`: its sender does not send it now.
 */
export type Pause = "connection" | "codec" | "source";
/** How well somebody is connected to the box. */
export type Quality = "good" | "fair" | "poor" | "unknown";
export type OnAir = "no" | "asked" | "yes";

export interface Live {
  /** When it went on air, RFC 3339. */
  since: string;
  title?: string;
  viewers: number;
  /** It is wanted as a recording: `on` while everybody who is on air agrees, else it `waits`. */
  recording?: "on" | "waits" | null;
  /** Everybody who agrees to that is recorded in a file of their own as well. */
  separately?: boolean;
  /** The names of the services that it is sent to as well. */
  pushes?: string[];
  /** What those who watch see instead of everybody; they hear nothing then. */
  slate?: "soon" | "back" | null;
}

export interface Participant {
  name: string;
  kind: "person" | "box";
  role: Role;
  /** Sends sound now. */
  microphone: boolean;
  /** Sends pictures now. */
  camera: boolean;
  /** Shares a screen now. */
  screen?: boolean;
  speaking?: boolean;
  /** They raise a hand: the lower number was first. */
  hand?: number | null;
  quality?: Quality;
  on_air: OnAir;
  /** Whether a recording may hold them; asked of those alone who are on air. */
  recorded?: OnAir;
  /** Whether a recording may hold them alone, in a file of their own. */
  separately?: OnAir;
  connection: "connecting" | "connected" | "lost";
  /** Its camera or microphone is a stand-in. */
  stand_in: boolean;
  /** Camera and microphone of the box are closed until somebody who is there opens them. */
  private?: boolean;
}

export interface SlotUse {
  participant: string;
  kind: Kind;
  source?: Source;
  /** Which layer of the picture is sent, 0 the smallest. */
  layer?: number;
  paused?: Pause;
}

/** What one's own page should send: of each picture so many layers, from the smallest on; 0: nobody looks. */
export interface Send {
  camera: number;
  screen: number;
  video_codec: VideoCodec;
}

export type VideoCodec = "h264" | "vp8";

/** One picture that a page shows, and how high it is there, in device pixels. */
export interface Shown {
  participant: string;
  source: "camera" | "screen";
  height: number;
}

/** What a page shows, the most important first. */
export interface View {
  shown: Shown[];
  /** Who is in front of all others. */
  front: string | null;
}

/** What the box knows about one's own connection. Bit rates in bits a second, the round trip in seconds. */
export interface ConnectionReport {
  /** What fits from the box to this browser. */
  estimate: number | null;
  round_trip: number | null;
  /** Which part of what the box sent here was lost, 0 to 1. */
  loss: number | null;
  /** Which part of what this browser sent was lost, 0 to 1. */
  received_loss: number | null;
  received_bitrate: number;
  sent_bitrate: number;
  events: ConnectionEvent[];
}

/** Something that made a picture better or worse. */
export interface ConnectionEvent {
  /** RFC 3339. */
  at: string;
  code: string;
  participant?: string | null;
}

export interface SlotsWanted {
  audio: number;
  video: number;
}

/** What became of one's own call to the box: it rings, or how it ended just now. */
export type Ring = "no" | "ringing" | "answered" | "declined" | "missed" | "cancelled" | "not_disturbed" | "busy";

/** Somebody who waits to be let in, or was put out. */
export interface Outsider {
  id: string;
  name: string;
  why: "waits" | "removed" | "banned";
}

export interface RoomState {
  room: {
    id: string;
    name: string;
    broadcast: string;
    live?: Live | null;
    /** What is on air is wanted as a recording without anybody saying so. */
    auto_record?: boolean;
    /** What is on air is for those alone who were invited to the room. */
    restricted?: boolean;
    /** What is recorded so is wanted of each in a file of their own as well. */
    auto_separately?: boolean;
    /** Nobody else comes in. */
    locked?: boolean;
    /** Who runs the room when the last one who does has left. */
    host_next?: string | null;
    /** Who may end what goes on while nobody who runs the room is in it. */
    acting?: string | null;
  };
  /** The participant that is you. */
  you: string;
  ring?: Ring;
  may: Verb[];
  /** What somebody who keeps order has stopped of what you send, until you begin it again. */
  stopped?: Source[];
  /** Who is not in the room; for those who keep order. */
  outside?: Outsider[];
  participants: Record<string, Participant>;
  /** By mid of your transceivers. */
  slots: Record<string, SlotUse>;
  slots_wanted: SlotsWanted;
  /** Who speaks most now. */
  speaker?: string | null;
  send?: Send;
}

export type ByeReason = "removed" | "removed_by_moderator" | "banned" | "room_closed" | "replaced" | "shutdown";

/** What somebody who keeps order does with regard to a participant, or to somebody outside. */
export type Order =
  | "mute"
  | "stop_camera"
  | "stop_screen"
  | "lower_hand"
  | "hand_over"
  | "remove"
  | "ban"
  | "let_in"
  | "refuse";

export interface Notice {
  code: string;
  name?: string;
}
