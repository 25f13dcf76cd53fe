import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Api } from "../src/client/api";
import { Room } from "../src/client/room";
import type { Participant } from "../src/client/state";
import { broadcastAt, inviteAt, isMixed } from "../src/sdk/address";
import { choose } from "../src/sdk/choose";
import { catalogues, languageOf, text } from "../src/sdk/texts";
import { lines } from "../src/ui/watch/embed";
import { FakeSocket, install } from "./fakes";

test("a broadcast is named by the address of its watch page, or of the page in a frame", () => {
  const here = { box: "https://box.example:8443", broadcast: "0123456789abcdef" };
  for (const path of [
    "/b/0123456789abcdef",
    "/b/0123456789abcdef/",
    "/embed/b/0123456789abcdef?muted",
    " /b/0123456789abcdef#x",
  ])
    assert.deepEqual(broadcastAt(path, "https://box.example:8443/"), here, path);
  for (const wrong of [
    "",
    "/",
    "/b/",
    "/b/UPPER",
    "/b/a/b",
    "/r/0123456789abcdef",
    "javascript:/b/abc",
    "ftp://box.example/b/abc",
  ])
    assert.equal(broadcastAt(wrong, "https://box.example/"), null, wrong);
  assert.equal(broadcastAt("/b/abc"), null, "without a base there is no box");
});

test("an invite is a room and a secret", () => {
  assert.deepEqual(inviteAt("http://box.local/r/abc#invite=s-_1"), {
    box: "http://box.local",
    room: "abc",
    invite: "s-_1",
  });
  for (const wrong of [
    "https://box.example/r/abc",
    "https://box.example/r/abc#invite=",
    "https://box.example/b/abc#invite=s",
    "abc",
  ])
    assert.equal(inviteAt(wrong), null, wrong);
});

test("a secure page reaches secure boxes, and itself", () => {
  assert.equal(isMixed("https://page.example/", "http://box.local:8080"), true);
  assert.equal(isMixed("https://page.example/", "https://box.local"), false);
  assert.equal(isMixed("http://page.example/", "http://box.local"), false);
  assert.equal(isMixed("https://page.example/", "http://localhost:8080"), false);
  assert.equal(isMixed("https://page.example/", "http://localhost.evil.example"), true);
});

test("who is wanted is shown; else the box, a camera, anybody; never oneself", () => {
  const who = (name: string, more: Partial<Participant> = {}) =>
    ({ name, kind: "person", camera: false, ...more }) as Participant;
  const room = {
    you: "me",
    participants: { me: who("Wall", { camera: true }), a: who("ada"), b: who("Ada"), c: who("Cid", { camera: true }) },
  };
  assert.equal(choose(room, "Ada"), "b");
  assert.equal(choose(room, "ADA"), "a");
  assert.equal(choose(room, " Cid "), "c");
  assert.equal(choose(room, "Wall"), null);
  assert.equal(choose(room, ""), "c");
  const withBox = { ...room, participants: { ...room.participants, d: who("Porch", { kind: "box" }) } };
  assert.equal(choose(withBox, ""), "d");
  assert.equal(choose({ you: "me", participants: { me: who("Wall") } }, ""), null);
});

test("both languages have every text, with the same words to fill in", () => {
  const words = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String);
  assert.deepEqual(Object.keys(catalogues.de).sort(), Object.keys(catalogues.en).sort());
  for (const [key, english] of Object.entries(catalogues.en)) {
    const german = catalogues.de[key as keyof typeof catalogues.en];
    assert.ok(english.trim() && german.trim(), key);
    assert.deepEqual(words(german), words(english), key);
  }
  assert.equal(text("de", "no_picture", { name: "$&" }), "$& sendet gerade kein Bild");
  assert.deepEqual(["de", "de-AT", "DE", "en", "fr", "den", ""].map(languageOf), [
    "de",
    "de",
    "de",
    "en",
    "en",
    "en",
    "en",
  ]);
});

test("a title can't leave the lines that are copied", () => {
  const { frame } = lines("https://box.example", "abc", `"><script>alert(1)</script>&`);
  assert.equal(frame.match(/[<>]/g)?.length, 4, frame);
  assert.match(frame, /title="&#34;&#62;&#60;script/);
});

beforeEach(install);

test("a guest's token goes with the WebSocket, and with the question why it was refused", async () => {
  const asked: [string, RequestInit][] = [];
  globalThis.fetch = async (url, init) => {
    asked.push([String(url), init ?? {}]);
    return new Response(JSON.stringify({ type: "sign-in", title: "No." }), { status: 401 });
  };
  const connection = FakeSocket.next();
  const room = new Room({ room: "r", name: "Wall", base: "https://box.example", token: "secret" }, {});
  const refused = assert.rejects(room.join(), { type: "sign-in", status: 401 });
  const box = await connection;
  assert.equal(box.url, "wss://box.example/api/v1/rooms/r/ws");
  assert.deepEqual(box.protocols, ["porchlight", "token.secret"]);
  box.close();
  await refused;
  const [url, init] = asked[0] ?? [];
  assert.equal(url, "https://box.example/api/v1/guest");
  assert.deepEqual(init?.headers, { authorization: "Bearer secret" });
});

test("leaving gives the token back even when the page goes away", async () => {
  let sent: RequestInit = {};
  globalThis.fetch = async (_, init) => {
    sent = init ?? {};
    return new Response(null, { status: 204 });
  };
  await new Api("https://box.example").leave("secret");
  assert.deepEqual([sent.method, sent.keepalive, sent.body], ["DELETE", true, undefined]);
});
