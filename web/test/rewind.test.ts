import assert from "node:assert/strict";
import { test } from "node:test";
import { listed, variant } from "../src/client/rewind";
import { canRewind, moved } from "../src/ui/watch/rewind";

test("a playlist is as long as what it lists, and what a delta update leaves out counts", () => {
  const two = "#EXTINF:2.00000,\n8.m4s\n#EXTINF:1.00000,\n9.m4s\n";
  assert.equal(listed(two), 3);
  assert.equal(listed(`#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n${two}`), 9);
  assert.equal(listed("#EXTM3U\n"), 0);
});

test("the first address in a multivariant playlist is that of what is on air", () => {
  const index = '#EXTM3U\n#EXT-X-MEDIA:URI="5/audio/index.m3u8"\n#EXT-X-STREAM-INF:A=1\n5/video/index.m3u8\n';
  assert.equal(variant(index), "5/video/index.m3u8");
  assert.equal(variant(`${index}#EXT-X-STREAM-INF:A=2\n5/audio/index.m3u8\n`), "5/video/index.m3u8");
  assert.equal(variant("#EXTM3U\n"), "");
});

test("a key goes no further than there is, and on to live", () => {
  assert.equal(moved({ length: 60, behind: 0 }, -10), 10);
  assert.equal(moved({ length: 60, behind: 55 }, -10), 60);
  assert.equal(moved({ length: 60, behind: 4 }, 10), 0);
});

test("what is too short to go back to is not offered, but the way back always is", () => {
  assert.equal(canRewind(null), false);
  assert.equal(canRewind({ length: 5, behind: 0 }), false);
  assert.equal(canRewind({ length: 5, behind: 5 }), true);
  assert.equal(canRewind({ length: 60, behind: 0 }), true);
});
