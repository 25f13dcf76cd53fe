import assert from "node:assert/strict";
import { test } from "node:test";
import { latest } from "../src/ui/camera/latest";

test("of values that come faster than they are sent the newest is sent, and one at a time", async () => {
  const sent: number[] = [];
  const done: (() => void)[] = [];
  const send = latest<number>(value => {
    sent.push(value);
    return new Promise(resolve => done.push(resolve));
  });
  const answered = async () => {
    done.shift()?.();
    await new Promise(resolve => setImmediate(resolve));
  };
  for (const value of [1, 2, 3]) send(value);
  assert.deepEqual(sent, [1]);
  await answered();
  assert.deepEqual(sent, [1, 3], "the one between is left out");
  await answered();
  send(4);
  assert.deepEqual(sent, [1, 3, 4], "and it goes on afterwards");
  await answered();
});
