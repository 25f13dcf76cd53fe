import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Socket } from "../src/client/socket";
import { FakeSocket, HeldTime, install } from "./fakes";

let seen: string[] = [];
let ends = 0;

function connect(): [Socket, FakeSocket] {
  seen = [];
  ends = 0;
  const socket = new Socket("ws://box/", { event: ({ event }) => seen.push(event), closed: () => (ends += 1) });
  const box = FakeSocket.all.at(-1);
  assert.ok(box);
  box.onopen?.();
  return [socket, box];
}

beforeEach(install);

test("a request carries version, number and name, and gets the answer with its number", async () => {
  const [socket, box] = connect();
  const first = socket.request("state", { camera: true });
  const second = socket.request("consent", { on_air: false });
  const a = await box.expect("state");
  const b = await box.expect("consent");
  assert.deepEqual(a, { v: 1, id: 1, op: "state", camera: true });
  box.ok(b, { second: true });
  box.ok(a, { first: true });
  assert.deepEqual(await first, { first: true });
  assert.deepEqual(await second, { second: true });
  socket.close();
});

test("a problem fails its request with the box's words", async () => {
  const [socket, box] = connect();
  const asked = socket.request("go_live");
  box.say({ re: (await box.expect("go_live")).id, problem: { type: "forbidden", title: "Only the host may." } });
  await assert.rejects(asked, { name: "Problem", type: "forbidden", message: "Only the host may." });
  socket.close();
});

test("the end of the connection fails what is still open, and is told once", async () => {
  const [socket, box] = connect();
  const asked = socket.request("leave");
  await box.expect("leave");
  box.close();
  box.close();
  await assert.rejects(asked, { type: "closed" });
  await assert.rejects(socket.request("leave"), { type: "closed" });
  assert.equal(ends, 1);
});

test("a hole in the count of events ends the connection instead of showing a wrong room", () => {
  const [, box] = connect();
  box.say({ seq: 1, event: "snapshot" });
  box.say({ seq: 3, event: "patch" });
  assert.deepEqual(seen, ["snapshot"]);
  assert.equal(ends, 1);
});

test("what is not JSON ends the connection", () => {
  const [, box] = connect();
  box.onmessage?.({ data: "<html>" });
  assert.equal(ends, 1);
});

test("a request larger than a frame is refused before it is sent", async () => {
  const [socket] = connect();
  await assert.rejects(socket.request("offer", { sdp: "x".repeat(70_000) }), { type: "protocol" });
  socket.close();
});

test("a first word that nobody answers is said again by another connection, once", async () => {
  const time = new HeldTime();
  let closed = 0;
  const socket = new Socket("ws://box/", { event: () => {}, closed: () => (closed += 1) });
  const made = () => FakeSocket.all.length;
  time.pass(2_999);
  assert.equal(made(), 1);
  time.pass(1);
  assert.equal(made(), 2);
  FakeSocket.all[0]?.onopen?.();
  FakeSocket.all[1]?.onopen?.();
  await socket.opened;
  time.pass(60_000);
  assert.deepEqual([made(), closed], [2, 0]);
  const asked = socket.request("leave");
  const box = FakeSocket.all[1];
  assert.ok(box);
  box.ok(await box.expect("leave"));
  await asked;
  socket.close();
});

test("a connection that is refused, or given up, is not tried again", async () => {
  const time = new HeldTime();
  const refused = new Socket("ws://box/", { event: () => {}, closed: () => {} });
  FakeSocket.all[0]?.close();
  await assert.rejects(refused.opened);
  const given = new Socket("ws://box/", { event: () => {}, closed: () => {} });
  given.close();
  await assert.rejects(given.opened);
  time.pass(60_000);
  assert.equal(FakeSocket.all.length, 2);
});
