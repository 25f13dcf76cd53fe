import type Hls from "hls.js";
import type { PlayerKind, Watch } from "../../client";
import type { Tuning } from "../../client/player";
import { forcedPlayer } from "../parts/player";
import { remember, remembered } from "../parts/storage";
import { Automatic, type Came } from "./automatic";
import { levelOf, type Offer, offered, type Picture, pictureOf } from "./variants";

/** How it is played, beyond what the player does by itself. */
export interface Steered {
  picture: Picture;
  smooth: boolean;
  /** The lines of the smaller picture that is played; `null` while it is what is on air, or nobody knows. */
  lines: number | null;
  /** The lines of the smaller picture that the box makes ready. */
  making: number | null;
  /** What the box had no room for: the size that was chosen, or any for a line that is too narrow. */
  refused: "chosen" | "narrow" | null;
}

/** Milliseconds that a smaller picture may take to be there. The box itself takes about six seconds at most. */
const PATIENCE = 12_000;
/** Milliseconds for which it is still there when nobody asks for it. */
const FRESH = 8_000;
/** Milliseconds that a refusal is told. */
const TOLD = 6_000;
/** Milliseconds that WebRTC is asked to hold back, to be smooth. */
const HELD = 500;

/** Whether scripts choose what is played. Where the browser's own player does, there is what it takes, or the sound. */
export const chooses = "MediaSource" in globalThis || "ManagedMediaSource" in globalThis;

const clock = () => performance.now() / 1000;

/** Chooses which of the pictures of a broadcast is played, and how far behind live. */
export class Steering {
  #index = "";
  #changed: (now: Steered) => void;
  #now: Steered;
  #watch: Watch | null = null;
  #hls: Hls | null = null;
  #level = 0;
  #connection: RTCPeerConnection | null = null;
  #automatic = new Automatic();
  /** What is on its way, and since when. */
  #coming: { since: number; seconds: number; loaded(): number } | null = null;
  /** Counts the choices: what was begun for an earlier one is nobody's any more. */
  #turn = 0;
  #asking = false;
  /** The size that was there last, and when that was. */
  #ready = { lines: 0, at: 0 };
  #told: ReturnType<typeof setTimeout> | undefined;

