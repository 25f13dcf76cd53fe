import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Room, type RoomEvents } from "../src/client/room";
import type { RoomState } from "../src/client/state";
import { FakePeer, FakeSocket, install } from "./fakes";

const STATE = {
  room: { id: "r", name: "Living room", broadcast: "b", live: null },
  you: "me",
  may: ["join"],
  participants: { me: { name: "Ada" }, ben: { name: "Ben", camera: true } },
  slots: {},
  slots_wanted: { audio: 2, video: 2 },
};

/** Lets the box accept a connection up to the first answered offer. */
async function welcome(box: FakeSocket): Promise<{ join: Record<string, unknown>; offer: Record<string, unknown> }> {
  box.onopen?.();
  const join = await box.expect("join");
  box.ok(join, { participant: "me", resume: "token" });
  box.event({ event: "snapshot", state: STATE });
  const requests = [await box.request(), await box.request()];
  const offer = requests.find(({ op }) => op === "offer");
  const state = requests.find(({ op }) => op === "state");
  assert.ok(offer && state);
  box.ok(state);
  box.ok(offer, { sdp: "answer" });
  return { join, offer };
}

async function joined(events: RoomEvents = {}): Promise<[Room, FakeSocket, Awaited<ReturnType<typeof welcome>>]> {
  const connection = FakeSocket.next();
  const room = new Room({ room: "r", name: "Ada", base: "http://box.example" }, events);
  const done = room.join();
  const box = await connection;
  const said = await welcome(box);
  await done;
  return [room, box, said];
}

beforeEach(install);

test("joining says the name, offers microphone and camera first, then slots", async () => {
  const [room, box, { join, offer }] = await joined();
  assert.equal(box.url, "ws://box.example/api/v1/rooms/r/ws");
  assert.equal(join.name, "Ada");
  assert.equal("resume" in join, false);
  const lines = String(offer.sdp).split("\n");
  assert.deepEqual(lines.slice(0, 2), ["audio sendonly", "video sendonly"]);
  assert.deepEqual(lines.slice(2).sort(), ["audio recvonly", "audio recvonly", "video recvonly", "video recvonly"]);
  const left = room.leave();
  box.ok(await box.expect("leave"));
  await left;
});

test("patches change the state, and slots bring a participant's tracks", async () => {
  let state: RoomState | undefined;
  let video: unknown;
  const [room, box] = await joined({
    state: now => {
      state = now;
    },
    tracks: tracks => {
      video = tracks.get("ben")?.video;
    },
  });
  const slot = FakePeer.all[0]?.transceivers.find(t => t.kind === "video" && t.direction === "recvonly");
  box.event({
    event: "patch",
    patch: {
      participants: { ben: { camera: null } },
      slots: { [slot?.mid ?? ""]: { participant: "ben", kind: "video" } },
    },
  });
  assert.deepEqual(state?.participants.ben, { name: "Ben" });
  assert.equal(video, slot?.receiver.track);
  room.leave();
});

test("more wanted slots bring a new offer", async () => {
  const [room, box] = await joined();
  box.event({ event: "patch", patch: { slots_wanted: { video: 3 } } });
  const offer = await box.expect("offer");
  assert.equal(
    String(offer.sdp)
      .split("\n")
      .filter(line => line === "video recvonly").length,
    4,
  );
  room.leave();
});

test("a lost connection comes back on the same seat with a new peer connection", async () => {
  const phases: string[] = [];
  const [room, box] = await joined({ phase: phase => phases.push(phase) });
  const again = FakeSocket.next();
  box.close();
  const { join } = await welcome(await again);
  assert.equal(join.resume, "token");
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.all[0]?.closed, true);
  assert.deepEqual(phases, ["joined", "reconnecting", "joined"]);
  room.leave();
});

test("media that failed alone gets a new peer connection over the connection there is", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("failed");
  const offer = await box.expect("offer");
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.all[0]?.closed, true);
  box.ok(offer, { sdp: "answer" });
  assert.equal(FakeSocket.all.length, 1);
  room.leave();
});

test("media that fails again at once leads to a new connection as well", async () => {
  const [room, box] = await joined();
  const connection = FakeSocket.next();
  FakePeer.all[0]?.become("failed");
  box.ok(await box.expect("offer"), { sdp: "answer" });
  FakePeer.all[1]?.become("failed");
  const { join } = await welcome(await connection);
  assert.equal(join.resume, "token");
  room.leave();
});

test("media that was lost for a while is renewed, and not if it comes back by itself", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const [room, box] = await joined();
  const peer = FakePeer.all[0];
  peer?.become("connected");
  peer?.become("disconnected");
  peer?.become("connected");
  context.mock.timers.tick(60_000);
  assert.equal(FakePeer.all.length, 1);
  // The box has noticed, the browser has not.
  box.event({ event: "patch", patch: { participants: { me: { connection: "lost" } } } });
  context.mock.timers.tick(60_000);
  assert.equal(FakePeer.all.length, 2);
  room.leave();
});

test("a page that goes away keeps its seat, and the next one takes it", async () => {
  const [room, box] = await joined();
  const seat = room.hold();
  assert.equal(seat, "token");
  const leave = await box.expect("leave");
  assert.equal(leave.hold, true);
  assert.equal(room.phase, "left");
  const connection = FakeSocket.next();
  const next = new Room({ room: "r", name: "Ada", base: "http://box.example", resume: seat }, {});
  const done = next.join();
  const { join } = await welcome(await connection);
  await done;
  assert.equal(join.resume, "token");
  next.leave();
});

test("a goodbye that is meant for us is the end", async () => {
  const reasons: string[] = [];
  const [room, box] = await joined({ bye: reason => reasons.push(reason) });
  box.event({ event: "bye", reason: "room_closed" });
  box.close();
  assert.deepEqual(reasons, ["room_closed"]);
  assert.equal(room.phase, "left");
  assert.equal(FakePeer.all[0]?.closed, true);
});
