import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Room, type RoomEvents } from "../src/client/room";
import type { RoomState } from "../src/client/state";
import { FakePeer, FakeSocket, HeldTime, install } from "./fakes";

const STATE = {
  room: { id: "r", name: "Living room", broadcast: "b", live: null },
  you: "me",
  may: ["join"],
  participants: { me: { name: "Ada" }, ben: { name: "Ben", camera: true } },
  slots: {},
  slots_wanted: { audio: 2, video: 2 },
};

type Frame = Record<string, unknown>;

/** Lets the box accept a connection up to the first answered offer. */
async function welcome(
  box: FakeSocket,
  you = "me",
  requests = 2,
  sdp = "answer",
  more: Frame = {},
): Promise<{ join: Frame; offer: Frame; all: Frame[] }> {
  box.onopen?.();
  const join = await box.expect("join");
  box.ok(join, { participant: you, resume: "token", ...more });
  box.event({
    event: "snapshot",
    state: { ...STATE, you, participants: { ...STATE.participants, [you]: { name: "Ada" } } },
  });
  const all: Frame[] = [];
  while (all.length < requests) all.push(await box.request());
  const offer = all.find(({ op }) => op === "offer");
  const state = all.find(({ op }) => op === "state");
  assert.ok(offer && state);
  box.ok(state);
  box.ok(offer, { sdp });
  await settle();
  return { join, offer, all };
}

/** Lets what was promised happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Those that a test has joined, left after it however it ended. */
let rooms: Room[] = [];

async function joined(
  events: RoomEvents = {},
  sdp = "answer",
  more: Frame = {},
): Promise<[Room, FakeSocket, Awaited<ReturnType<typeof welcome>>]> {
  const connection = FakeSocket.next();
  const room = new Room({ room: "r", name: "Ada", base: "http://box.example" }, events);
  rooms.push(room);
  const done = room.join();
  const box = await connection;
  const said = await welcome(box, "me", 2, sdp, more);
  await done;
  return [room, box, said];
}

beforeEach(install);
afterEach(() => {
  for (const room of rooms) room.leave();
  rooms = [];
});

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

test("who joins a box that answers otherwise tries again, and a box that does not is told of at once", async context => {
  let there = true;
  context.mock.method(globalThis, "fetch", async () => {
    if (!there) throw new TypeError("no network");
    return Response.json({});
  });
  const [first, second] = [FakeSocket.next(), FakeSocket.next()];
  const room = new Room({ room: "r", name: "Ada", base: "http://box.example" }, {});
  const done = room.join();
  (await first).close();
  await welcome(await second);
  await done;
  assert.equal(room.phase, "joined");
  room.leave();
  there = false;
  const next = FakeSocket.next();
  const other = new Room({ room: "r", name: "Ada", base: "http://box.example" }, {});
  const failed = other.join();
  (await next).close();
  await assert.rejects(failed, /can.?not be reached|reached/);
  assert.equal(FakeSocket.all.length, 3);
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

test("a lost connection comes back on the same seat, and media goes on meanwhile on the same peer connection", async () => {
  const phases: string[] = [];
  const [room, box] = await joined({ phase: phase => phases.push(phase) });
  FakePeer.all[0]?.become("connected");
  const again = FakeSocket.next();
  box.close();
  assert.equal(FakePeer.all[0]?.closed, false);
  const { join } = await welcome(await again);
  assert.equal(join.resume, "token");
  assert.equal(FakePeer.all.length, 1);
  assert.equal(FakePeer.all[0]?.restarts, 0);
  assert.deepEqual(phases, ["joined", "reconnecting", "joined"]);
  room.leave();
});

test("a way that broke with the connection is looked for anew when there is one again", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("connected");
  const again = FakeSocket.next();
  box.close();
  FakePeer.all[0]?.become("disconnected");
  await welcome(await again);
  assert.equal(FakePeer.all.length, 1);
  assert.equal(FakePeer.all[0]?.restarts, 1);
  room.leave();
});

test("another seat means another peer connection, and so does a box that ends", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("connected");
  const again = FakeSocket.next();
  box.close();
  await welcome(await again, "somebody");
  assert.equal(FakePeer.all.length, 2);
  const next = FakeSocket.next();
  FakePeer.all[1]?.become("connected");
  FakeSocket.all[1]?.event({ event: "bye", reason: "shutdown" });
  assert.equal(FakePeer.all[1]?.closed, true);
  await welcome(await next, "somebody");
  assert.equal(FakePeer.all.length, 3);
  room.leave();
});

