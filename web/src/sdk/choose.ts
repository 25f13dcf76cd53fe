import type { Participant, RoomState } from "../client/state";

/**
 * Who of a room is shown, by id: whoever goes by the name that is wanted; without one the box, else somebody with a
 * camera, else anybody. Never oneself.
 */
export function choose(state: Pick<RoomState, "you" | "participants">, wanted: string): string | null {
  const others = Object.entries(state.participants).filter(([id]) => id !== state.you);
  const first = (fits: (participant: Participant) => boolean) => others.find(([, who]) => fits(who))?.[0] ?? null;
  const name = wanted.trim();
  if (name) {
    const lower = name.toLowerCase();
    return first(who => who.name === name) ?? first(who => who.name.toLowerCase() === lower);
  }
  return first(who => who.kind === "box") ?? first(who => who.camera) ?? first(() => true);
}
