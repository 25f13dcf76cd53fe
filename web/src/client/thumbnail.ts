import type { Broadcast } from "./api";

/** The address of a small picture of what is on air, under which no cache has one from before the last cut. */
export function thumbnail({ media, since, cut }: Pick<Broadcast, "media" | "since" | "cut">): string {
  return `/api/v1/broadcasts/${media}/thumbnail.jpg?of=${encodeURIComponent(cut ?? since ?? "")}`;
}
