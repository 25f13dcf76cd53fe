import assert from "node:assert/strict";
import { test } from "node:test";
import type { Setting } from "../src/client/settings";
import { addressAfter, change, GROUPS, keysOf, needsOf, undoOf } from "../src/ui/settings/catalogue";
import { both } from "../src/ui/settings/texts";

const setting = (key: string, value: unknown, more: Partial<Setting> = {}): [string, Setting] => [
  key,
  { key, value, otherwise: value, chosen: false, fixed: false, secret: false, needs: "nothing", ...more } as Setting,
];
const settings = new Map([
  setting("room.max_participants", 25),
  setting("viewers.uplink", "10Mbps", { chosen: true, otherwise: "0bps", needs: "restart" }),
  setting("http.listen", "[::]:8080", { needs: "trial" }),
  setting("peers.stun", ["stun.example.org:3478"], { needs: "restart" }),
  setting("mqtt.password", true, { secret: true, needs: "restart" }),
]);

test("what is changed back is no change", () => {
  const one = change({}, settings, "room.max_participants", 12);
  assert.deepEqual(one, { "room.max_participants": 12 });
  assert.deepEqual(change(one, settings, "room.max_participants", 25), {});
  assert.deepEqual(change({}, settings, "peers.stun", ["stun.example.org:3478"]), {});
  assert.deepEqual(change({}, settings, "mqtt.password", "true"), { "mqtt.password": "true" });
});

test("undoing brings back what was chosen, and what was not chosen as it would be", () => {
  assert.deepEqual(undoOf({ "viewers.uplink": "5Mbps", "room.max_participants": 3 }, settings), {
    "viewers.uplink": "10Mbps",
    "room.max_participants": null,
  });
  assert.equal(undoOf({ "mqtt.password": "x" }, settings), null, "nobody knows what it was");
});

test("all together need what the one needs that needs most", () => {
  assert.equal(needsOf({ "room.max_participants": 3 }, settings), "nothing");
  assert.equal(needsOf({ "room.max_participants": 3, "viewers.uplink": "5Mbps" }, settings), "restart");
  assert.equal(needsOf({ "viewers.uplink": "5Mbps", "http.listen": "[::]:80" }, settings), "trial");
});

test("another door of one's own protocol is another address", () => {
  const here = new URL("http://porch.local:8080/settings");
  assert.equal(addressAfter({ "http.listen": "[::]:9090" }, here), "http://porch.local:9090/settings");
  assert.equal(addressAfter({ "http.listen": "0.0.0.0:8080" }, here), null);
  assert.equal(addressAfter({ "https.listen": "[::]:9443" }, here), null);
  const secure = new URL("https://porch.local/settings");
  assert.equal(addressAfter({ "https.listen": "[::]:443" }, secure), null);
  assert.equal(addressAfter({ "https.listen": "[::]:8443" }, secure), "https://porch.local:8443/settings");
});

test("every setting has a name in both languages, and no name is of nothing", () => {
  const keys = GROUPS.flatMap(group => group.fields).flatMap(keysOf);
  const shown = GROUPS.flatMap(group => group.fields).map(field => field.key);
  for (const [language, texts] of Object.entries(both)) {
    assert.deepEqual(
      shown.filter(key => !texts.keys[key]),
      [],
      language,
    );
    assert.deepEqual(
      Object.keys(texts.keys).filter(key => !keys.includes(key)),
      [],
      language,
    );
  }
});
