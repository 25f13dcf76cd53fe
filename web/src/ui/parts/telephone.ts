import { signal } from "@preact/signals";
import type { Telephone } from "../../client";
import { api } from "./session";

/** How the box's telephone is; `null` until it was told, and for those whose box it is not. */
export const telephone = signal<Telephone | null>(null);

let off: AbortController | null = null;

/** Follows it, or no longer. */
export function followTelephone(follow: boolean): void {
  if (follow === (off !== null)) return;
  off?.abort();
  off = follow ? new AbortController() : null;
  if (off) listen(off.signal);
  else telephone.value = null;
}

/** Listens but while the browser keeps the page for somebody who may come back: what is open then is missing elsewhere. */
function listen(signal: AbortSignal): void {
  let seen = new AbortController();
  const begin = () => {
    seen = new AbortController();
    api.followTelephone(told => (telephone.value = told), seen.signal);
  };
  signal.addEventListener("abort", () => seen.abort());
  addEventListener("pagehide", () => seen.abort(), { signal });
  addEventListener("pageshow", event => event.persisted && begin(), { signal });
  begin();
}
