/**
 * Porchlight on any page: `<porchlight-player>`, `<porchlight-participant>` and `<porchlight-publisher>`, and the
 * functions that make them. docs/use/embed.md says how. Beneath them is the protocol library, for pages with an
 * appearance of their own: `Watch` for broadcasts, `Room` for rooms.
 */
import { PorchlightParticipant } from "./participant";
import { PorchlightPlayer } from "./player";
import { PorchlightPublisher } from "./publisher";

export { Api, type Broadcast, type Guest, type Session } from "../client/api";
export { Problem } from "../client/problem";
export type { Range } from "../client/rewind";
export { type Phase, Room, type RoomEvents, type RoomOptions } from "../client/room";
export type { Tracks } from "../client/slots";
export type { Participant, RoomState } from "../client/state";
export { type PlayerKind, Watch, type WatchEvents, type WatchState } from "../client/watch";
export { type PublishOptions, publish, type ShowOptions, show, type WatchOptions, watch } from "./functions";
export { type ParticipantState, PorchlightParticipant } from "./participant";
export { type PlayerState, PorchlightPlayer } from "./player";
export { PorchlightPublisher, type PublisherState } from "./publisher";

declare global {
  interface HTMLElementTagNameMap {
    "porchlight-player": PorchlightPlayer;
    "porchlight-participant": PorchlightParticipant;
    "porchlight-publisher": PorchlightPublisher;
  }
}

const ELEMENTS = {
  "porchlight-player": PorchlightPlayer,
  "porchlight-participant": PorchlightParticipant,
  "porchlight-publisher": PorchlightPublisher,
};

// On a server there are no elements; loaded twice, the first one stays.
for (const [name, element] of Object.entries(globalThis.customElements ? ELEMENTS : {})) {
  if (!customElements.get(name)) customElements.define(name, element);
}
