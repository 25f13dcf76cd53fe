import assert from "node:assert/strict";
import { test } from "node:test";
import { Quality } from "../src/client/quality";

/** What the looks of half a minute say, twice a second, when so much comes, is lost and stands still in each second. */
function looks(each: { received: number; lost: number; frozen: number }): (string | null)[] {
  const quality = new Quality();
  return Array.from({ length: 60 }, (_, n) => {
    const seconds = n / 2;
    const { received, lost, frozen } = each;
    return quality.add({
      at: 1000 + n * 500,
      received: received * seconds,
      lost: lost * seconds,
      frozen: frozen * seconds,
    });
  });
}

test("a little loss and a short freeze are no reason to leave", () => {
  assert.ok(looks({ received: 200, lost: 15, frozen: 0.2 }).every(why => why === null));
  assert.ok(
    looks({ received: 2, lost: 2, frozen: 0 }).every(why => why === null),
    "too few packets to judge",
  );
});

test("much loss is one, but not before it has lasted", () => {
  const said = looks({ received: 200, lost: 40, frozen: 0 });
  assert.ok(said.slice(0, 16).every(why => why === null));
  assert.equal(said[16], "too many packets are lost");
});

test("so is a picture that stands still for a third of the time", () => {
  const said = looks({ received: 200, lost: 0, frozen: 0.34 });
  assert.equal(said.at(-1), "the picture stands still too often");
});

test("what was long ago is forgotten", () => {
  const quality = new Quality();
  const at = (n: number) => ({ at: n * 500, received: n * 100, lost: Math.min(n, 10) * 50, frozen: 0 });
  const said = Array.from({ length: 60 }, (_, n) => quality.add(at(n)));
  assert.ok(said.slice(30).every(why => why === null));
});
