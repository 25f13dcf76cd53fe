import assert from "node:assert/strict";
import { test } from "node:test";
import { cameraLayers, screenLayers } from "../src/client/layers";

const on = (layers: ReturnType<typeof cameraLayers>) =>
  layers.filter(({ active }) => active).map(({ rid, scaleResolutionDownBy }) => `${rid}/${scaleResolutionDownBy}`);

test("a camera has three layers, each half of the next, as many on as are wanted", () => {
  const hd = { width: 1280, height: 720 };
  assert.deepEqual(on(cameraLayers(hd, 3)), ["l/4", "m/2", "h/1"]);
  assert.deepEqual(on(cameraLayers(hd, 1)), ["l/4"]);
  assert.deepEqual(on(cameraLayers(hd, 0)), []);
  assert.deepEqual(on(cameraLayers(null, 3)), ["l/4", "m/2", "h/1"], "a camera that comes later");
  assert.deepEqual(on(cameraLayers({ width: 720, height: 1280 }, 3)), ["l/4", "m/2", "h/1"], "a phone held upright");
});

test("a small camera has fewer, and its largest has its own size", () => {
  assert.deepEqual(on(cameraLayers({ width: 640, height: 360 }, 3)), ["l/2", "m/1"]);
  assert.deepEqual(on(cameraLayers({ width: 320, height: 180 }, 3)), ["l/1"]);
  assert.equal(cameraLayers({ width: 320, height: 180 }, 3).length, 3, "their number in an offer never changes");
});

test("a screen has two layers, and more pictures a second where it moves", () => {
  const screen = { width: 1920, height: 1080 };
  assert.deepEqual(on(screenLayers(screen, 2, "detail")), ["l/2", "h/1"]);
  assert.equal(screenLayers(screen, 2, "detail")[1]?.maxFramerate, 15);
  assert.equal(screenLayers(screen, 2, "motion")[1]?.maxFramerate, 30);
});
