// Pure: what happened between two answers of the box.

import type { ParticipantStatistics, Statistics } from "../../client";

/** One moment of every plot; `null` where nothing can be said. */
export interface Point {
  cpu: number | null;
  memory: number;
  heat: number | null;
  connected: number;
  received: number | null;
  sent: number | null;
  lost: number | null;
  reported: number | null;
  hls: number;
  whep: number;
  encoded: number | null;
  decoded: number | null;
  busy: number | null;
}

const ENCODERS = ["camera", "video-encoder"];
const DECODERS = ["video-decoder"];

function sum(now: Statistics, roles: readonly string[]): number {
  return roles.reduce((all, role) => all + (now.pipelines[role]?.out ?? 0), 0);
}

/** A part of a whole in percent, never less than none of it. */
function percent(part: number, whole: number): number | null {
  return whole > 0 ? Math.max(0, (100 * part) / whole) : null;
}

/** What the plots show of `now`; rates need what was `before`, of the same run of the daemon. */
export function point(before: Statistics | null, now: Statistics): Point {
  const seconds = before && before.at < now.at ? (now.at - before.at) / 1000 : null;
  const grown = (of: (statistics: Statistics) => number) => (before ? of(now) - of(before) : 0);
  const rate = (of: (statistics: Statistics) => number) => (seconds ? grown(of) / seconds : null);
  const missing = grown(s => s.peers.missing_packets - s.peers.recovered_packets);
  const cpu = rate(s => s.process.cpu_seconds);
  const busy = rate(s => s.peers.busy_seconds);
  const bits = (of: (statistics: Statistics) => number) => {
    const bytes = rate(of);
    return bytes === null ? null : (8 * bytes) / 1e6;
  };
  return {
    cpu: cpu === null ? null : (100 * cpu) / Math.max(1, now.process.processors),
    memory: now.process.resident_bytes / 1e6,
    heat: now.process.celsius,
    connected: now.peers.connected,
    received: bits(s => s.peers.received_bytes),
    sent: bits(s => s.peers.sent_bytes),
    lost: seconds ? percent(missing, missing + grown(s => s.peers.received_packets)) : null,
    reported: seconds
      ? percent(
          grown(s => s.peers.reported_lost_packets),
          grown(s => s.peers.sent_packets),
        )
      : null,
    hls: now.viewers.hls,
    whep: now.viewers.whep,
    encoded: rate(s => sum(s, ENCODERS)),
    decoded: rate(s => sum(s, DECODERS)),
    busy: busy === null ? null : 100 * busy,
  };
}

/** Megabits a second from and to a participant, or `null` before there are two answers. */
export function traffic(
  before: Statistics | null,
  now: Statistics,
  who: ParticipantStatistics,
): { received: number; sent: number } | null {
  const then = before?.participants.find(({ id }) => id === who.id)?.media;
  if (!before || !then || !who.media || before.at >= now.at) return null;
  const rate = (bytes: number) => Math.max(0, (8 * bytes) / 1e6 / ((now.at - before.at) / 1000));
  return {
    received: rate(who.media.received_bytes - then.received_bytes),
    sent: rate(who.media.sent_bytes - then.sent_bytes),
  };
}
