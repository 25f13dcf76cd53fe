import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, mergePatch } from "../src/client/patch";

// RFC 7396, appendix A: target, patch, result.
const CASES: [Json, Json, Json][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("every example of RFC 7396 comes out as written there", () => {
  for (const [target, patch, result] of CASES) {
    assert.deepEqual(mergePatch(target, patch), result, JSON.stringify({ target, patch }));
  }
});

test("the target stays as it was, and what the patch does not touch stays the same object", () => {
  const target = { participants: { a: { name: "Ada" }, b: { name: "Ben" } } };
  const before = structuredClone(target);
  const after = mergePatch(target, { participants: { b: { name: "Bea" } } }) as typeof target;
  assert.deepEqual(target, before);
  assert.equal(after.participants.a, target.participants.a);
  assert.equal(after.participants.b.name, "Bea");
});

test("a key named __proto__ is a key and nothing more", () => {
  const after = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as Record<string, unknown>;
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(after.polluted, undefined);
  assert.deepEqual(Object.keys(after), ["__proto__"]);
});
