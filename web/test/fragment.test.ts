import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentOf, withFragment } from "../src/client/fragment";

const lines = (...all: string[]) => all.map(line => `${line}\r\n`).join("");
const [ours, theirs] = [
  "a=candidate:1 1 udp 9 192.0.2.1 61764 typ host",
  "a=candidate:1 1 udp 9 192.0.2.7 8189 typ host",
];
const description = (way: string[], ufrag: string) =>
  lines(
    "v=0",
    "a=group:BUNDLE 0 1",
    "a=ice-options:trickle",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
    `a=ice-ufrag:${ufrag}`,
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
    ...way,
    "m=video 9 UDP/TLS/RTP/SAVPF 108",
    "a=mid:1",
    `a=ice-ufrag:${ufrag}`,
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
  );

test("a fragment is what an offer says of addresses, once", () => {
  const wanted = lines(
    "a=group:BUNDLE 0 1",
    "a=ice-options:trickle",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
    "a=ice-ufrag:EsAw",
    "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
    ours,
  );
  assert.equal(fragmentOf(description([ours], "EsAw")), wanted);
});

test("an answer takes the addresses of a fragment, and keeps none of its own", () => {
  const before = description([ours, "a=end-of-candidates"], "EsAw");
  const fragment = fragmentOf(description([theirs], "ysXw")).concat("a=end-of-candidates\r\n");
  assert.equal(withFragment(before, fragment), description([theirs, "a=end-of-candidates"], "ysXw"));
});

test("a fragment without credentials is none", () => {
  assert.throws(() => withFragment(description([ours], "EsAw"), lines(theirs)));
});
