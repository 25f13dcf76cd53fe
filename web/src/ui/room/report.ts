// Pure: what the browser counts about a connection, between two moments.

import { type ConnectionEvent, type RoomState, type Source, sourceOf } from "../../client";

/** One line of the table: somebody's picture or sound, received or sent. */
export interface Row {
  key: string;
  /** `null`: sent by oneself. */
  participant: string | null;
  source: Source;
  width: number | null;
  height: number | null;
  /** Pictures a second. */
  fps: number | null;
  /** Bits a second, once there are two moments. */
  bitrate: number | null;
  layer: string | null;
  /** 0 to 1, since the moment before. */
  loss: number | null;
  /** Seconds. */
  jitter: number | null;
  freezes: number | null;
  frozenSeconds: number | null;
  /** What keeps one's own picture small: `cpu`, `bandwidth`, `other`, or `none`. */
  limited: string | null;
}

/** All that is known at one moment. */
export interface Moment {
  /** Milliseconds of the clock of the statistics. */
  at: number;
  rows: Row[];
  received: number | null;
  sent: number | null;
  /** Of what is received, 0 to 1. */
  loss: number | null;
  /** Of what is sent, as the box reports it, 0 to 1. */
  reported: number | null;
  /** Seconds. */
  roundTrip: number | null;
  /** What fits from here to the box, in bits a second. */
  uplink: number | null;
  way: Way | null;
  counts: Map<string, Counts>;
}

export interface Way {
  relayed: boolean;
  /** `UDP`, `TCP` or `TLS`. */
  protocol: string;
  /** Changes when another way is used. */
  id: string;
}

interface Counts {
  bytes: number;
  packets: number;
  lost: number;
}

type Entry = Record<string, unknown> & { id: string; type: string; timestamp: number };

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Reads a report. `layers` says by mid which layer the box sends, `sources` what one sends oneself. */
export function read(
  entries: Iterable<unknown>,
  state: Pick<RoomState, "slots">,
  sent: (mid: string | null, kind: string) => Source,
  before: Moment | null,
): Moment {
  const all = new Map<string, Entry>();
  for (const entry of entries as Iterable<Entry>) all.set(entry.id, entry);
  const counts = new Map<string, Counts>();
  const rows: Row[] = [];
  let at = 0;
  for (const entry of all.values()) {
    at = Math.max(at, entry.timestamp);
    if (entry.type !== "inbound-rtp" && entry.type !== "outbound-rtp") continue;
    const row = entry.type === "inbound-rtp" ? received(entry, state) : own(entry, sent);
    if (!row) continue;
    const remote = all.get(text(entry.remoteId) ?? "");
    const now = {
      bytes: number(entry.bytesReceived ?? entry.bytesSent) ?? 0,
      packets: number(entry.packetsReceived ?? entry.packetsSent) ?? 0,
      lost: number(entry.packetsLost ?? remote?.packetsLost) ?? 0,
    };
    counts.set(row.key, now);
    const then = before?.counts.get(row.key);
    const seconds = before ? (entry.timestamp - before.at) / 1000 : 0;
    if (then && seconds > 0) {
      row.bitrate = Math.max(0, (8 * (now.bytes - then.bytes)) / seconds);
      row.loss = share(now, then, entry.type === "inbound-rtp");
    }
    row.jitter ??= number(remote?.jitter);
    rows.push(row);
  }
  const inbound = rows.filter(({ participant }) => participant !== null);
  const outbound = rows.filter(({ participant }) => participant === null);
  const pair = selected(all);
  return {
    at,
    rows,
    received: sum(inbound),
    sent: sum(outbound),
    loss: lossOf(inbound, counts, before, true),
    reported: lossOf(outbound, counts, before, false),
    roundTrip: number(pair?.currentRoundTripTime),
    uplink: number(pair?.availableOutgoingBitrate),
    way: wayOf(pair, all),
    counts,
  };
}

/** Which part was lost between two moments. What arrives was counted by the receiver, what was sent by the sender. */
function share(now: Counts, then: Counts, arrived: boolean): number | null {
  const lost = Math.max(0, now.lost - then.lost);
  const packets = now.packets - then.packets;
  const all = arrived ? packets + lost : packets;
  return all > 0 ? Math.min(1, lost / all) : null;
}

