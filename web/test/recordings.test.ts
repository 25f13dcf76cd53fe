import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, type Broadcast } from "../src/client";
import { home, watchHome } from "../src/ui/home/model";
import { parsed, partOf, written } from "../src/ui/recordings/times";

test("times are read as people write them, to the millisecond, and nothing else is", () => {
  for (const [text, ms] of [
    ["0", 0],
    ["83.5", 83_500],
    ["1:23.5", 83_500],
    [" 1:23,5 ", 83_500],
    ["1:02:03", 3_723_000],
    ["90:00", 5_400_000],
    ["1.001", 1_001],
    ["1.0019999", 1_001],
    ["4.", 4_000],
  ] as const)
    assert.equal(parsed(text), ms, text);
  for (const text of ["", ":", "1:", ":5", "1:60", "1:60:00", "-1", "1e3", "1:2:3:4", "one", "1.2.3"])
    assert.equal(parsed(text), null, text);
});

test("what is written is read back as the same time", () => {
  assert.equal(written(0), "0:00");
  assert.equal(written(83_500), "1:23.5");
  assert.equal(written(83_500, ","), "1:23,5");
  assert.equal(written(3_723_000), "1:02:03");
  assert.equal(written(1_234.9), "0:01.234", "floored");
  for (const ms of [0, 1, 10, 999, 59_999, 60_000, 3_599_999, 3_600_050, 36_000_000]) {
    assert.equal(parsed(written(ms)), ms);
    assert.equal(parsed(written(ms, ",")), ms);
  }
});

test("a part is a second long at least and ends with the recording", () => {
  assert.deepEqual(partOf("0:10", "0:20.5", 60_000), { from: 10_000, to: 20_500 });
  assert.deepEqual(partOf("0:10", "2:00", 60_000.7), { from: 10_000, to: 60_000 });
  assert.deepEqual(partOf("0:59", "1:00", 60_000), { from: 59_000, to: 60_000 });
  assert.equal(partOf("0:59.001", "1:00", 60_000), "short");
  assert.equal(partOf("0:20", "0:10", 60_000), "short");
  assert.equal(partOf("2:00", "3:00", 60_000), "short");
  assert.equal(partOf("soon", "0:10", 60_000), "unread");
  assert.equal(partOf("0:10", "", 60_000), "unread");
});

/** A box that answers as told, and what it was asked. */
function box(answers: Record<string, unknown>): { asked: [string, string, string | undefined][]; restore(): void } {
  const before = globalThis.fetch;
  const asked: [string, string, string | undefined][] = [];
  globalThis.fetch = async (address, request) => {
    const path = String(address);
    asked.push([request?.method ?? "GET", path, request?.body as string | undefined]);
    return path in answers ? Response.json(answers[path]) : new Response(null, { status: 404 });
  };
  return {
    asked,
    restore: () => {
      globalThis.fetch = before;
    },
  };
}

test("a part is asked for in whole milliseconds", async () => {
  const { asked, restore } = box({ "/api/v1/recordings/abc/trim": { id: "def", state: "trimming" } });
  try {
    const part = partOf("0:01.2345", "0:09", 60_000);
    assert.ok(typeof part !== "string");
    assert.equal((await new Api().trimRecording("abc", part)).state, "trimming");
    assert.deepEqual(asked, [["POST", "/api/v1/recordings/abc/trim", '{"from":1234,"to":9000}']]);
  } finally {
    restore();
  }
});

test("the start page tells what is on air from recordings, and keeps the box's order", async () => {
  const live: Broadcast = {
    id: "live",
    title: "Party",
    live: true,
    since: "2026-11-28T08:00:00Z",
    viewers: 2,
    cut: null,
    recorded: null,
  };
  const recorded = (id: string): Broadcast => ({
    ...live,
    id,
    live: false,
    since: null,
    recorded: { started: "2026-11-21T18:00:00Z", duration: 61_000, video: `/api/v1/broadcasts/${id}/video` },
  });
  const { restore } = box({
    "/api/v1/session": { role: "viewer", name: null, room: null },
    "/api/v1/node": { name: "Porch", version: "0.1.0" },
    "/api/v1/broadcasts": [live, recorded("new"), recorded("old")],
  });
  Object.assign(globalThis, { location: { hash: "" }, document: { hidden: false } });
  const off = new AbortController();
  try {
    await watchHome(off.signal);
    assert.equal(home.unreachable.value, false);
    assert.deepEqual(
      home.broadcasts.value?.map(({ id }) => id),
      ["live"],
    );
    assert.deepEqual(
      home.recorded.value.map(({ id }) => id),
      ["new", "old"],
    );
  } finally {
    off.abort();
    restore();
  }
});
