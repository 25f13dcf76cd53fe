import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Chat, type ChatMessage, type ChatState, type ChatYou, changed } from "../src/client/chat";
import { FakeSocket, install } from "./fakes";

const one = (id: number, text = `message ${id}`): ChatMessage => ({
  id,
  by: "a",
  name: "Ada",
  role: "guest",
  text,
  at: "2026-11-28T16:00:00Z",
});
const RULES = { writers: "everybody", slow: 0, review: false, links: "allow" } as const;
const state = (...ids: number[]): ChatState => ({
  channel: "room",
  rules: RULES,
  messages: ids.map(id => one(id)),
  saved: true,
});
const ids = (state: ChatState | null) => state?.messages.map(message => message.id);

beforeEach(install);

test("changes make the channel what it is, in the order of numbers", () => {
  const [next, added] = changed(state(1, 3), [
    { message: one(4) },
    { message: one(2) },
    { message: one(3, "other words") },
    { gone: 1 },
    { gone: 99 },
    { reactions: { id: 4, counts: { heart: 2 } } },
    { rules: { ...RULES, slow: 10 } },
    { saved: false },
  ]);
  assert.deepEqual(ids(next), [2, 3, 4]);
  assert.deepEqual(
    added.map(message => message.id),
    [4, 2],
  );
  assert.equal(next.messages[1]?.text, "other words");
  assert.deepEqual(next.messages[2]?.reactions, { heart: 2 });
  assert.equal(next.rules.slow, 10);
  assert.equal(next.saved, false);
});

test("a page holds as many messages as it does, and more only where somebody scrolled back", () => {
  let now = state();
  for (let id = 1; id <= 1000; id += 1) [now] = changed(now, [{ message: one(id) }]);
  assert.equal(now.messages.length, 400);
  assert.equal(now.messages.at(-1)?.id, 1000);
  const back = state(...Array.from({ length: 500 }, (_, n) => n + 1));
  assert.equal(changed(back, [{ message: one(501) }])[0].messages.length, 500);
});

interface Seen {
  state: ChatState | null;
  added: number[];
  you: ChatYou | null;
  connected: boolean[];
  ended: string | null;
}

function open(name: string | null = null): [Chat, FakeSocket, Seen] {
  const seen: Seen = { state: null, added: [], you: null, connected: [], ended: null };
  const chat = new Chat(
    "ws://box/api/v1/rooms/r/chat",
    {
      state: (state, added) => {
        seen.state = state;
        seen.added.push(...added.map(message => message.id));
      },
      you: you => {
        seen.you = you;
      },
      connected: connected => seen.connected.push(connected),
      ended: reason => {
        seen.ended = reason;
      },
    },
    name,
  );
  const box = FakeSocket.all.at(-1);
  assert.ok(box);
  box.onopen?.();
  return [chat, box, seen];
}

const YOU: ChatYou = {
  by: "me",
  name: "Owner",
  role: "host",
  may_write: true,
  moderates: true,
  timed_out: null,
  reactions: [],
};

test("the count of events is that of the channel, begins anew with each snapshot, and leaves out what is for one alone", () => {
  const [chat, box, seen] = open();
  box.say({ event: "you", you: YOU });
  box.say({ seq: 41, event: "snapshot", state: state(1) });
  box.say({ event: "you", you: { ...YOU, timed_out: 60 } });
  box.say({ seq: 42, event: "batch", changes: [{ message: one(2) }] });
  assert.deepEqual(ids(seen.state), [1, 2]);
  assert.deepEqual(seen.added, [2], "what was there before is not new");
  assert.equal(seen.you?.timed_out, 60);
  box.say({ seq: 99, event: "snapshot", state: state(1, 2, 7) });
  assert.deepEqual(seen.added, [2, 7], "what was missed is new");
  box.say({ seq: 101, event: "batch", changes: [{ message: one(8) }] });
  assert.deepEqual(ids(seen.state), [1, 2, 7], "after a hole nothing is taken");
  assert.equal(seen.connected.at(-1), false, "and it is opened anew");
  chat.close();
});

test("who has another name in the call says so once", async () => {
  const [chat, box] = open("Ada");
  box.say({ event: "you", you: YOU });
  const asked = await box.expect("name");
  assert.equal(asked.name, "Ada");
  box.ok(asked, { name: "Ada" });
  box.say({ event: "you", you: { ...YOU, name: "Ada" } });
  chat.close();
});

test("it does not come back to where one may not read", () => {
  const before = FakeSocket.all.length;
  const [, box, seen] = open();
  box.say({ seq: 1, event: "snapshot", state: state() });
  box.say({ event: "bye", reason: "removed" });
  box.close();
  assert.equal(seen.ended, "removed");
  assert.equal(FakeSocket.all.length, before + 1);
});