function lossOf(rows: Row[], counts: Map<string, Counts>, before: Moment | null, arrived: boolean): number | null {
  const add = (of: (key: string) => Counts | undefined) => {
    const total = { bytes: 0, packets: 0, lost: 0 };
    for (const { key } of rows) {
      const one = before?.counts.has(key) ? of(key) : undefined;
      total.packets += one?.packets ?? 0;
      total.lost += one?.lost ?? 0;
    }
    return total;
  };
  if (!before) return null;
  return share(
    add(key => counts.get(key)),
    add(key => before.counts.get(key)),
    arrived,
  );
}

function sum(rows: Row[]): number | null {
  const known = rows.flatMap(({ bitrate }) => (bitrate === null ? [] : [bitrate]));
  return known.length > 0 ? known.reduce((all, one) => all + one, 0) : null;
}

function picture(entry: Entry): Pick<Row, "width" | "height" | "fps"> {
  return { width: number(entry.frameWidth), height: number(entry.frameHeight), fps: number(entry.framesPerSecond) };
}

function received(entry: Entry, state: Pick<RoomState, "slots">): Row | null {
  const use = state.slots[text(entry.mid) ?? ""];
  if (!use) return null;
  return {
    key: `in ${String(entry.mid)} ${use.participant}`,
    participant: use.participant,
    source: sourceOf(use),
    ...picture(entry),
    bitrate: null,
    layer: use.layer === undefined ? null : String(use.layer + 1),
    loss: null,
    jitter: number(entry.jitter),
    freezes: number(entry.freezeCount),
    frozenSeconds: number(entry.totalFreezesDuration),
    limited: null,
  };
}

/** The names of layers in an offer, the smallest first. */
const CAMERA = ["l", "m", "h"];
const SCREEN = ["l", "h"];

/** Layers are counted from 1, one's own as those of others. */
function layerOf(rid: string | null, source: Source): string | null {
  const at = rid === null ? -1 : (source === "screen" ? SCREEN : CAMERA).indexOf(rid);
  return at < 0 ? rid : String(at + 1);
}

function own(entry: Entry, sent: (mid: string | null, kind: string) => Source): Row {
  const rid = text(entry.rid);
  const source = sent(text(entry.mid), String(entry.kind));
  return {
    key: `out ${String(entry.mid)} ${rid ?? ""}`,
    participant: null,
    source,
    ...picture(entry),
    bitrate: null,
    layer: layerOf(rid, source),
    loss: null,
    jitter: null,
    freezes: null,
    frozenSeconds: null,
    limited: text(entry.qualityLimitationReason),
  };
}

function selected(all: Map<string, Entry>): Entry | undefined {
  const entries = [...all.values()];
  const transport = entries.find(({ type }) => type === "transport");
  const named = all.get(text(transport?.selectedCandidatePairId) ?? "");
  // Firefox marks the pair itself.
  return named ?? entries.find(({ type, selected }) => type === "candidate-pair" && selected === true);
}

function wayOf(pair: Entry | undefined, all: Map<string, Entry>): Way | null {
  const local = all.get(text(pair?.localCandidateId) ?? "");
  if (!pair || !local) return null;
  const relayed = local.candidateType === "relay";
  const protocol = (relayed && text(local.relayProtocol)) || text(local.protocol) || "udp";
  return { relayed, protocol: protocol.toUpperCase(), id: pair.id };
}

/** What is worth a line in the log, by comparing two moments. `at` is the time of day. */
export function happened(before: Moment | null, now: Moment, at: string): ConnectionEvent[] {
  if (!before) return [];
  const events: ConnectionEvent[] = [];
  const then = new Map(before.rows.map(row => [row.key, row]));
  for (const row of now.rows) {
    const old = then.get(row.key);
    if (!old) continue;
    if ((row.freezes ?? 0) > (old.freezes ?? 0)) events.push({ at, code: "froze", participant: row.participant });
    const limited = row.limited !== old.limited && (row.limited === "cpu" || row.limited === "bandwidth");
    // The layers of one picture are limited together.
    if (limited && !events.some(({ code }) => code === `limited_${row.limited}`))
      events.push({ at, code: `limited_${row.limited}` });
  }
  if (before.way && now.way && before.way.id !== now.way.id) events.push({ at, code: "way" });
  return events;
}

/** The events of the box and those of the page, the newest first, the same ones once. */
export function log(
  box: readonly ConnectionEvent[],
  page: readonly ConnectionEvent[],
  most: number,
): ConnectionEvent[] {
  return [...box, ...page].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, most);
}
