import { batch, signal } from "@preact/signals";
import type { Statistics } from "../../client";
import { Problem } from "../../client/problem";
import { api, refreshSession } from "../parts/session";
import { MOMENTS } from "./plot";
import { type Point, point } from "./rates";

/** Milliseconds between two questions, while the page is seen. */
const EVERY = 1_000;

/** What the page shows; `null` means not known yet. */
export const stats = {
  now: signal<Statistics | null>(null),
  before: signal<Statistics | null>(null),
  points: signal<readonly Point[]>([]),
  /** Who looks is not the owner. */
  refused: signal(false),
  unreachable: signal(false),
};

function take(next: Statistics): void {
  // A daemon that was started anew counts anew.
  const last = stats.now.value;
  const before = last && last.at < next.at ? last : null;
  batch(() => {
    stats.before.value = before;
    stats.now.value = next;
    stats.points.value = [...(before ? stats.points.value : []), point(before, next)].slice(-MOMENTS);
    stats.unreachable.value = false;
  });
}

/** Asks the box once a second while the page is open and seen, until the signal is aborted. */
export async function watchStatistics(off: AbortSignal): Promise<void> {
  batch(() => {
    stats.now.value = null;
    stats.points.value = [];
    stats.refused.value = false;
  });
  try {
    await refreshSession();
  } catch {
    stats.unreachable.value = true;
  }
  while (!off.aborted && !stats.refused.value) {
    if (!document.hidden) {
      try {
        take(await api.statistics());
      } catch (error) {
        const refused = error instanceof Problem && (error.status === 401 || error.status === 403);
        if (refused) stats.refused.value = true;
        else stats.unreachable.value = true;
      }
    }
    await new Promise(resolve => setTimeout(resolve, EVERY));
  }
}
