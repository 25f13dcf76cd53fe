import assert from "node:assert/strict";
import { test } from "node:test";
import { audioCodecs, slotCodecs, streamCodecs, videoCodecs } from "../src/client/codecs";

const h264 = (profile: string, mode: number) => ({
  mimeType: "video/H264",
  sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
});
const rtx = { mimeType: "video/rtx" };

const vp8 = { mimeType: "video/VP8" };

test("constrained baseline comes first, baseline next, then VP8, retransmission last, and nothing else", () => {
  const all = [
    vp8,
    rtx,
    h264("42001f", 1),
    h264("42001f", 0),
    h264("4d001f", 1),
    h264("42e01f", 1),
    { mimeType: "video/AV1", sdpFmtpLine: "profile=0" },
  ];
  assert.deepEqual(videoCodecs(all), [h264("42e01f", 1), h264("42001f", 1), vp8, rtx]);
  assert.deepEqual(streamCodecs(all), [h264("42e01f", 1), h264("42001f", 1), rtx]);
});

test("a browser without such H.264 calls with VP8, and one without both offers what it likes", () => {
  assert.deepEqual(videoCodecs([vp8, rtx, h264("640c1f", 1)]), [vp8, rtx]);
  assert.deepEqual(streamCodecs([vp8, rtx, h264("640c1f", 1)]), []);
  assert.deepEqual(videoCodecs([rtx, h264("640c1f", 1)]), []);
});

test("where not everybody receives H.264, VP8 comes first", () => {
  const all = [h264("42e01f", 1), vp8, rtx];
  assert.deepEqual(videoCodecs(all, "vp8"), [vp8, h264("42e01f", 1), rtx]);
});

test("a slot takes one kind of H.264, and VP8", () => {
  const all = [h264("42001f", 1), h264("42e01f", 1), vp8, rtx];
  assert.deepEqual(slotCodecs(all), [h264("42e01f", 1), vp8, rtx]);
});

test("sound is Opus, with redundancy where there is", () => {
  const opus = { mimeType: "audio/opus", sdpFmtpLine: "minptime=10;useinbandfec=1" };
  const red = { mimeType: "audio/red" };
  assert.deepEqual(audioCodecs([{ mimeType: "audio/G722" }, opus, { mimeType: "audio/PCMU" }]), [opus]);
  assert.deepEqual(audioCodecs([opus, red, { mimeType: "audio/PCMU" }]), [red, opus]);
  assert.deepEqual(audioCodecs([red]), []);
});
