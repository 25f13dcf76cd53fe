import type { Broadcast } from "./api";
import { attach, type Player, type Tuning } from "./player";
import { Packaged, type Range } from "./rewind";
import { attachWhep, canWhep } from "./whep";

/** `off`: not on air. `waiting`: on air, no picture yet. `playing`. `ended`: was on air while we watched, is no more. */
export type WatchState = "off" | "waiting" | "playing" | "ended";

/** How it is played: by WebRTC (WHEP), closest to what happens, or by LL-HLS, smooth on any network. */
export type PlayerKind = "whep" | "hls";

export interface WatchEvents {
  /** The broadcast as the box describes it, at once and on every change. */
  broadcast?(broadcast: Broadcast): void;
  state?(state: WatchState): void;
  /** How it is played from now on. */
  player?(kind: PlayerKind): void;
  /** Seconds between what happens and what is seen; `null` while unknown. */
  latency?(seconds: number | null): void;
  /** What can be rewound, again and again; `null` while there is nothing. Who does not ask for it does not have it packaged. */
  range?(range: Range | null): void;
  /** Whether news from the box arrive. `false`: they will again, the browser keeps trying. */
  connected?(connected: boolean): void;
  /** The browser wants a click before it plays sound; until then it plays pictures alone. */
  blocked?(): void;
  /** Whether as many watch as the box's line carries, whenever it can't be played; it is tried again by itself. */
  full?(full: boolean): void;
}

/** Milliseconds between two looks at the latency. */
const LOOK = 1_000;
/** Milliseconds before the player is tried again. */
const AGAIN = 1_000;
/** The same where as many watch as the box's line carries. */
const FULL = 15_000;
/** Milliseconds a playing picture may stand still before the player is started over. */
const STILL = 4_000;
/** Seconds behind live that count as live. */
const NEAR = 2;

/**
 * Watches one broadcast in a video element: waits while it is off air, plays as soon as it is on, and starts over after
 * every fault for as long as the box says that it is live.
 */
export class Watch {
  #forced: PlayerKind | null;
  /** WebRTC did not work since it is on air. */
  #fallen = false;
  #video: HTMLVideoElement;
  #events: WatchEvents;
  #tuning: Tuning;
  #base: string;
  #id: string;
  /** What stands for it in the addresses of its media: of a restricted one it is a secret that changes. */
  #media: string;
  #source: EventSource | null = null;
  #player: Player | null = null;
  #live = false;
  #since: string | null = null;
  #cut: string | null = null;
  #kind: PlayerKind = "hls";
  /** Seconds behind live that somebody went back to. */
  #behind = 0;
  /** What is packaged while it is played by WebRTC. */
  #packaged: Packaged | null = null;
  #state: WatchState = "off";
  #timer: ReturnType<typeof setInterval> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Where the picture was when it moved last, and when that was. */
  #moved = { at: 0, when: 0 };
  #off = new AbortController();

  /**
   * @param base the box's address without a slash at the end; by default the page's own
   * @param player the one way to play; by default WebRTC, and LL-HLS where that does not work
   * @param tuning what the page does itself
   */
  constructor(
    broadcast: string,
    video: HTMLVideoElement,
    events: WatchEvents,
    base = "",
    player: PlayerKind | null = null,
    tuning: Tuning = {},
  ) {
    this.#forced = player;
    this.#id = encodeURIComponent(broadcast);
    this.#media = this.#id;
    this.#video = video;
    this.#events = events;
    this.#tuning = tuning;
    this.#base = base;
  }

