import { keep, kept } from "../parts/storage";

/** Milliseconds after which a page that comes back starts at the door again: its box has given the seat up long ago. */
const LATE = 60_000;

/** What a page needs to take its seat again after it was loaded again. */
export interface Seat {
  room: string;
  name: string;
  /** What takes the seat back. */
  resume: string | null;
}

/** Keeps the seat over a reload of the page. Written when the page goes away, so that a copy of the tab has none. */
export function keepSeat(seat: Seat): void {
  keep("seat", JSON.stringify({ ...seat, at: Date.now() }));
}

/** The seat that this tab had in the room a moment ago, once. */
export function takeSeat(room: string): Seat | null {
  const text = kept("seat");
  keep("seat", null);
  try {
    const { at, ...seat } = JSON.parse(text ?? "null") ?? {};
    return seat.room === room && Date.now() - at < LATE ? seat : null;
  } catch {
    return null;
  }
}
