// The recordings of the make-believe box, and what of them everybody may watch. All have the same video.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** Milliseconds that a part takes to be copied. */
const COPYING = 4_000;
const DAY = 86_400;

const now = () => Math.floor(Date.now() / 1000);
let count = 0;

function recording(fields) {
  count += 1;
  const begun = now() - count * DAY;
  return {
    id: `v${String(count).padStart(15, "0")}`,
    title: "Sunday breakfast",
    room: "r000000000000001",
    started: begun,
    ended: begun + 30,
    duration: 30_000,
    bytes: 2_400_000,
    state: "finished",
    chapters: [],
    protected: false,
    deleted: null,
    published: null,
    alone: null,
    separate: [],
    ...fields,
  };
}

/** One of a participant alone. */
function alone(of, name, offset, fields) {
  const { title, started, ended, duration } = of;
  const whose = { of: of.id, name, screen: false, offset };
  return recording({
    title,
    started,
    ended,
    duration,
    bytes: 900_000,
    ...fields,
    alone: { ...whose, ...fields?.alone },
  });
}

export class Recordings {
  constructor(changed) {
    this.changed = changed;
    this.all = [
      recording({
        chapters: [
          { at: 0, title: "Ada" },
          { at: 12_000, title: "Grandmother Bartholomea" },
        ],
      }),
      recording({ title: "Summer party", published: now() - DAY, protected: true }),
      recording({ title: "A part of nothing", state: "broken", duration: 0, bytes: 0 }),
      recording({ title: "Rehearsal", state: "recovered" }),
    ];
    const [first] = this.all;
    first.separate = [
      alone(first, "Ada", 200),
      alone(first, "Grandmother Bartholomea", 400, { duration: 11_000, bytes: 340_000 }),
      alone(first, "Grandmother Bartholomea", 14_200, { duration: 9_000, bytes: 290_000, state: "recovered" }),
      alone(first, "Grandmother Bartholomea", 15_000, { duration: 6_000, alone: { screen: true } }),
    ];
    /** As many watch as can be served. */
    this.full = false;
  }

  list() {
    return { recordings: this.all, free: 41.3e9, lasts: 51_000, trouble: null };
  }

  get(id) {
    return this.all.flatMap(one => [one, ...one.separate]).find(one => one.id === id);
  }

  change(id, change) {
    const { published, ...others } = change;
    const found = this.get(id);
    Object.assign(found, others);
    if (published !== undefined) found.published = published ? (found.published ?? now()) : null;
    this.changed(id);
    return found;
  }

  remove(id, deleted) {
    for (const one of [this.get(id), ...this.get(id).separate]) one.deleted = deleted ? now() : null;
    this.changed(id);
    return this.get(id);
  }

  trim(id, { from, to }) {
    const of = this.get(id);
    const part = recording({ ...of, started: of.started + Math.floor(from / 1000), chapters: [], published: null });
    const { id: _, ...fields } = part;
    const made = recording({ ...fields, ended: null, state: "trimming", duration: 0, bytes: 0, protected: false });
    this.all.splice(this.all.indexOf(of), 0, made);
    setTimeout(() => {
      const duration = to - from;
      Object.assign(made, { state: "finished", ended: made.started + duration / 1000, duration, bytes: 80 * duration });
    }, COPYING);
    return made;
  }

  /** Those that everybody may watch, as broadcasts. */
  published() {
    return this.all.filter(one => one.published && !one.deleted).map(broadcast);
  }
}

function broadcast({ id, title, started, duration }) {
  return {
    id,
    title,
    live: false,
    since: null,
    viewers: 0,
    cut: null,
    restricted: false,
    media: id,
    recorded: { started: new Date(started * 1000).toISOString(), duration, video: `/api/v1/broadcasts/${id}/video` },
  };
}

/** Gives a file, or the one part of it that is asked for. */
export async function ranged(request, response, path) {
  const { size } = await stat(path);
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(from ?? 0);
  const end = to ? Math.min(Number(to), size - 1) : size - 1;
  response.writeHead(from ? 206 : 200, {
    "content-type": "video/mp4",
    "accept-ranges": "bytes",
    "content-length": end - start + 1,
    ...(from && { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
}
