import type { Phase, RoomEvents } from "../client/room";
import type { Tracks } from "../client/slots";
import type { Participant, RoomState } from "../client/state";
import { choose } from "./choose";
import { Seat } from "./seat";
import type { Curtain } from "./stage";

/**
 * `connecting`: on the way into the room. `waiting`: who is to be seen is not there, or sends no picture. `live`: seen.
 * `blocked`: the browser wants a click before it plays sound. `lost`: the connection is being restored. `ended`: the
 * box ended it. `error`: it says why, and offers to try again.
 */
export type ParticipantState = "connecting" | "waiting" | "live" | "blocked" | "lost" | "ended" | "error";

/**
 * `<porchlight-participant src="https://box.example/r/ROOM#invite=…" name="Hall" participant="Ada">`: one participant of
 * a room. The page takes part in the call as a guest of that name, who sends nothing and is seen by everybody in it.
 */
export class PorchlightParticipant extends Seat<ParticipantState> {
  static observedAttributes = ["src", "name", "participant"];
  #state: RoomState | null = null;
  #tracks = new Map<string, Tracks<MediaStreamTrack>>();
  #phase: Phase = "joining";
  #media: RTCPeerConnectionState = "new";
  #blocked = false;
  #resized = () => this.#look();
  #sized = new ResizeObserver(this.#resized);

  /** Who is shown. */
  get participant(): Participant | null {
    const id = this.#state && choose(this.#state, this.getAttribute("participant") ?? "");
    return (id && this.#state?.participants[id]) || null;
  }

  protected override begin(): void {
    this.label(this.text("picture", { title: this.getAttribute("participant") ?? "" }).trim());
    this.onAir(false);
    this.watchingTools();
    this.bar.hidden = true;
    this.video.muted = this.hasAttribute("muted");
    document.addEventListener("visibilitychange", this.#resized);
    this.#sized.observe(this);
    void this.enter({ microphone: null, camera: null });
  }

  protected override end(): void {
    document.removeEventListener("visibilitychange", this.#resized);
    this.#sized.disconnect();
    this.leave();
    this.left();
  }

  protected override left(): void {
    this.#state = null;
    this.#tracks = new Map();
    this.#phase = "joining";
    this.#blocked = false;
    this.video.srcObject = null;
    this.bar.hidden = true;
    this.onAir(false);
    this.ask(null);
  }

  protected override pressed(key: string): void {
    if (key === "m") this.toggleSound();
    if (key === "f") this.toggleFullscreen();
  }

  protected override events(): RoomEvents {
    return {
      state: state => {
        this.#state = state;
        // Who sends nothing has nothing to put on air: the question is answered.
        if (state.participants[state.you]?.on_air === "asked") this.room?.consent(false).catch(() => {});
        this.#look();
      },
      tracks: tracks => {
        this.#tracks = tracks;
        this.#look();
      },
      phase: phase => {
        this.#phase = phase;
        this.#look();
      },
      media: media => {
        this.#media = media;
        this.#look();
      },
    };
  }

  #look(): void {
    if (!this.room || this.#phase === "left") return;
    const id = this.#state && choose(this.#state, this.getAttribute("participant") ?? "");
    const who = id ? this.#state?.participants[id] : undefined;
    const received = id ? this.#tracks.get(id) : undefined;
    this.#say(id);
    this.#play([received?.audio, received?.video].filter(track => track !== undefined));
    if (who) this.label(this.text("picture", { title: who.name }));
    this.onAir(Boolean(this.#state?.room.live) && who?.on_air === "yes");
    this.bar.hidden = !received;
    this.ask(this.#blocked && received ? this.button("sound_on", () => this.#press(), "primary") : null);
    this.show(...this.#now(who, received));
  }

  /** Tells the box who is seen here, and how large: nothing else is sent. */
  #say(id: string | null): void {
    const height = Math.min(4320, Math.ceil((this.clientHeight * devicePixelRatio) / 20) * 20);
    const seen = id && height > 0 && !document.hidden;
    this.room?.setView({ shown: seen ? [{ participant: id, source: "camera", height }] : [], front: null });
  }

  #now(
    who: Participant | undefined,
    received: Tracks<MediaStreamTrack> | undefined,
  ): [ParticipantState, Curtain | null] {
    if (this.#phase === "reconnecting" && this.#media !== "connected")
      return ["lost", { title: this.text("lost"), veil: true }];
    if (!this.#state) return ["connecting", { title: this.text("connecting") }];
    if (!who) return ["waiting", { title: this.text("nobody"), text: this.text("nobody_text") }];
    if (!who.camera || who.connection === "lost" || !received?.video)
      return ["waiting", { title: this.text("no_picture", { name: who.name }) }];
    return [this.#blocked ? "blocked" : "live", null];
  }

  #play(tracks: MediaStreamTrack[]): void {
    const now = (this.video.srcObject as MediaStream | null)?.getTracks() ?? [];
    if (now.length === tracks.length && tracks.every(track => now.includes(track))) return;
    this.video.srcObject = tracks.length > 0 ? new MediaStream(tracks) : null;
    if (tracks.length === 0) return;
    this.video.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || this.video.muted) return;
      // Pictures may play without a click, sound may not.
      this.#blocked = true;
      this.video.muted = true;
      this.video.play().catch(() => {});
      this.#look();
    });
  }

  #press(): void {
    this.#blocked = false;
    this.video.muted = false;
    this.video.play().catch((error: unknown) => console.warn("Playing was refused:", error));
    this.#look();
  }
}