test("a peer connection that never worked is not kept", async () => {
  const [room, box] = await joined();
  const again = FakeSocket.next();
  box.close();
  await welcome(await again);
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.all[0]?.closed, true);
  room.leave();
});

test("a broken way is looked for anew on the same peer connection, then on another one, then all is made anew", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("connected");
  const time = new HeldTime();
  FakePeer.all[0]?.become("disconnected");
  box.ok(await box.expect("offer"), { sdp: "answer" });
  assert.equal(FakePeer.all[0]?.restarts, 1);
  await settle();
  time.pass(4_000);
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.all[0]?.closed, true);
  box.ok(await box.expect("offer"), { sdp: "answer" });
  await settle();
  FakePeer.all[1]?.become("failed");
  box.ok(await box.expect("offer"), { sdp: "answer" });
  await settle();
  const connection = FakeSocket.next();
  time.pass(4_000);
  time.pass(1_000);
  time.release();
  const { join } = await welcome(await connection);
  assert.equal(join.resume, "token");
  room.leave();
});

test("a way that comes back by itself is left alone", async () => {
  const [room, box] = await joined();
  const peer = FakePeer.all[0];
  peer?.become("connected");
  const time = new HeldTime();
  peer?.become("disconnected");
  box.ok(await box.expect("offer"), { sdp: "answer" });
  await settle();
  peer?.become("connected");
  time.pass(60_000);
  assert.equal(FakePeer.all.length, 1);
  room.leave();
});

test("what the box has noticed and the browser has not is looked after as well", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("connected");
  box.event({ event: "patch", patch: { participants: { me: { connection: "connected" } } } });
  assert.equal(FakePeer.all[0]?.restarts, 0);
  box.event({ event: "patch", patch: { participants: { me: { connection: "lost" } } } });
  assert.equal(FakePeer.all[0]?.restarts, 1);
  box.ok(await box.expect("offer"), { sdp: "answer" });
  room.leave();
});

test("an offer for another way that nobody answers has another connection to the box raced with the one there is", async () => {
  const phases: string[] = [];
  const [room, box] = await joined({ phase: phase => phases.push(phase) });
  FakePeer.all[0]?.become("connected");
  const time = new HeldTime();
  FakePeer.all[0]?.become("disconnected");
  await box.expect("offer");
  const connection = FakeSocket.next();
  time.pass(300);
  const beside = await connection;
  assert.deepEqual(phases, ["joined"], "the one there is may still answer");
  const { join } = await welcome(beside);
  time.release();
  assert.equal(join.resume, "token");
  assert.deepEqual(phases, ["joined", "reconnecting", "joined"]);
  assert.equal(FakePeer.all.length, 1, "the peer connection stays");
  assert.equal(FakePeer.all[0]?.restarts, 2);
  room.leave();
});

test("a connection to the box that was slow, and is alive, wins the race", async () => {
  const phases: string[] = [];
  const [room, box] = await joined({ phase: phase => phases.push(phase) });
  FakePeer.all[0]?.become("connected");
  const time = new HeldTime();
  FakePeer.all[0]?.become("disconnected");
  const offer = await box.expect("offer");
  const connection = FakeSocket.next();
  time.pass(300);
  const beside = await connection;
  box.ok(offer, { sdp: "answer" });
  await settle();
  FakePeer.all[0]?.become("connected");
  beside.onopen?.();
  await settle();
  time.pass(60_000);
  assert.equal(FakeSocket.all.length, 2, "no third one is made");
  assert.deepEqual(phases, ["joined"]);
  assert.equal(FakePeer.all.length, 1);
  room.leave();
});

