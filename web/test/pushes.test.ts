import assert from "node:assert/strict";
import { test } from "node:test";
import type { Push } from "../src/client";
import { changed, isSrt, isWhip } from "../src/ui/pushes/change";
import { de, en } from "../src/ui/pushes/texts";

const rtmp: Push = {
  id: "p",
  name: "PeerTube",
  preset: "peertube",
  kind: "rtmp",
  address: "rtmp://server/live",
  key: true,
  passphrase: false,
  enabled: true,
  state: "off",
  since: null,
  again: null,
  error: null,
  bytes: 0,
  dropped: 0,
  restarts: 0,
};
const srt: Push = { ...rtmp, kind: "srt", address: "srt://server:9000", passphrase: true };
const as = (push: Push) => ({
  name: push.name,
  address: push.address,
  key: "",
  passphrase: "",
  noKey: false,
  noPassphrase: false,
});

test("what is not entered anew stays, and secrets are never sent back", () => {
  assert.equal(changed(rtmp, as(rtmp)), null);
  assert.equal(changed(srt, { ...as(srt), name: " PeerTube ", address: " srt://server:9000 " }), null);
  assert.equal(changed(rtmp, { ...as(rtmp), name: " " }), null, "a name is never taken away");
});

test("only what is another is sent", () => {
  assert.deepEqual(changed(rtmp, { ...as(rtmp), name: "Garden" }), { name: "Garden" });
  assert.deepEqual(changed(rtmp, { ...as(rtmp), key: " new " }), { key: "new" });
  assert.deepEqual(changed(rtmp, { ...as(rtmp), address: "rtmps://server/live" }), { address: "rtmps://server/live" });
  const both = { ...as(srt), passphrase: "0123456789" };
  assert.deepEqual(changed(srt, both), { passphrase: "0123456789" });
});

test("a key and a passphrase can be taken away where they may be left out", () => {
  const none = { ...as(srt), noKey: true, noPassphrase: true };
  assert.deepEqual(changed(srt, none), { key: null, passphrase: null });
  assert.equal(changed({ ...srt, key: false, passphrase: false }, none), null);
  assert.equal(changed(rtmp, { ...as(rtmp), noKey: true }), null, "RTMP needs its key");
});

test("a passphrase does not stay where there can be none", () => {
  const moved = { ...as(srt), address: "rtmp://server/live", passphrase: "0123456789" };
  assert.deepEqual(changed(srt, moved), { address: "rtmp://server/live", passphrase: null });
  const whip: Push = { ...rtmp, kind: "whip", address: "https://server/whip" };
  assert.deepEqual(changed(whip, { ...as(whip), noKey: true }), { key: null });
  assert.ok(isWhip(" HTTP://server.lan/whip") && !isWhip("srt://http:1"));
  assert.ok(isSrt(" SRT://server:1"));
  assert.ok(!isSrt("rtmp://srt:1/live"));
});

test("both languages say everything, with the same placeholders", () => {
  const flat = (of: object, path = ""): [string, string][] =>
    Object.entries(of).flatMap(([key, value]) =>
      typeof value === "string" ? [[path + key, value] as [string, string]] : flat(value, `${path}${key}.`),
    );
  const placeholders = (text = "") => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  const german = new Map(flat(de));
  assert.equal(german.size, flat(en).length);
  for (const [key, text] of flat(en)) {
    assert.deepEqual(placeholders(german.get(key)), placeholders(text), key);
    // Some services need no hint.
    assert.equal(german.get(key)?.trim() === "", text.trim() === "", key);
  }
});
