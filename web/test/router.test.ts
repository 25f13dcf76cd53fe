import assert from "node:assert/strict";
import { test } from "node:test";
import { routeOf } from "../src/ui/router";

test("paths lead to their pages, anything else nowhere", () => {
  assert.deepEqual(routeOf("/"), { page: "home" });
  assert.deepEqual(routeOf("/stats"), { page: "stats" });
  assert.deepEqual(routeOf("/reachability"), { page: "reachability" });
  assert.deepEqual(routeOf("/camera"), { page: "camera" });
  assert.deepEqual(routeOf("/trust"), { page: "trust" });
  assert.deepEqual(routeOf("/r/0123456789abcdef"), { page: "room", room: "0123456789abcdef" });
  assert.deepEqual(routeOf("/b/0123456789abcdef/"), { page: "watch", broadcast: "0123456789abcdef" });
  assert.deepEqual(routeOf("/devices"), { page: "devices" });
  assert.deepEqual(routeOf("/recordings"), { page: "recordings" });
  assert.deepEqual(routeOf("/pushes/0123456789abcdef"), { page: "pushes", room: "0123456789abcdef" });
  assert.deepEqual(routeOf("/studio/0123456789abcdef"), { page: "studio", room: "0123456789abcdef" });
  for (const path of ["/r/", "/r/../x", "/b/A", "/x/0123", "/r/a/b", "/studio/"])
    assert.deepEqual(routeOf(path), { page: "lost" });
});
