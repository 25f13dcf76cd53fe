import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Automatic, type Size } from "../src/ui/watch/automatic";
import { levelOf, offered, pictureOf } from "../src/ui/watch/variants";

const INDEX = "http://box.example/hls/b1/index.m3u8";

test("a multivariant playlist offers what is on air, smaller pictures of it, and the sound", () => {
  const playlist = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,URI="7/audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=643731,CODECS="avc1.42C01F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
7/video/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=359435,AVERAGE-BANDWIDTH=284435,CODECS="avc1.42C01F",RESOLUTION=256x144,AUDIO="audio"
7/video-144/index.m3u8
#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=834435,BANDWIDTH=1184435,CODECS="a,RESOLUTION=1x1",RESOLUTION=640x360,AUDIO="audio"
7/video-360/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=134435,CODECS="mp4a.40.2",AUDIO="audio"
7/audio/index.m3u8
`;
  const at = "http://box.example/hls/b1/7";
  const offer = {
    source: { url: `${at}/video/index.m3u8`, lines: 720, bandwidth: 643731 },
    sizes: [
      { url: `${at}/video-360/index.m3u8`, lines: 360, bandwidth: 1184435 },
      { url: `${at}/video-144/index.m3u8`, lines: 144, bandwidth: 359435 },
    ],
    sound: { url: `${at}/audio/index.m3u8`, lines: null, bandwidth: 134435 },
  };
  assert.deepEqual(offered(playlist, INDEX), offer);
  assert.deepEqual(offered(playlist.replaceAll("\n", "\r\n"), INDEX), offer);
});

test("where there is one variant alone, there is nothing else to choose", () => {
  const one = offered(
    '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360,AUDIO="a"\n7/video/index.m3u8\n',
    INDEX,
  );
  assert.equal(one.source?.lines, 360);
  assert.deepEqual([one.sizes, one.sound], [[], null]);
  const sound = offered('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"\n7/audio/index.m3u8\n', INDEX);
  assert.equal(sound.source?.lines, null);
  assert.deepEqual([sound.sizes, sound.sound], [[], null]);
  assert.deepEqual(offered("<html>", INDEX), { source: null, sizes: [], sound: null });
});

test("a choice is remembered as what it was, and nonsense as none", () => {
  for (const picture of ["source", "sound", 360, 1080] as const) assert.equal(pictureOf(String(picture)), picture);
  for (const text of [null, "", "auto", "0", "-1", "360p", "1e3"]) assert.equal(pictureOf(text), "auto", String(text));
});

test("the last level is what is on air, and is no smaller picture", () => {
  const levels = [144, 360, 720].map(height => ({ height }));
  assert.equal(levelOf(levels, null), 2);
  assert.equal(levelOf(levels, 144), 0);
  assert.equal(levelOf(levels, 720), -1);
  assert.equal(levelOf(levels, 480), -1);
  assert.equal(levelOf([], 480), -1);
});

const SIZES: Size[] = [
  { lines: 480, bandwidth: 1_900_000 },
  { lines: 360, bandwidth: 1_200_000 },
  { lines: 144, bandwidth: 360_000 },
];
const SOURCE = 2_500_000;

/** Up to `now`, seconds of media at so many bits a second, over a line that gives so many. */
function watch(automatic: Automatic, now: number, seconds: number, bits: number, line: number): void {
  for (let at = now - seconds; at < now; at += 0.5)
    automatic.came({ at, seconds: 0.5, took: (0.5 * bits) / line, bits: 0.5 * bits });
}

test("a line that is wide enough gets what is on air, however little is in the picture", () => {
  const automatic = new Automatic();
  assert.equal(automatic.better(SIZES, SOURCE, 0), undefined, "nothing is known");
  watch(automatic, 10, 10, 20_000, 3_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 10), undefined);
  watch(automatic, 20, 10, 2_500_000, 3_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 20), undefined);
  assert.equal(automatic.lines, null);
});

test("a line that is too narrow gets the largest picture that fits, and the smallest if none does", () => {
  const automatic = new Automatic();
  watch(automatic, 3, 3, 2_500_000, 1_600_000);
  assert.equal(automatic.better(SIZES, SOURCE, 3), 360, "what it waited for counts");
  watch(automatic, 20, 8, 2_500_000, 100_000);
  assert.equal(automatic.better(SIZES, SOURCE, 20), 144);
  automatic.moved(144, 20);
  watch(automatic, 28, 8, 360_000, 100_000);
  assert.equal(automatic.better(SIZES, SOURCE, 28), undefined, "there is nothing smaller");
});

test("a picture that stops again and again needs less of the line than one that does not", () => {
  const automatic = new Automatic();
  watch(automatic, 10, 8, 2_000_000, 3_000_000);
  automatic.stopped(5);
  assert.equal(automatic.better(SIZES, SOURCE, 10), undefined);
  automatic.stopped(9);
  assert.equal(automatic.better(SIZES, SOURCE, 10), 480);
  watch(automatic, 40, 8, 2_000_000, 3_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 40), undefined, "that was long ago");
});

test("what does not come at all is waited for as well", () => {
  const automatic = new Automatic();
  watch(automatic, 10, 10, 2_500_000, 10_000_000);
  const coming = { at: 10, seconds: 0.35, bits: 0 };
  assert.equal(automatic.better(SIZES, SOURCE, 11, { ...coming, took: 1 }), undefined);
  assert.equal(automatic.better(SIZES, SOURCE, 14, { ...coming, took: 4 }), 360, "it had been wide enough");
  automatic.anew();
  assert.equal(automatic.better(SIZES, SOURCE, 14, { ...coming, took: 4 }), 144);
});

test("a larger picture is tried after a while, and later each time that it was too large", () => {
  const automatic = new Automatic();
  automatic.moved(360, 0);
  watch(automatic, 31, 8, 1_000_000, 20_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 29), undefined);
  assert.equal(automatic.better(SIZES, SOURCE, 31), null);
  automatic.moved(null, 31);
  automatic.moved(360, 40);
  watch(automatic, 75, 8, 1_000_000, 20_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 75), undefined);
  watch(automatic, 101, 8, 1_000_000, 20_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 101), null);
  automatic.anew();
  watch(automatic, 101, 8, 1_000_000, 4_000_000);
  assert.equal(automatic.better(SIZES, SOURCE, 101), 480, "as far as the line goes");
});

test("a box that had no room is left in peace for a minute", () => {
  const automatic = new Automatic();
  const narrow = (now: number) => {
    watch(automatic, now, 8, 2_500_000, 1_000_000);
    return automatic.better(SIZES, SOURCE, now);
  };
  assert.equal(narrow(10), 144);
  automatic.refused(10);
  assert.equal(narrow(60), undefined);
  assert.equal(narrow(71), 144);
});

test("the playlist that the box is tested with is read", () => {
  const golden = readFileSync(`${process.cwd()}/../tests/golden/hls/ladder.m3u8`, "utf8");
  const { source, sizes, sound } = offered(golden, INDEX);
  assert.deepEqual([source?.lines, ...sizes.map(({ lines }) => lines), sound?.lines], [720, 480, 360, 240, 144, null]);
});
