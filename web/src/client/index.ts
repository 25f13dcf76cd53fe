/**
 * The client library of Porchlight: rooms, broadcasts and the box's HTTP API, for any page. It has no dependencies;
 * hls.js is loaded by {@link Watch} alone, when there is something to play.
 */
export * from "./api";
export type { Content } from "./layers";
export { Lobby, type Waited } from "./lobby";
export type { Screen } from "./peer";
export { Problem } from "./problem";
export type { Range } from "./rewind";
export { type Phase, Room, type RoomEvents, type RoomOptions } from "./room";
export { slotOf, sourceOf, type Tracks } from "./slots";
export * from "./state";
export * from "./statistics";
export { type PlayerKind, Watch, type WatchEvents, type WatchState } from "./watch";
