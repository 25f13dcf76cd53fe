import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/client/backoff";

test("waits double, are capped, and start over after a success", () => {
  const backoff = new Backoff(500, 8_000, () => 1);
  const waits = Array.from({ length: 7 }, () => backoff.next());
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test("the jitter takes off half at most", () => {
  assert.equal(new Backoff(500, 8_000, () => 0).next(), 250);
});
