import assert from "node:assert/strict";
import { test } from "node:test";
import { happened, log, read } from "../src/ui/room/report";

const state = { slots: { "4": { participant: "ada", kind: "video", source: "camera", layer: 1 } } } as const;
const mine = () => "camera" as const;

/** A report of a second `n` after the first. */
const report = (n: number, more: Record<string, unknown> = {}, way = "P1") => [
  {
    id: "I1",
    type: "inbound-rtp",
    timestamp: 1_000 * n,
    kind: "video",
    mid: "4",
    bytesReceived: 50_000 * n,
    packetsReceived: 90 * n,
    packetsLost: 10 * n,
    frameWidth: 640,
    frameHeight: 360,
    framesPerSecond: 30,
    jitter: 0.004,
    freezeCount: 0,
    totalFreezesDuration: 0,
    ...more,
  },
  { id: "I9", type: "inbound-rtp", timestamp: 1_000 * n, kind: "video", mid: "9", bytesReceived: 0 },
  {
    id: "O1",
    type: "outbound-rtp",
    timestamp: 1_000 * n,
    kind: "video",
    mid: "1",
    rid: "h",
    remoteId: "R1",
    bytesSent: 100_000 * n,
    packetsSent: 100 * n,
    qualityLimitationReason: more.limited ?? "none",
  },
  { id: "R1", type: "remote-inbound-rtp", timestamp: 1_000 * n, packetsLost: 5 * n, jitter: 0.002 },
  { id: "T", type: "transport", timestamp: 1_000 * n, selectedCandidatePairId: way },
  {
    id: way,
    type: "candidate-pair",
    timestamp: 1_000 * n,
    localCandidateId: "C",
    currentRoundTripTime: 0.03,
    availableOutgoingBitrate: 2e6,
  },
  {
    id: "C",
    type: "local-candidate",
    timestamp: 1_000 * n,
    candidateType: "relay",
    protocol: "udp",
    relayProtocol: "tls",
  },
];

test("two moments make rates and losses, of each picture and of the whole", () => {
  const first = read(report(1), state, mine, null);
  assert.equal(first.received, null);
  const now = read(report(2), state, mine, first);
  const [ada, own] = now.rows;
  assert.equal(now.rows.length, 2, "a slot that nobody uses is no row");
  assert.deepEqual(
    { ...ada },
    {
      key: "in 4 ada",
      participant: "ada",
      source: "camera",
      width: 640,
      height: 360,
      fps: 30,
      bitrate: 400_000,
      layer: "2",
      loss: 0.1,
      jitter: 0.004,
      freezes: 0,
      frozenSeconds: 0,
      limited: null,
    },
  );
  assert.equal(own?.layer, "3");
  assert.equal(own?.bitrate, 800_000);
  assert.equal(own?.loss, 0.05);
  assert.equal(own?.jitter, 0.002);
  assert.deepEqual([now.received, now.sent, now.loss, now.reported], [400_000, 800_000, 0.1, 0.05]);
  assert.deepEqual([now.roundTrip, now.uplink], [0.03, 2e6]);
  assert.deepEqual(now.way, { relayed: true, protocol: "TLS", id: "P1" });
});

test("a slot that somebody else got starts counting anew", () => {
  const first = read(report(1), state, mine, null);
  const other = { slots: { "4": { participant: "ben", kind: "video" } } } as const;
  const now = read(report(2), other, mine, first);
  assert.equal(now.rows[0]?.participant, "ben");
  assert.equal(now.rows[0]?.bitrate, null);
});

test("freezes, limits and another way are worth a line, once", () => {
  const at = "2026-11-21T10:00:00Z";
  const first = read(report(1), state, mine, null);
  assert.deepEqual(happened(first, read(report(2), state, mine, first), at), []);
  const now = read(report(2, { freezeCount: 1, limited: "bandwidth" }, "P2"), state, mine, first);
  assert.deepEqual(happened(first, now, at), [
    { at, code: "froze", participant: "ada" },
    { at, code: "limited_bandwidth" },
    { at, code: "way" },
  ]);
  const next = read(report(3, { freezeCount: 1, limited: "bandwidth" }, "P2"), state, mine, now);
  assert.deepEqual(happened(now, next, at), []);
});

test("the log has the newest first, the box's and the page's", () => {
  const at = (minute: number, code: string) => ({ at: `2026-11-21T10:0${minute}:00Z`, code });
  const codes = log([at(1, "a"), at(4, "d")], [at(3, "c"), at(2, "b")], 3).map(({ code }) => code);
  assert.deepEqual(codes, ["d", "c", "b"]);
});
