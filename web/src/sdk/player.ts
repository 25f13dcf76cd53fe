import { Api, type Broadcast } from "../client/api";
import { Problem } from "../client/problem";
import { type PlayerKind, Watch } from "../client/watch";
import { type BroadcastAddress, broadcastAt, isMixed } from "./address";
import { type Curtain, Stage } from "./stage";

/**
 * `connecting`: nothing is known yet. `off`: not on air. `waiting`: on air, no picture yet. `live`: plays. `blocked`:
 * the browser wants a click before it plays sound. `ended`: was on air, is no more. `recorded`: a recording that everybody
 * may watch, with the browser's own controls. `error`: it says why, and offers to try again.
 */
export type PlayerState = "connecting" | "off" | "waiting" | "live" | "blocked" | "ended" | "recorded" | "error";

type Failure = "bad_address" | "mixed" | "unknown" | "unreachable" | "unplayed";

/** `<porchlight-player src="https://box.example/b/ID">`: a live broadcast, or a recording that everybody may watch. */
export class PorchlightPlayer extends Stage<PlayerState> {
  static observedAttributes = ["src", "player"];
  #watch: Watch | null = null;
  #broadcast: Broadcast | null = null;
  #latency: number | null = null;
  #kind: PlayerKind | null = null;
  #blocked = false;
  #playing: "off" | "waiting" | "playing" | "ended" = "off";
  #reached = true;

  /** The broadcast as the box describes it. */
  get broadcast(): Broadcast | null {
    return this.#broadcast;
  }

  /** Seconds behind what happens; `null` while unknown. */
  get latency(): number | null {
    return this.#latency;
  }

  /** How it is played: `whep` is WebRTC, closest to what happens, `hls` is LL-HLS. */
  get kind(): PlayerKind | null {
    return this.#kind;
  }

  protected override begin(): void {
    const at = broadcastAt(this.getAttribute("src") ?? "", document.baseURI);
    this.label(this.text("picture", { title: this.text("broadcast") }));
    this.onAir(false);
    this.watchingTools();
    this.bar.hidden = true;
    const wrong = at ? isMixed(location.href, at.box) && "mixed" : "bad_address";
    if (wrong) this.show(...this.#failure(wrong));
    if (at && !wrong) this.#begin(at);
  }

  #begin(at: BroadcastAddress): void {
    this.video.muted = this.hasAttribute("muted");
    const forced = this.getAttribute("player");
    const watch = new Watch(
      at.broadcast,
      this.video,
      {
        broadcast: broadcast => {
          this.#broadcast = broadcast;
          this.#reached = true;
          this.label(this.text("picture", { title: broadcast.title || this.text("broadcast") }));
          if (broadcast.recorded) this.#play(at.box + broadcast.recorded.video);
          this.#look();
        },
        state: state => {
          this.#playing = state;
          if (state === "ended") this.#blocked = false;
          this.#look();
        },
        player: kind => {
          this.#kind = kind;
        },
        latency: seconds => {
          this.#latency = seconds;
        },
        blocked: () => {
          this.#blocked = true;
          this.#look();
        },
        connected: connected => void this.#connected(watch, at.box, at.broadcast, connected),
      },
      at.box,
      forced === "hls" || forced === "whep" ? forced : null,
    );
    this.#watch = watch;
    this.video.onpause = () => this.#look();
    this.video.onplay = () => this.#look();
    this.#look();
    watch.start();
  }

  /** Has the browser play a recording, once somebody wants it. */
  #play(recording: string): void {
    if (this.video.src === recording) return;
    this.video.autoplay = false;
    this.video.controls = true;
    this.video.preload = "metadata";
    this.video.onerror = () => this.#give("unplayed");
    this.video.src = recording;
  }

  protected override end(): void {
    this.#leave();
    this.#broadcast = null;
    this.#latency = null;
    this.#kind = null;
    this.#blocked = false;
    this.#playing = "off";
    this.#reached = true;
    this.video.onpause = null;
    this.video.onplay = null;
    this.ask(null);
  }

  protected override pressed(key: string): void {
    if (key === "m") this.toggleSound();
    if (key === "f") this.toggleFullscreen();
  }

  /** Why there is no news: the stream of events does not say it, the plain question does. */
  async #connected(watch: Watch, box: string, broadcast: string, connected: boolean): Promise<void> {
    if (connected) return;
    try {
      await new Api(box).broadcast(broadcast);
    } catch (error) {
      if (this.#watch !== watch) return;
      if (error instanceof Problem && (error.status === 404 || error.status === 403)) {
        this.#give("unknown");
      } else {
        this.#reached = false;
        this.#look();
      }
    }
  }

  /** It can't be watched, or no longer. */
  #give(why: Failure): void {
    this.#leave();
    this.bar.hidden = true;
    this.show(...this.#failure(why));
  }

  #leave(): void {
    this.#watch?.stop();
    this.#watch = null;
    if (!this.video.controls) return;
    this.video.onerror = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.video.controls = false;
    this.video.autoplay = true;
  }

  #look(): void {
    if (!this.#watch) return;
    const live = this.#broadcast?.live === true;
    this.onAir(live);
    this.bar.hidden = this.#playing !== "playing";
    const paused = this.#playing === "playing" && this.video.paused;
    if (this.#blocked) this.ask(this.button("sound_on", () => this.#press(), "primary"));
    else if (paused) this.ask(this.button("resume", () => this.#press(), "primary"));
    else this.ask(null);
    this.show(...this.#now());
  }

  #now(): [PlayerState, Curtain | null] {
    if (this.#broadcast?.recorded) return ["recorded", null];
    if (this.#playing === "playing") return [this.#blocked ? "blocked" : "live", null];
    if (!this.#reached) return this.#failure("unreachable");
    if (this.#playing === "ended") return ["ended", { title: this.text("ended"), text: this.text("ended_text") }];
    if (this.#blocked) return ["blocked", null];
    if (this.#playing === "waiting") return ["waiting", { title: this.text("waiting") }];
    if (!this.#broadcast) return ["connecting", { title: this.text("connecting") }];
    return ["off", { title: this.text("off"), text: this.text("off_text") }];
  }

  /** To be called from a click: browsers play sound after one. */
  #press(): void {
    if (this.#blocked) this.video.muted = false;
    this.#blocked = false;
    this.video.play().catch((error: unknown) => console.warn("Playing was refused:", error));
    this.#look();
  }

  #failure(why: Failure): [PlayerState, Curtain] {
    const actions = why === "bad_address" ? [] : [this.button("again", () => this.restart())];
    return ["error", { title: this.text(why), text: this.text(`${why}_text`), actions }];
  }
}
