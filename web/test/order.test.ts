import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Lobby, type Waited } from "../src/client/lobby";
import { Room } from "../src/client/room";
import { FakeSocket, HeldTime, install } from "./fakes";

beforeEach(install);

/** Lets what was promised happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const STATE = {
  room: { id: "r", name: "Living room", broadcast: "b", live: null },
  you: "me",
  may: ["join", "speak"],
  participants: { me: { name: "Ada" } },
  slots: {},
  slots_wanted: { audio: 0, video: 0 },
};

test("what somebody who keeps order stops is told once, also if it was so already when one came back", async () => {
  const told: string[][] = [];
  const connection = FakeSocket.next();
  const room = new Room(
    { room: "r", name: "Ada", base: "http://box.example" },
    {
      stopped: sources => {
        told.push(sources);
      },
    },
  );
  const done = room.join();
  const box = await connection;
  box.onopen?.();
  box.ok(await box.expect("join"), { participant: "me", resume: "token" });
  box.event({ event: "snapshot", state: { ...STATE, stopped: ["camera"] } });
  await done;
  box.event({ event: "patch", patch: { stopped: ["microphone", "camera"] } });
  box.event({ event: "patch", patch: { stopped: ["camera"] } });
  box.event({ event: "patch", patch: { stopped: ["microphone", "camera"] } });
  assert.deepEqual(told, [["camera"], ["microphone"], ["microphone"]]);
  room.leave();
});

test("who waits is told of the room, comes back when the connection is lost, and is let in", async () => {
  const time = new HeldTime();
  const told: Waited[] = [];
  const [first, second] = [FakeSocket.next(), FakeSocket.next()];
  const lobby = new Lobby({ room: "r", name: "Ada", base: "http://box.example" });
  const done = lobby.wait(room => told.push(room));
  const box = await first;
  assert.equal(box.url, "ws://box.example/api/v1/rooms/r/lobby");
  box.onopen?.();
  const knock = await box.expect("knock");
  assert.equal(knock.name, "Ada");
  box.ok(knock, { room: { name: "Living room", live: false } });
  await settle();
  box.event({ event: "room", room: { name: "Living room", live: true } });
  // A box that restarts is waited for.
  box.event({ event: "bye", reason: "shutdown" });
  box.close();
  time.pass(60_000);
  const again = await second;
  time.release();
  again.onopen?.();
  again.ok(await again.expect("knock"), { room: { name: "Living room", live: true } });
  await settle();
  again.event({ event: "let_in" });
  await done;
  assert.deepEqual(
    told.map(({ live }) => live),
    [false, true, true],
  );
});

test("who is refused does not knock again", async () => {
  const connection = FakeSocket.next();
  const lobby = new Lobby({ room: "r", name: "Ada", base: "http://box.example" });
  const done = lobby.wait(() => {});
  const box = await connection;
  box.onopen?.();
  box.ok(await box.expect("knock"), { room: { name: "Living room", live: false } });
  box.event({ event: "bye", reason: "refused" });
  await assert.rejects(done, { type: "refused" });
  assert.equal(FakeSocket.all.length, 1);
});
