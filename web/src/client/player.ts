import type Hls from "hls.js";
import { MARGIN, type Range } from "./rewind";

/** A playing broadcast. */
export interface Player {
  /** Seconds behind what happens; `null` while unknown. */
  latency(): number | null;
  /** What can be rewound; `null` while unknown. A player without it has no past. */
  range?(): Range | null;
  /** Goes to so many seconds behind live; 0 is live. */
  rewind?(behind: number): void;
  /** @param over the box has ended it already */
  destroy(over?: boolean): void;
}

/** What a page takes into its own hands. */
export interface Tuning {
  /** hls.js when it knows its levels and has loaded none. Who does not ask for it has the first variant alone. */
  hls?(hls: unknown): void;
  /** The connection of WebRTC. */
  whep?(connection: RTCPeerConnection): void;
  /** What LL-HLS plays instead of this playlist. */
  playlist?(index: string): Promise<string>;
}

export interface PlayerEvents extends Tuning {
  /** There is something to play. */
  ready(): void;
  /**
   * It broke in a way that only starting over mends. The player is to be destroyed.
   *
   * @param full as many watch as the box's line carries
   */
  fault(full?: boolean): void;
}

/** Seconds of latency beyond which a clock, not the stream, is wrong. */
const PLAUSIBLE = 60;
/** How much faster than life what is a little behind is played: people talk about what they see. */
const CATCH_UP = 1.1;
/** Target durations behind the live edge after which it is jumped back to. */
const TOO_LATE = 6;

/**
 * Plays a playlist in a video element: by hls.js wherever the browser has Media Source (or ManagedMediaSource), by the
 * browser's own player otherwise.
 */
export function attach(url: string, video: HTMLVideoElement, events: PlayerEvents): Player {
  const source = "MediaSource" in globalThis || "ManagedMediaSource" in globalThis;
  return source ? byMediaSource(url, video, events) : byBrowser(url, video, events);
}

function byMediaSource(url: string, video: HTMLVideoElement, events: PlayerEvents): Player {
  let hls: Hls | null = null;
  let gone = false;
  let recovered = false;
  Promise.all([library(url), events.playlist?.(url) ?? url])
    .then(([Hls, playlist]) => {
      if (gone) return;
      if (!Hls.isSupported()) return events.fault();
      hls = new Hls({
        lowLatencyMode: true,
        enableWorker: false,
        maxLiveSyncPlaybackRate: CATCH_UP,
        backBufferLength: 10,
        maxBufferLength: 10,
        // Starting over is our caller's business and quick; a playlist that is not there yet is not worth long waits here.
        manifestLoadPolicy: { default: policy(1) },
        playlistLoadPolicy: { default: policy(2) },
      });
      // After a stall, jump back to the present rather than stay behind. Given to the constructor it would have to come with
      // a distance to the live edge, and that is the playlist's to say (PART-HOLD-BACK).
      hls.config.liveMaxLatencyDurationCount = TOO_LATE;
      hls.on(Hls.Events.MANIFEST_PARSED, () => {
        if (!hls) return;
        if (events.hls) events.hls(hls);
        // Smaller pictures are made for whoever asks for them, and nobody did. They are sorted: the last is on air.
        else while (hls.levels.length > 1) hls.removeLevel(0);
        events.ready();
      });
      hls.on(Hls.Events.ERROR, (_, data) => {
        if (!data.fatal || gone) return;
        if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
          recovered = true;
          hls?.recoverMediaError();
        } else events.fault(isFull(data.networkDetails));
      });
      hls.loadSource(playlist);
      hls.attachMedia(video);
    })
    .catch((error: unknown) => {
      console.warn("The player did not start:", error);
      if (!gone) events.fault();
    });
  const edges = (): Edges | null => {
    const [details, live] = [hls?.latestLevelDetails, hls?.liveSyncPosition];
    return details && live != null ? [details.fragmentStart, live] : null;
  };
  const settle = (rewound: boolean) => {
    if (!hls) return;
    // Who went back wants to stay there.
    hls.config.liveMaxLatencyDurationCount = rewound ? Number.POSITIVE_INFINITY : TOO_LATE;
    hls.config.maxLiveSyncPlaybackRate = rewound ? 1 : CATCH_UP;
    video.playbackRate = 1;
  };
  return {
    latency: () => hls && behind(hls.playingDate, hls.latency),
    ...past(video, edges, settle),
    destroy: () => {
      gone = true;
      hls?.destroy();
      hls = null;
    },
  };
}

