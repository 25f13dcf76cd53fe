import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../src/client/pulse";

/**
 * Looks four times a second; each letter is one look: `+` something came, `-` nothing, `.` nothing, and nothing has to, `<` a
 * way was forgotten with what had come by it. Says at which looks it has become silent (`!`), and that something comes again (`~`).
 */
function looks(what: string, pulse = new Pulse()): string {
  let count = 100_000;
  const says = { silent: "!", flows: "~" };
  return [...what]
    .map((look, n) => {
      if (look === "+") count += 1_000;
      if (look === "<") count -= 20_000;
      const now = pulse.beat(10_000 + 250 * n, count, look !== ".");
      return now ? says[now] : " ";
    })
    .join("")
    .trimEnd();
}

test("three quarters of a second of silence after a steady flow are noticed, once, and so is what comes then", () => {
  assert.equal(looks("++++++++++------"), "            !");
  assert.equal(looks("++++++++++--+++++++++---"), "                       !");
  assert.equal(looks("++++++++++----++--------"), "            ! ~");
});

test("what was never steady, and what nobody waits for, is no silence", () => {
  assert.equal(looks("++-++-+++--------"), "");
  assert.equal(looks("++++++++++......."), "");
  assert.equal(looks("----------"), "");
});

test("a way that is forgotten brings nothing", () => {
  assert.equal(looks("++++++++++-<-"), "            !");
  assert.equal(looks("++++++++++---<-+"), "            !  ~");
});

test("a page that was asleep judges nothing by the time it missed", () => {
  const pulse = new Pulse();
  looks("++++++++++", pulse);
  assert.equal(pulse.beat(60_000, 110_000, true), undefined);
  assert.equal(pulse.beat(60_250, 110_000, true), undefined);
});
