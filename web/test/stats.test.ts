import assert from "node:assert/strict";
import { test } from "node:test";
import type { Statistics } from "../src/client";
import { ceiling, MOMENTS, path } from "../src/ui/stats/plot";
import { point, traffic } from "../src/ui/stats/rates";

function statistics(at: number, bytes: number): Statistics {
  return {
    at,
    version: "0",
    process: {
      cpu_seconds: at / 2000,
      resident_bytes: 50e6,
      threads: 9,
      open_files: 20,
      processors: 2,
      memory_bytes: 1e9,
      available_bytes: 5e8,
      celsius: null,
    },
    peers: {
      connecting: 0,
      connected: 2,
      lost: 0,
      received_bytes: bytes,
      sent_bytes: 2 * bytes,
      received_packets: bytes / 100,
      missing_packets: bytes / 1000,
      recovered_packets: bytes / 2000,
      sent_packets: 0,
      reported_lost_packets: 0,
      retransmitted_packets: 0,
      busy_seconds: 0,
    },
    viewers: { hls: 3, whep: 1 },
    pipelines: { camera: { running: 1, in: 0, out: at / 100, dropped: 0 } },
    composition: { running: 0, pictures: 0, late_pictures: 0 },
    restarts: {},
    log: { warnings: 0, errors: 0 },
    participants: [
      {
        id: "a",
        room: "R",
        name: "Ada",
        connection: "connected",
        media: {
          round_trip_seconds: 0.01,
          received_bytes: bytes,
          sent_bytes: 0,
          received_packets: 1,
          lost_packets: 0,
          reported_loss: null,
          estimate_bits_per_second: null,
          freezes: 0,
          picture: null,
        },
      },
    ],
  };
}

test("rates are what grew in the time between two answers", () => {
  const [before, now] = [statistics(10_000, 0), statistics(12_000, 500_000)];
  const seen = point(before, now);
  assert.equal(seen.cpu, 25, "half a processor of two");
  assert.equal(seen.received, 2);
  assert.equal(seen.sent, 4);
  assert.equal(seen.encoded, 10);
  assert.equal(seen.heat, null);
  assert.ok(Math.abs((seen.lost ?? 0) - (100 * 250) / 5250) < 1e-9, `${seen.lost}`);
  assert.equal(seen.reported, null, "nothing was sent: there is no part of it");
  const [ada] = now.participants;
  assert.ok(ada);
  assert.deepEqual(traffic(before, now, ada), { received: 2, sent: 0 });
});

test("nothing is said of rates before there are two answers of one run", () => {
  assert.equal(point(null, statistics(1_000, 5)).received, null);
  const [ada] = statistics(1_000, 5).participants;
  assert.ok(ada);
  assert.equal(traffic(null, statistics(1_000, 5), ada), null);
});

test("a plot ends at a round number and leaves gaps where nothing is known", () => {
  assert.equal(ceiling([0.2, null, 3], 1), 5);
  assert.equal(ceiling([], 10), 10);
  assert.equal(ceiling([101], 10), 200);
  assert.equal(path([0, null, 10, 5], 10), `M${MOMENTS - 4} 40.00M${MOMENTS - 2} 0.00L${MOMENTS - 1} 20.00`);
});