  readonly tuning: Tuning = {
    hls: hls => this.#begun(hls as Hls),
    whep: connection => {
      this.#connection = connection;
      connection.addEventListener("track", () => this.#hold());
    },
    playlist: async index => {
      if (this.#now.picture !== "sound") return index;
      const { sound } = await this.offer();
      if (!sound) this.#tell({ picture: "auto" });
      return sound?.url ?? index;
    },
  };

  constructor(broadcast: string, changed: (now: Steered) => void) {
    this.media(broadcast);
    this.#changed = changed;
    const picture = pictureOf(remembered("quality"));
    this.#now = {
      picture: chooses || picture === "sound" ? picture : "auto",
      smooth: remembered("latency") === "smooth",
      lines: null,
      making: null,
      refused: null,
    };
    changed(this.#now);
  }

  /** What stands for the broadcast in the addresses of its media. */
  media(media: string): void {
    this.#index = `/hls/${encodeURIComponent(media)}/index.m3u8`;
  }

  /** The way to play that the choice asks for. WebRTC has nothing but what is on air. */
  get player(): PlayerKind | null {
    const { picture } = this.#now;
    return picture === "auto" || picture === "source" ? forcedPlayer() : "hls";
  }

  steer(watch: Watch): void {
    this.#watch = watch;
  }

  stop(): void {
    this.#turn += 1;
    this.#watch = null;
    clearTimeout(this.#told);
  }

  /** What there is to choose from now. */
  async offer(): Promise<Offer> {
    // So marked it is not taken for somebody who begins to watch.
    const answer = await fetch(`${this.#index}?look`, { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`the box answers ${answer.status}`);
    return offered(await answer.text(), answer.url);
  }

  /**
   * Has this picture from now on. What plays goes on until a smaller one is there.
   *
   * @param rewound somebody went back: a smaller picture is there from when it was asked for
   */
  async choose(picture: Picture, rewound: boolean): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#tell({ making: null, refused: null });
    if (typeof picture === "number" && picture !== this.#now.lines) {
      this.#tell({ making: picture });
      const there = await this.#made(picture);
      if (turn !== this.#turn) return;
      this.#tell({ making: null });
      if (!there) return this.#refuse("chosen");
    }
    const anew = (picture === "sound") !== (this.#now.picture === "sound");
    remember("quality", picture === "auto" ? null : String(picture));
    this.#automatic = new Automatic();
    this.#tell({ picture });
    this.#watch?.prefer(this.player, anew);
    if (typeof picture === "number" && rewound) this.#watch?.rewind(0);
    this.#go(typeof picture === "number" ? picture : null, true);
  }

  /** Stays some seconds behind live, so that a line that stutters is not noticed; or as close as it can be. */
  hold(smooth: boolean, rewound: boolean): void {
    remember("latency", smooth ? "smooth" : null);
    this.#tell({ smooth });
    this.#hold();
    const hls = this.#hls;
    if (!hls) return;
    hls.config.lowLatencyMode = !smooth;
    if (!hls.media || rewound) return;
    hls.media.playbackRate = 1;
    hls.media.currentTime = hls.liveSyncPosition ?? hls.media.currentTime;
  }

  /** To be called each second, while it is played live. */
  look(): void {
    const hls = this.#hls;
    if (!hls?.media || hls.media.paused || this.#now.picture !== "auto" || this.#asking) return;
    const coming = this.#coming;
    const at = clock();
    const piece: Came | undefined = coming
      ? { at, seconds: coming.seconds, took: at - coming.since, bits: 8 * coming.loaded() }
      : undefined;
    const levels = hls.levels.map(({ height, maxBitrate }) => ({ lines: height, bandwidth: maxBitrate }));
    const source = levels.pop();
    const better = source && this.#automatic.better(levels.reverse(), source.bandwidth, at, piece);
    if (better === undefined) return;
    if (better === null) this.#moved(null);
    else void this.#move(better);
  }

  /** Passes to another size as soon as it is there. */
  async #move(lines: number): Promise<void> {
    const turn = this.#turn;
    this.#asking = true;
    const there = await this.#made(lines);
    this.#asking = false;
    if (turn !== this.#turn) return;
    if (there) return this.#moved(lines);
    this.#automatic.refused(clock());
    const { picture, lines: now } = this.#now;
    if (picture !== "auto") {
      this.#tell({ picture: "auto" });
      this.#refuse("chosen");
    } else if (now === null || lines < now) this.#refuse("narrow");
  }

  #moved(lines: number | null): void {
    if (this.#now.picture === "auto") this.#automatic.moved(lines, clock());
    this.#go(lines);
  }

  /** Asks the box for a size until there is something to play of it; whether there is. */
  async #made(lines: number): Promise<boolean> {
    try {
      const size = (await this.offer()).sizes.find(size => size.lines === lines);
      const answer = size && (await fetch(size.url, { signal: AbortSignal.timeout(PATIENCE) }));
      if (!answer?.ok) return false;
      this.#ready = { lines, at: performance.now() };
      return true;
    } catch {
      return false;
    }
  }

  /** hls.js knows what there is, and has loaded none of it. */
  #begun(hls: Hls): void {
    const { Events } = hls.constructor as typeof Hls;
    const { picture, smooth } = this.#now;
    this.#hls = hls;
    this.#coming = null;
    this.#automatic.anew();
    hls.config.lowLatencyMode = !smooth;
    hls.config.preserveManualLevelOnError = true;
    const off = new AbortController();
    let way = Number.POSITIVE_INFINITY;
    const stopped = () => hls.media?.seeking || this.#automatic.stopped(clock());
    hls.media?.addEventListener("waiting", stopped, { signal: off.signal });
    hls.on(Events.DESTROYING, () => {
      off.abort();
      if (this.#hls === hls) this.#hls = null;
    });
    hls.on(Events.FRAG_LOADING, (_, { frag, part }) => {
      if (frag.type !== "main" || frag.sn === "initSegment") return;
      const { duration, stats } = part ?? frag;
      this.#coming = { since: clock(), seconds: duration, loaded: () => stats.loaded };
    });
    hls.on(Events.FRAG_LOADED, (_, { frag, part }) => {
      if (frag.type !== "main" || frag.sn === "initSegment") return;
      this.#coming = null;
      if (frag.level !== this.#level) return;
      const { duration, stats } = part ?? frag;
      const { start, first, end } = stats.loading;
      // The way there and back is no matter of how wide the line is; whatever else is in front of it is.
      way = Math.min(way, first - start);
      const took = (end - start - way) / 1000;
      this.#automatic.came({ at: clock(), seconds: duration, took, bits: 8 * stats.loaded });
    });
    hls.on(Events.ERROR, (_, data) => {
      if (data.fatal || this.#hls !== hls) return;
      const small = this.#level !== hls.levels.length - 1;
      if (small && data.response?.code === 503 && data.frag === undefined) this.#lost();
      else if (hls.loadLevel !== this.#level) this.#astray();
    });
    this.#begin(hls, typeof picture === "number" ? picture : picture === "auto" ? this.#automatic.lines : null);
  }

  /** Begins with what is on air, unless a smaller picture is known to be there. */
  #begin(hls: Hls, lines: number | null): void {
    const there = lines === null || levelOf(hls.levels, lines) >= 0;
    const fresh = this.#ready.lines === lines && performance.now() - this.#ready.at < FRESH;
    this.#go(there && fresh ? lines : null);
    if (!there) {
      // Remembered from another broadcast, or the box has other sizes now.
      this.#automatic = new Automatic();
      this.#tell({ picture: "auto" });
      queueMicrotask(() => this.#watch?.prefer(this.player));
    } else if (lines !== null && !fresh) void this.#move(lines);
  }

  /** Loads this size from now on, and no other; `soon` in place of what is loaded already, if that is long. */
  #go(lines: number | null, soon = false): void {
    const hls = this.#hls;
    if (!hls?.levels?.length) {
      this.#tell({ lines: null });
      return;
    }
    const last = hls.levels.length - 1;
    const level = levelOf(hls.levels, lines);
    this.#level = level < 0 ? last : level;
    // After an error hls.js goes to a level that had none: that is to be what is on air.
    for (const [index, other] of hls.levels.entries()) if (index !== last) other.loadError = 1;
    hls.startLevel = this.#level;
    if (soon) hls.nextLevel = this.#level;
    else hls.loadLevel = this.#level;
    this.#tell({ lines: this.#level === last ? null : lines });
  }

  /** The box has no room any more for the smaller picture that is played. */
  #lost(): void {
    const auto = this.#now.picture === "auto";
    this.#tell({ picture: "auto" });
    this.#moved(null);
    this.#automatic.refused(clock());
    this.#refuse(auto ? "narrow" : "chosen");
  }

  /** After an error hls.js took another level, which is what is on air. */
  #astray(): void {
    const { picture, lines } = this.#now;
    if (lines !== null) this.#moved(null);
    else this.#go(null);
    if (typeof picture === "number") void this.#move(picture);
  }

  #refuse(refused: "chosen" | "narrow"): void {
    this.#tell({ refused });
    clearTimeout(this.#told);
    this.#told = setTimeout(() => this.#tell({ refused: null }), TOLD);
  }

  #hold(): void {
    for (const receiver of this.#connection?.getReceivers() ?? []) {
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = this.#now.smooth ? HELD : null;
    }
  }

  #tell(part: Partial<Steered>): void {
    this.#now = { ...this.#now, ...part };
    this.#changed(this.#now);
  }
}