test("an answer with another fingerprint is that of another peer connection", async () => {
  const [room, box] = await joined({}, "a=fingerprint:sha-256 AA\r\n");
  FakePeer.all[0]?.become("connected");
  box.event({ event: "patch", patch: { slots_wanted: { video: 3 } } });
  box.ok(await box.expect("offer"), { sdp: "a=fingerprint:sha-256 AA\r\n" });
  box.event({ event: "patch", patch: { slots_wanted: { video: 5 } } });
  box.ok(await box.expect("offer"), { sdp: "a=fingerprint:sha-256 BB\r\n" });
  await box.expect("offer");
  assert.equal(FakePeer.all.length, 2);
  room.leave();
});

test("sources are named in offers: the screen while it is shared", async () => {
  const [room, box, { offer }] = await joined();
  assert.deepEqual(offer.sources, { "0": "microphone", "1": "camera" });
  const track = (kind: string) => ({ kind }) as MediaStreamTrack;
  void room.setScreen({ video: track("video"), sound: track("audio"), content: "detail" });
  const shared = await box.expect("offer");
  assert.deepEqual(shared.sources, { "0": "microphone", "1": "camera", "6": "screen", "7": "screen_sound" });
  box.ok(shared, { sdp: "answer" });
  await settle();
  void room.setScreen(null);
  const ended = await box.expect("offer");
  assert.deepEqual(ended.sources, { "0": "microphone", "1": "camera" });
  assert.match(String(ended.sdp).split("\n")[6] ?? "", /inactive/);
  box.ok(ended, { sdp: "answer" });
  await settle();
  void room.setScreen({ video: track("video"), sound: null, content: "motion" });
  const again = await box.expect("offer");
  assert.deepEqual(again.sources, { "0": "microphone", "1": "camera", "6": "screen" });
  assert.equal(FakePeer.all[0]?.transceivers.length, 8, "the sections are used again");
  room.leave();
});

test("layers that nobody wants are off, without a new offer", async () => {
  const [room, box] = await joined();
  const camera = FakePeer.all[0]?.transceivers[1];
  const active = () => camera?.sender.getParameters().encodings.map(({ rid, active }) => active && rid);
  assert.deepEqual(active(), ["l", "m", "h"]);
  box.event({ event: "patch", patch: { send: { camera: 1, screen: 0, video_codec: "h264" } } });
  await settle();
  assert.deepEqual(active(), ["l", false, false]);
  box.event({ event: "patch", patch: { send: { camera: 0 } } });
  await settle();
  assert.deepEqual(active(), [false, false, false]);
  box.event({ event: "patch", patch: { send: { camera: 3 } } });
  await settle();
  assert.deepEqual(active(), ["l", "m", "h"]);
  room.leave();
});

test("another codec for everybody brings a new offer with it first", async () => {
  const [room, box] = await joined();
  const camera = FakePeer.all[0]?.transceivers[1];
  assert.deepEqual(camera?.preferred, ["video/H264", "video/VP8"]);
  box.event({ event: "patch", patch: { send: { camera: 3, screen: 2, video_codec: "vp8" } } });
  await box.expect("offer");
  assert.deepEqual(camera?.preferred, ["video/VP8", "video/H264"]);
  assert.deepEqual(FakePeer.all[0]?.transceivers[0]?.preferred, ["audio/red", "audio/opus"]);
  room.leave();
});

test("what a page shows is said once it is calm, and again to a new connection", async () => {
  const [room, box] = await joined();
  FakePeer.all[0]?.become("connected");
  const time = new HeldTime();
  const view = (height: number) => ({
    shown: [{ participant: "ben", source: "camera" as const, height }],
    front: null,
  });
  room.setView(view(100));
  room.setView(view(720));
  time.pass(200);
  const said = await box.expect("view");
  assert.deepEqual({ shown: said.shown, front: said.front }, view(720));
  box.ok(said);
  room.setView(view(720));
  time.pass(200);
  time.release();
  const connection = FakeSocket.next();
  box.close();
  const next = await connection;
  const requests = await welcome(next, "me", 3);
  assert.ok(requests.all.some(({ op }) => op === "view"));
  room.leave();
});

test("relays come with the answer to join", async () => {
  const iceServers = [{ urls: "turn:box.example", username: "u", credential: "c" }];
  const [room] = await joined({}, "answer", { ice_servers: iceServers });
  assert.deepEqual(FakePeer.all[0]?.configuration.iceServers, iceServers);
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
