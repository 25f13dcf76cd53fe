import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../src/client/pulse";

/** Looks each half second; each letter is one look: `+` something came, `-` nothing, `.` nothing, and nothing has to. */
function looks(what: string, pulse = new Pulse(), from = 0): number[] {
  let bytes = from;
  return [...what].flatMap((look, n) => {
    if (look === "+") bytes += 1_000;
    return pulse.beat(10_000 + 500 * (from + n), bytes, look !== ".") ? [n] : [];
  });
}

test("a second and a half of silence after a steady flow is noticed, once", () => {
  assert.deepEqual(looks("++++++---------"), [8]);
  assert.deepEqual(looks("++++++--+++++---"), [15]);
});

test("what was never steady, and what nobody waits for, is no silence", () => {
  assert.deepEqual(looks("+-+-+--------"), []);
  assert.deepEqual(looks("++++++......."), []);
  assert.deepEqual(looks("----------"), []);
});

test("a page that was asleep judges nothing by the time it missed", () => {
  const pulse = new Pulse();
  looks("++++++", pulse);
  assert.equal(pulse.beat(60_000, 6_000, true), false);
  assert.equal(pulse.beat(60_500, 6_000, true), false);
});
