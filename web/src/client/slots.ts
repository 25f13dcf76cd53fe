import type { Kind, RoomState, SlotsWanted, SlotUse, Source } from "./state";

/** Slots of each kind that a connection starts with: the box and one more person need no second offer. */
export const SLOTS_AT_FIRST = 2;
/** Slots are added in steps of this many, so that people who come one by one cost one offer for two. */
export const SLOT_STEP = 2;
/**
 * Slots at most: the loudest and as many pictures as a page shows, with a few to spare. Measured, an offer of Chromium with
 * all of them is 49 kB, and a signalling frame holds 64 KiB.
 */
export const SLOTS_AT_MOST: SlotsWanted = { audio: 12, video: 28 };

/** How many slots of one kind to have when there are `have` and the box wants `wanted`. Never fewer than before. */
export function slotsToHave(kind: Kind, have: number, wanted: number): number {
  const whole = Math.ceil(Math.max(wanted, SLOTS_AT_FIRST) / SLOT_STEP) * SLOT_STEP;
  return Math.max(have, Math.min(whole, SLOTS_AT_MOST[kind]));
}

/** Whether the box wants more slots than there are (and there may be more). */
export function needsMore(have: SlotsWanted, wanted: SlotsWanted): boolean {
  return (["audio", "video"] as const).some(kind => slotsToHave(kind, have[kind], wanted[kind]) > have[kind]);
}

/** What one participant is received as. */
export interface Tracks<T> {
  audio?: T;
  video?: T;
  screen?: T;
  screenSound?: T;
}

const PLACES = {
  microphone: ["audio", "audio"],
  camera: ["video", "video"],
  screen: ["screen", "video"],
  screen_sound: ["screenSound", "audio"],
} as const satisfies Record<Source, readonly [keyof Tracks<unknown>, "audio" | "video"]>;

/** What a slot is used for. */
export function sourceOf(use: SlotUse): Source {
  return use.source ?? (use.kind === "audio" ? "microphone" : "camera");
}

/**
 * Who is received where: from the state's `slots` and the tracks of one's own transceivers by mid, the tracks of each
 * participant. A line for a mid that is not known (an answer still under way), for somebody who is not there, or of the
 * wrong kind is left out.
 */
export function tracksByParticipant<T extends { kind: string }>(
  state: Pick<RoomState, "slots" | "participants">,
  tracks: ReadonlyMap<string, T>,
): Map<string, Tracks<T>> {
  const result = new Map<string, Tracks<T>>();
  for (const [mid, use] of Object.entries(state.slots)) {
    const track = tracks.get(mid);
    const [place, kind] = PLACES[sourceOf(use)] ?? [];
    if (!track || !place || track.kind !== kind || !Object.hasOwn(state.participants, use.participant)) continue;
    const theirs = result.get(use.participant) ?? {};
    theirs[place] = track;
    result.set(use.participant, theirs);
  }
  return result;
}

/** The slot that somebody's picture is bound to, if it is. */
export function slotOf(
  state: Pick<RoomState, "slots">,
  participant: string,
  source: Source,
): (SlotUse & { mid: string }) | null {
  for (const [mid, use] of Object.entries(state.slots))
    if (use.participant === participant && sourceOf(use) === source) return { mid, ...use };
  return null;
}
