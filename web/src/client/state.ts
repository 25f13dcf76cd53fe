/** What the box tells a participant about the room. The words are those of docs/reference/signalling.md. */

export type Verb = "watch" | "join" | "speak" | "show_camera" | "invite" | "broadcast" | "administer";
export type Kind = "audio" | "video";
export type OnAir = "no" | "asked" | "yes";

export interface Live {
  /** When it went on air, RFC 3339. */
  since: string;
  title?: string;
  viewers: number;
}

export interface Participant {
  name: string;
  kind: "person" | "box";
  role: "host" | "guest";
  /** Sends sound now. */
  microphone: boolean;
  /** Sends pictures now. */
  camera: boolean;
  on_air: OnAir;
  connection: "connecting" | "connected" | "lost";
  /** Its camera or microphone is a stand-in. */
  stand_in: boolean;
}

export interface SlotUse {
  participant: string;
  kind: Kind;
}

export interface SlotsWanted {
  audio: number;
  video: number;
}

export interface RoomState {
  room: { id: string; name: string; broadcast: string; live?: Live | null };
  /** The participant that is you. */
  you: string;
  may: Verb[];
  participants: Record<string, Participant>;
  /** By mid of your transceivers. */
  slots: Record<string, SlotUse>;
  slots_wanted: SlotsWanted;
}

export type ByeReason = "removed" | "room_closed" | "replaced" | "shutdown";

export interface Notice {
  code: string;
  name?: string;
}
