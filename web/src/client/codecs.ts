/** One codec as RTCRtpReceiver.getCapabilities lists it. */
export interface Codec {
  mimeType: string;
  sdpFmtpLine?: string;
}

import type { VideoCodec } from "./state";

/** How much we like a video codec: 0 most, undefined not at all. */
function rank({ mimeType, sdpFmtpLine = "" }: Codec): number | undefined {
  const type = mimeType.toLowerCase();
  if (type === "video/rtx") return 9;
  if (type === "video/vp8") return 2;
  if (type !== "video/h264" || !/packetization-mode=1/.test(sdpFmtpLine)) return undefined;
  const profile = /profile-level-id=([0-9a-f]{4})/i.exec(sdpFmtpLine)?.[1]?.toLowerCase() ?? "4200";
  // RFC 6184 section 8.1: constrained baseline is profile 42 with constraint_set1 (bit 6 of the second byte).
  if (!profile.startsWith("42")) return undefined;
  return Number.parseInt(profile.slice(2), 16) & 0x40 ? 0 : 1;
}

/**
 * The video codecs to offer in a call, best first: H.264 baseline, constrained before plain, VP8, and retransmission; or
 * VP8 before H.264.
 */
export function videoCodecs<T extends Codec>(all: readonly T[], first: VideoCodec = "h264"): T[] {
  return liked(all, 2, first);
}

/** The video codecs to offer for what is received: one kind of H.264 says it all, and keeps offers with many slots small. */
export function slotCodecs<T extends Codec>(all: readonly T[]): T[] {
  let taken = false;
  return liked(all, 2, "h264").filter(codec => {
    const place = rank(codec) ?? 0;
    const spare = place < 2 && taken;
    taken ||= place < 2;
    return !spare;
  });
}

/** The video codecs that a stream is made of, best first: as in a call, without VP8. */
export function streamCodecs<T extends Codec>(all: readonly T[]): T[] {
  return liked(all, 1, "h264");
}

function liked<T extends Codec>(all: readonly T[], last: number, first: VideoCodec): T[] {
  const liked = all.flatMap(codec => {
    const place = rank(codec);
    if (place === undefined || (place > last && place < 9)) return [];
    return [{ codec, place: place === 2 && first === "vp8" ? -1 : place }];
  });
  if (!liked.some(({ place }) => place < 9)) return [];
  return liked.sort((a, b) => a.place - b.place).map(({ codec }) => codec);
}

const SOUNDS = ["audio/red", "audio/opus"];

/** The sound codecs to offer: Opus, sent twice over (RED, RFC 2198) where the browser can. */
export function audioCodecs<T extends Codec>(all: readonly T[]): T[] {
  const place = ({ mimeType }: Codec) => SOUNDS.indexOf(mimeType.toLowerCase());
  const known = all.filter(codec => place(codec) >= 0).sort((a, b) => place(a) - place(b));
  return known.some(codec => place(codec) === 1) ? known : [];
}
