import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant } from "../src/client";
import { capacity, frontOf, layoutNow, pageOf, people, presenters, viewOf } from "../src/ui/room/scene";

const person = (more: Partial<Participant> = {}) => ({ name: "x", camera: false, ...more }) as Participant;
const room = (speaker: string | null = null) => ({
  you: "me",
  participants: {
    ada: person(),
    me: person({ screen: true }),
    ben: person({ camera: true, screen: true }),
    cleo: person(),
  },
  speaker,
});

test("others keep the order they came in, oneself is last, and one's own screen is not shown", () => {
  assert.deepEqual(people(room()), ["ada", "ben", "cleo", "me"]);
  assert.deepEqual(presenters(room()), ["ben"]);
});

test("in front is who is pinned, else who speaks, else who was there, else somebody with a camera", () => {
  assert.equal(frontOf(room("ada"), "cleo", "ben"), "cleo");
  assert.equal(frontOf(room("ada"), "gone", "ben"), "ada");
  assert.equal(frontOf(room("me"), null, "cleo"), "cleo", "one does not look at oneself while one speaks");
  assert.equal(frontOf(room(null), null, "gone"), "ben");
  assert.equal(frontOf({ you: "me", participants: { me: person() } }, null, null), "me");
});

test("a layout for screens needs one, and each has a choice of its own", () => {
  const chosen = { plain: "speaker", shared: "presenter" } as const;
  assert.equal(layoutNow(chosen, 0), "speaker");
  assert.equal(layoutNow(chosen, 1), "presenter");
  assert.equal(layoutNow({ plain: "presenter", shared: "grid" }, 0), "grid");
});

test("a phone has a few tiles on a page, a television 25, and no space has one", () => {
  assert.equal(capacity(344, 540, 8), 10);
  assert.equal(capacity(1904, 940, 8), 25);
  assert.equal(capacity(0, 0, 8), 1);
  for (const [width, height] of [
    [344, 540],
    [800, 500],
    [1264, 560],
  ] as const)
    assert.ok(capacity(width, height, 8) <= 25 && capacity(width, height, 8) >= 1);
});

test("pages are about as full, show everybody once, and one that is gone is the last", () => {
  const all = Array.from({ length: 25 }, (_, n) => n);
  const pages = [0, 1].map(page => pageOf(all, page, 24).shown);
  assert.deepEqual(
    pages.map(page => page.length),
    [13, 12],
  );
  assert.deepEqual(pages.flat(), all);
  assert.deepEqual(pageOf(all, 7, 10), { shown: all.slice(18), page: 2, pages: 3 });
  assert.deepEqual(pageOf([], 3, 10), { shown: [], page: 0, pages: 1 });
});

test("the box hears of screens first, then of who is in front, then of the largest, in steps and not without end", () => {
  const seen = [
    { participant: "ada", source: "camera", height: 121 },
    { participant: "ben", source: "camera", height: 400 },
    { participant: "cleo", source: "camera", height: 90 },
    { participant: "ben", source: "screen", height: 300 },
    { participant: "dora", source: "camera", height: 0 },
  ] as const;
  const view = viewOf(seen, "cleo");
  assert.deepEqual(
    view.shown.map(({ participant, source, height }) => `${participant} ${source} ${height}`),
    ["ben screen 300", "cleo camera 100", "ben camera 400", "ada camera 140"],
  );
  assert.equal(view.front, "cleo");
  const many = Array.from({ length: 60 }, (_, n) => ({
    participant: String(n),
    source: "camera" as const,
    height: 100,
  }));
  assert.equal(viewOf(many, null).shown.length, 49);
});