  start(): void {
    const { signal } = this.#off;
    this.#video.addEventListener("playing", () => this.#live && this.#setState("playing"), { signal });
    // A player begins live.
    const goBack = () => this.#behind > 0 && this.#player?.rewind?.(this.#behind);
    this.#video.addEventListener("loadeddata", goBack, { signal });
    this.#listen();
    // Browsers keep pages that somebody may come back to, and with them what they have open: of that there is little.
    addEventListener("pagehide", () => this.#source?.close(), { signal });
    addEventListener("pageshow", event => event.persisted && this.#listen(), { signal });
    this.#timer = setInterval(() => {
      this.#events.latency?.(this.#state === "playing" ? (this.#player?.latency() ?? null) : null);
      this.#tellRange();
      if (this.#standsStill()) this.#fault(this.#kind);
    }, LOOK);
  }

  /** Goes to so many seconds behind live, by LL-HLS; 0 is back to live, by whatever is closest to it. */
  rewind(behind: number): void {
    if (!this.#player) return;
    this.#behind = behind < NEAR ? 0 : behind;
    if (this.#kind === this.#best()) {
      this.#player.rewind?.(this.#behind);
      this.#tellRange();
    } else this.#anew();
  }

  /** Plays it this way from now on, `null` is the usual order; what plays this way already goes on, or begins `anew`. */
  prefer(player: PlayerKind | null, anew = false): void {
    this.#forced = player;
    if (this.#player && (anew || this.#kind !== this.#best())) this.#anew();
  }

  #anew(): void {
    this.#detach();
    this.#setState("waiting");
    this.#attach();
  }

  #tellRange(): void {
    const range = this.#packaged ?? this.#player?.range?.() ?? null;
    this.#events.range?.(this.#state === "playing" ? range : null);
  }

  stop(): void {
    this.#off.abort();
    this.#source?.close();
    clearInterval(this.#timer);
    clearTimeout(this.#again);
    this.#detach();
  }

  #listen(): void {
    const source = new EventSource(`${this.#base}/api/v1/broadcasts/${this.#id}/events`);
    this.#source = source;
    source.addEventListener("open", () => this.#events.connected?.(true));
    source.addEventListener("error", () => {
      this.#events.connected?.(false);
      // Lost connections come back by themselves; after an answer other than 200 the browser gives up, and we do not.
      if (source.readyState === EventSource.CLOSED && !this.#off.signal.aborted) {
        setTimeout(() => !this.#off.signal.aborted && this.#listen(), 3 * AGAIN);
      }
    });
    source.addEventListener("state", event => {
      let broadcast: Broadcast;
      try {
        broadcast = JSON.parse((event as MessageEvent<string>).data);
      } catch {
        return;
      }
      this.#events.broadcast?.(broadcast);
      this.#setMedia(broadcast.media ?? broadcast.id);
      this.#setLive(broadcast.live === true, broadcast.since ?? null);
      this.#setCut(broadcast.cut ?? null);
    });
  }

  #setLive(live: boolean, since: string | null): void {
    // Off air and on again while nobody could tell us, as when the box is started again: another one, played from its beginning.
    const another = live && this.#live && since !== this.#since;
    this.#since = since;
    if (live === this.#live && !another) return;
    this.#live = live;
    this.#fallen = false;
    if (another) {
      this.#startOver();
      return;
    }
    if (live) {
      this.#setState("waiting");
      this.#attach();
    } else {
      clearTimeout(this.#again);
      this.#detach(true);
      this.#behind = 0;
      this.#setState("ended");
    }
  }

  /** Where it was before there is nothing any more. */
  #setMedia(media: string): void {
    if (media === this.#media) return;
    this.#media = media;
    if (this.#player) this.#startOver();
  }

  /** What was captured before a cut leaves the screen at once, with whatever the player has in store; WebRTC has nothing. */
  #setCut(cut: string | null): void {
    if (cut === this.#cut) return;
    this.#cut = cut;
    if (cut && this.#player && this.#kind === "hls") this.#startOver();
  }

  /** How it is to be played now. WebRTC has no past. */
  #best(): PlayerKind {
    if (this.#behind > 0) return "hls";
    return this.#forced ?? (canWhep() && !this.#fallen ? "whep" : "hls");
  }

  #attach(): void {
    const kind = this.#best();
    this.#kind = kind;
    this.#events.player?.(kind);
    const events = { ...this.#tuning, ready: () => this.#play(), fault: (full = false) => this.#fault(kind, full) };
    const index = `${this.#base}/hls/${this.#media}/index.m3u8`;
    if (kind === "whep") {
      this.#player = attachWhep(`${this.#base}/whep/${this.#media}`, this.#video, events);
      if (this.#events.range) this.#packaged = new Packaged(index);
    } else {
      this.#player = attach(index, this.#video, events);
    }
  }

  #fault(kind: PlayerKind, full = false): void {
    this.#events.full?.(full);
    this.#detach();
    this.#behind = 0;
    if (!this.#live) return;
    this.#setState("waiting");
    clearTimeout(this.#again);
    this.#fallen ||= kind === "whep";
    if (kind === "whep" && !this.#forced) this.#attach();
    else this.#again = setTimeout(() => this.#live && this.#attach(), full ? FULL : AGAIN);
  }

  #startOver(): void {
    this.#detach();
    this.#behind = 0;
    if (!this.#live) return;
    this.#setState("waiting");
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#live && this.#attach(), AGAIN);
  }

  /** Whether it should play and has not for too long. */
  #standsStill(): boolean {
    const { currentTime, paused } = this.#video;
    const now = performance.now();
    if (this.#state !== "playing" || paused || currentTime !== this.#moved.at) {
      this.#moved = { at: currentTime, when: now };
    }
    return now - this.#moved.when > STILL;
  }

  #play(): void {
    this.#video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
      this.#events.blocked?.();
      if (this.#video.muted) return;
      // Pictures may play without a click, sound may not.
      this.#video.muted = true;
      this.#video.play().catch(() => {});
    });
  }

  #detach(over = false): void {
    this.#player?.destroy(over);
    this.#player = null;
    this.#packaged?.stop();
    this.#packaged = null;
  }

  #setState(state: WatchState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.state?.(state);
  }
}
