import assert from "node:assert/strict";
import { test } from "node:test";
import { grid } from "../src/ui/room/grid";

test("tiles always fit into the space", () => {
  for (const [width, height] of [
    [344, 560],
    [640, 300],
    [1264, 600],
    [1904, 940],
  ] as const) {
    for (let count = 1; count <= 25; count += 1) {
      const fit = grid(count, width, height, 8);
      assert.ok(fit.columns * fit.rows >= count);
      assert.ok(fit.width > 0 && fit.height > 0, `${count} in ${width}x${height}`);
      assert.ok(fit.columns * fit.width + (fit.columns - 1) * 8 <= width);
      assert.ok(fit.rows * fit.height + (fit.rows - 1) * 8 <= height);
    }
  }
});

test("two sit side by side on a television and above each other on a phone", () => {
  assert.equal(grid(2, 1904, 940, 8).columns, 2);
  assert.equal(grid(2, 344, 600, 8).columns, 1);
  assert.equal(grid(4, 1904, 940, 8).columns, 2);
  assert.equal(grid(9, 1904, 940, 8).columns, 3);
});

test("no space at all is no reason to fail", () => {
  assert.deepEqual(grid(3, 0, 0, 8), { columns: 1, rows: 3, width: 0, height: 0 });
});
