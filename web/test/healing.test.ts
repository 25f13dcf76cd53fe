import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Healing, onNetworkChange } from "../src/client/healing";
import { HeldTime } from "./fakes";

let done: string[] = [];
let time: HeldTime;
const healing = () => {
  const one = new Healing({ restart: () => done.push("restart"), renew: () => done.push("renew") });
  one.begin();
  return one;
};

beforeEach(() => {
  done = [];
  time = new HeldTime();
});
afterEach(() => time.release());

test("a way that works, from both ends, is left alone", () => {
  const one = healing();
  one.heard("connecting");
  one.path("connecting");
  one.path("connected");
  time.pass(3_000);
  one.heard("connected");
  time.pass(60_000);
  assert.deepEqual(done, []);
});

test("a broken way is looked for anew at once, and made anew after 4 s, not before", () => {
  const one = healing();
  one.path("connected");
  one.path("disconnected");
  assert.deepEqual(done, ["restart"]);
  one.path("failed");
  time.pass(3_999);
  assert.deepEqual(done, ["restart"]);
  time.pass(1);
  assert.deepEqual(done, ["restart", "renew"]);
});

test("a way that the restart found is kept", () => {
  const one = healing();
  one.path("connected");
  one.path("disconnected");
  one.path("connecting");
  one.path("connected");
  time.pass(60_000);
  assert.deepEqual(done, ["restart"]);
});

test("what the box hears counts: nothing any more at once, nothing yet after a while", () => {
  const one = healing();
  one.path("connected");
  one.heard("connected");
  one.heard("lost");
  assert.deepEqual(done, ["restart"]);
  one.stop();
  done = [];
  const two = healing();
  two.heard("connecting");
  two.path("connected");
  time.pass(4_000);
  assert.deepEqual(done, ["renew"]);
});

test("silence is looked after at once, and what comes again ends it", () => {
  const one = healing();
  one.path("connected");
  one.pulse("silent");
  assert.deepEqual(done, ["restart"]);
  assert.equal(one.troubled, true);
  one.answered(20);
  time.pass(500);
  one.pulse("flows");
  assert.equal(one.troubled, false);
  time.pass(60_000);
  assert.deepEqual(done, ["restart"]);
});

test("a box that has answered is waited for as long as a way takes to be found, not longer", () => {
  const one = healing();
  one.path("connected");
  one.pulse("silent");
  time.pass(300);
  one.answered(20);
  time.pass(599);
  assert.deepEqual(done, ["restart"]);
  time.pass(1);
  assert.deepEqual(done, ["restart", "renew"]);
  done = [];
  const slow = healing();
  slow.path("connected");
  slow.pulse("silent");
  slow.answered(500);
  time.pass(1_999);
  assert.deepEqual(done, ["restart"]);
  time.pass(1);
  assert.deepEqual(done, ["restart", "renew"]);
});

test("an answer to any other offer changes nothing", () => {
  const one = healing();
  one.path("connected");
  one.answered(20);
  one.restart();
  one.answered(20);
  time.pass(60_000);
  assert.deepEqual(done, ["restart"]);
});

test("a peer connection that begins owes nothing to the one before", () => {
  const one = healing();
  one.path("connected");
  one.path("disconnected");
  one.begin();
  time.pass(60_000);
  assert.deepEqual(done, ["restart"]);
});

test("another network is one that came back, or is of another kind, and not a mere estimate of its speed", () => {
  const window = new EventTarget();
  const connection = Object.assign(new EventTarget(), { type: "wifi" });
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "window", { configurable: true, value: window });
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { connection } });
  let times = 0;
  const stop = onNetworkChange(() => {
    times += 1;
  });
  const changes = (type: string) => {
    connection.type = type;
    connection.dispatchEvent(new Event("change"));
    return times;
  };
  try {
    assert.equal(changes("wifi"), 0);
    assert.equal(changes("cellular"), 1);
    assert.equal(changes("none"), 1, "there is nowhere to go");
    window.dispatchEvent(new Event("online"));
    assert.equal(times, 2);
    stop();
    assert.equal(changes("wifi"), 2);
  } finally {
    Reflect.deleteProperty(globalThis, "window");
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
});
