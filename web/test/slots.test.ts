import assert from "node:assert/strict";
import { test } from "node:test";
import {
  needsMore,
  SLOTS_AT_FIRST,
  SLOTS_AT_MOST,
  slotOf,
  slotsToHave,
  tracksByParticipant,
} from "../src/client/slots";
import type { Participant } from "../src/client/state";

const person = { name: "Ada" } as Participant;

test("a connection starts with a few slots and grows in steps, never shrinks, never without end", () => {
  assert.equal(slotsToHave("video", 0, 0), SLOTS_AT_FIRST);
  assert.equal(slotsToHave("video", 2, 2), 2);
  assert.equal(slotsToHave("video", 2, 3), 4);
  assert.equal(slotsToHave("video", 4, 3), 4);
  assert.equal(slotsToHave("video", 6, 1), 6);
  assert.equal(slotsToHave("video", 2, 1_000_000), SLOTS_AT_MOST.video);
});

test("an offer is needed only when more slots are wanted than there are and may be", () => {
  assert.equal(needsMore({ audio: 2, video: 2 }, { audio: 2, video: 2 }), false);
  assert.equal(needsMore({ audio: 2, video: 2 }, { audio: 2, video: 3 }), true);
  assert.equal(needsMore({ audio: 4, video: 2 }, { audio: 3, video: 2 }), false);
  assert.equal(needsMore(SLOTS_AT_MOST, { audio: 99, video: 99 }), false);
});

test("tracks go to the participant that the state names, and follow when it names another", () => {
  const audio = { kind: "audio", id: "a" };
  const video = { kind: "video", id: "v" };
  const tracks = new Map([
    ["2", audio],
    ["3", video],
  ]);
  const participants = { ada: person, ben: person };
  const slots = { "2": { participant: "ada", kind: "audio" }, "3": { participant: "ada", kind: "video" } } as const;
  assert.deepEqual([...tracksByParticipant({ slots, participants }, tracks)], [["ada", { audio, video }]]);
  const moved = { ...slots, "3": { participant: "ben", kind: "video" } } as const;
  assert.deepEqual(
    [...tracksByParticipant({ slots: moved, participants }, tracks)],
    [
      ["ada", { audio }],
      ["ben", { video }],
    ],
  );
});

test("slots that make no sense are left out: unknown mid, unknown participant, wrong kind", () => {
  const tracks = new Map([["2", { kind: "audio" }]]);
  const participants = { ada: person };
  for (const slots of [
    { "9": { participant: "ada", kind: "audio" } },
    { "2": { participant: "toString", kind: "audio" } },
    { "2": { participant: "ada", kind: "video" } },
  ] as const) {
    assert.equal(tracksByParticipant({ slots: { ...slots } as never, participants }, tracks).size, 0);
  }
});

test("a participant's screen is a picture of its own", () => {
  const track = (kind: string) => ({ kind });
  const tracks = new Map([
    ["1", track("video")],
    ["2", track("video")],
    ["3", track("audio")],
  ]);
  const slots = {
    "1": { participant: "ada", kind: "video", source: "camera", layer: 1 },
    "2": { participant: "ada", kind: "video", source: "screen", paused: "connection" },
    "3": { participant: "ada", kind: "audio", source: "screen_sound" },
  } as const;
  const state = { slots, participants: { ada: person } };
  assert.deepEqual(tracksByParticipant(state, tracks).get("ada"), {
    video: tracks.get("1"),
    screen: tracks.get("2"),
    screenSound: tracks.get("3"),
  });
  assert.equal(slotOf(state, "ada", "screen")?.paused, "connection");
  assert.equal(slotOf(state, "ada", "camera")?.layer, 1);
  assert.equal(slotOf(state, "ada", "microphone"), null);
});
