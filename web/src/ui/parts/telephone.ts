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
  if (off) api.followTelephone(told => (telephone.value = told), off.signal);
  else telephone.value = null;
}
