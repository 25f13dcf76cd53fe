// Pure: who is shown where.

import type { Participant, RoomState, Shown, View } from "../../client";

/** `grid`: everybody the same size. `speaker`: one in front. `presenter`: shared screens in front. */
export type Layout = "grid" | "speaker" | "presenter";

/** What somebody has chosen: while nobody shares a screen, and while somebody does. */
export interface Chosen {
  plain: Layout;
  shared: Layout;
}

/** Somebody's picture. */
export interface Card {
  participant: string;
  source: "camera" | "screen";
}

type Room = Pick<RoomState, "you" | "participants" | "speaker">;

/** The most tiles of a page of the grid. */
const MOST = 25;
/** The smallest tile in which a face can be told, in CSS pixels: where there is room, and on a phone. */
const SMALLEST = { wide: 200, narrow: 150 };
const NARROW = 600;

/** The layout now: one for presenters needs a screen. */
export function layoutNow(chosen: Chosen, screens: number): Layout {
  return screens > 0 ? chosen.shared : chosen.plain === "presenter" ? "grid" : chosen.plain;
}

/** Everybody, others in the order they came, so that nobody's tile moves when somebody comes; oneself last. */
export function people({ you, participants }: Room): string[] {
  const ids = Object.keys(participants);
  return [...ids.filter(id => id !== you), ...ids.filter(id => id === you)];
}

/** Who shares a screen; one's own is not shown to oneself. */
export function presenters({ you, participants }: Room): string[] {
  return Object.keys(participants).filter(id => id !== you && participants[id]?.screen);
}

/**
 * Who is in front: who is pinned, else who speaks most (never oneself), else who was in front before, else the first with
 * a camera. Alone: oneself.
 */
export function frontOf(room: Room, pinned: string | null, before: string | null): string | null {
  const { you, participants, speaker } = room;
  const there = (id: string | null | undefined): id is string => id != null && Object.hasOwn(participants, id);
  if (there(pinned)) return pinned;
  if (there(speaker) && speaker !== you) return speaker;
  if (there(before) && before !== you) return before;
  const others = people(room).filter(id => id !== you);
  const seen = (who: Participant | undefined) => who?.camera ?? false;
  return others.find(id => seen(participants[id])) ?? others[0] ?? (there(you) ? you : null);
}

/** How many tiles a page of the grid has room for. Sizes in CSS pixels. */
export function capacity(width: number, height: number, gap: number): number {
  const least = width < NARROW ? SMALLEST.narrow : SMALLEST.wide;
  const columns = Math.floor((width + gap) / (least + gap));
  const rows = Math.floor((height + gap) / ((least * 9) / 16 + gap));
  return Math.min(MOST, Math.max(1, columns) * Math.max(1, rows));
}

/**
 * The page of a list, counted from 0, and how many there are; a page that is gone is the last one. All are about as full,
 * with `most` at most.
 */
export function pageOf<T>(all: readonly T[], page: number, most: number): { shown: T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(all.length / most));
  const size = Math.ceil(all.length / pages);
  const now = Math.min(Math.max(0, page), pages - 1);
  return { shown: all.slice(now * size, (now + 1) * size), page: now, pages };
}

/** The most pictures that a page may name to the box. */
const NAMED = 49;
/** Heights are said in steps of so many pixels: a little more or less is no other picture. And none is higher than this. */
const STEP = 20;
const HIGHEST = 4320;

/** What the box is told about what is seen: screens first, then who is in front, then by size. */
export function viewOf(seen: readonly Shown[], front: string | null): View {
  const rank = ({ participant, source }: Shown) => (source === "screen" ? 0 : participant === front ? 1 : 2);
  const shown = seen
    .filter(({ height }) => height > 0)
    .map(one => ({ ...one, height: Math.min(HIGHEST, Math.ceil(one.height / STEP) * STEP) }))
    .sort((a, b) => rank(a) - rank(b) || b.height - a.height);
  return { shown: shown.slice(0, NAMED), front };
}
