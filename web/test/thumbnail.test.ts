import assert from "node:assert/strict";
import { test } from "node:test";
import { thumbnail } from "../src/client/thumbnail";

test("the address of a small picture is another one after each cut, and each time something goes on air", () => {
  const [since, cut] = ["2026-11-28T12:00:00Z", "2026-11-28T12:30:00.5Z"];
  const addresses = [
    thumbnail({ media: "b1", since, cut: null }),
    thumbnail({ media: "b1", since, cut }),
    thumbnail({ media: "b1", since: cut, cut: null }),
    thumbnail({ media: "b1", since: null, cut: null }),
  ];
  assert.equal(addresses[1], "/api/v1/broadcasts/b1/thumbnail.jpg?of=2026-11-28T12%3A30%3A00.5Z");
  assert.equal(addresses[0]?.endsWith(encodeURIComponent(since)), true);
  assert.equal(new Set(addresses).size, 3);
});