/** Whether the box answered that its line carries no more viewers. */
function isFull(request: unknown): boolean {
  return request instanceof XMLHttpRequest && request.status === 503 && request.responseText.includes('"uplink"');
}

/** hls.js, from the box whose stream is played: nothing of it is loaded before it is needed. */
async function library(url: string): Promise<typeof Hls> {
  const address = new URL("/sdk/v1/hls.js", new URL(url, location.href)).href;
  // Not for the bundlers of other sites: the address is the box's.
  return (await import(/* webpackIgnore: true */ /* @vite-ignore */ address)).default;
}

function policy(retries: number) {
  const retry = { maxNumRetry: retries, retryDelayMs: 500, maxRetryDelayMs: 2_000 };
  return { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: retry, errorRetry: retry };
}

function byBrowser(url: string, video: HTMLVideoElement, events: PlayerEvents): Player {
  const off = new AbortController();
  const { signal } = off;
  video.addEventListener("loadedmetadata", () => events.ready(), { signal });
  video.addEventListener("error", () => events.fault(), { signal });
  video.addEventListener("ended", () => events.fault(), { signal });
  Promise.resolve(events.playlist?.(url) ?? url).then(
    playlist => {
      if (!signal.aborted) video.src = playlist;
    },
    () => !signal.aborted && events.fault(),
  );
  return {
    latency: () => {
      // Safari alone: the wall time of media time zero, from EXT-X-PROGRAM-DATE-TIME.
      const start = (video as { getStartDate?(): Date }).getStartDate?.().getTime() ?? Number.NaN;
      return behind(Number.isNaN(start) ? null : new Date(start + video.currentTime * 1000), Number.NaN);
    },
    ...past(video, () => {
      const { seekable } = video;
      return seekable.length > 0 ? [seekable.start(0), seekable.end(0)] : null;
    }),
    destroy: () => {
      off.abort();
      video.removeAttribute("src");
      video.load();
    },
  };
}

/** The oldest place that can be played, and the one that is live, as the video element counts. */
type Edges = [number, number];

/** Going back, and where that is; `settle` is told whether somebody is there. */
function past(video: HTMLVideoElement, edges: () => Edges | null, settle?: (rewound: boolean) => void) {
  let rewound = false;
  const range = (): Range | null => {
    const ends = edges();
    if (!ends) return null;
    const length = Math.max(0, ends[1] - ends[0] - MARGIN);
    return { length, behind: rewound ? Math.max(0, ends[1] - video.currentTime) : 0 };
  };
  const rewind = (seconds: number) => {
    const [ends, now] = [edges(), range()];
    if (!ends || !now) return;
    rewound = seconds > 0;
    settle?.(rewound);
    video.currentTime = ends[1] - Math.min(seconds, now.length);
  };
  return { range, rewind };
}

/** Seconds of latency, or `null` where they say more about two clocks than about the stream. */
export function plausible(seconds: number): number | null {
  return seconds > 0 && seconds < PLAUSIBLE ? seconds : null;
}

/**
 * Seconds between what happens and what is seen: by the wall time in the stream where both clocks agree roughly, by the
 * distance to the end of the stream otherwise.
 */
function behind(playing: Date | null, toEdge: number): number | null {
  if (playing) {
    const seconds = plausible((Date.now() - playing.getTime()) / 1000);
    if (seconds !== null) return seconds;
  }
  return toEdge > 0 ? toEdge : null;
}
