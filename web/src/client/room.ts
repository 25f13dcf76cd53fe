import { Api } from "./api";
import { Backoff } from "./backoff";
import { type Json, mergePatch } from "./patch";
import { Peer } from "./peer";
import { Problem } from "./problem";
import { type Tracks, tracksByParticipant } from "./slots";
import { Socket } from "./socket";
import type { ByeReason, Notice, RoomState } from "./state";

/** Milliseconds of working media after which a connection counts as good, and the next failure as a new one. */
const SETTLED = 10_000;
/** Milliseconds the media path may be broken before it is made anew; much of what breaks mends itself sooner. */
const BROKEN = 4_000;
/** Milliseconds that leaving waits for the box's answer. */
const GOODBYE = 1_000;
/** Milliseconds a seat is held by the box; who is away for longer joins anew. */
const SEAT = 60_000;

/**
 * `joining`: on the way in. `joined`: in the room. `reconnecting`: the connection was lost, the next attempt is coming.
 * `left`: over, by us or by the box.
 */
export type Phase = "joining" | "joined" | "reconnecting" | "left";

export interface RoomEvents {
  /** The room as it is now. The object is new at each change. */
  state?(state: RoomState): void;
  /** Who is received, as which tracks. */
  tracks?(tracks: Map<string, Tracks<MediaStreamTrack>>): void;
  phase?(phase: Phase): void;
  /** The media path; `connected` when pictures and sound can flow. */
  media?(state: RTCPeerConnectionState): void;
  notice?(notice: Notice): void;
  /** The box ended it. A box that merely restarts is waited for instead. */
  bye?(reason: Exclude<ByeReason, "shutdown">): void;
  /** Coming back was refused for good. */
  problem?(problem: Problem): void;
}

export interface RoomOptions {
  room: string;
  name: string;
  microphone?: MediaStreamTrack | null;
  camera?: MediaStreamTrack | null;
  /** What {@link Room.hold} gave: takes the seat back, if the box still holds it. */
  resume?: string | null;
  /** The box's address, like `https://box.example`; by default the page's own. */
  base?: string;
  /** A guest's token, on pages of other sites; the box's own pages have a cookie. */
  token?: string;
}

/**
 * A seat in a room. Comes back by itself when the connection is lost, on the same seat while the box holds it. Every new
 * connection brings a new peer connection: the first offer after `join` always stands for a new one. When media alone is
 * lost, a new peer connection is offered over the connection there is, once; if that does not help either, all is made anew.
 */
export class Room {
  #options: RoomOptions;
  #events: RoomEvents;
  #socket: Socket | null = null;
  #peer: Peer | null = null;
  #state: RoomState | null = null;
  #phase: Phase = "joining";
  #resume: string | null = null;
  #lost = 0;
  #backoff = new Backoff();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled: ReturnType<typeof setTimeout> | undefined;
  #path: RTCPeerConnectionState = "new";
  #broken: ReturnType<typeof setTimeout> | undefined;
  /** The peer connection was made anew and has not worked since. */
  #renewed = false;
  #microphone: MediaStreamTrack | null;
  #camera: MediaStreamTrack | null;
  #sending = { microphone: false, camera: false };

  constructor(options: RoomOptions, events: RoomEvents) {
    this.#options = options;
    this.#events = events;
    this.#microphone = options.microphone ?? null;
    this.#camera = options.camera ?? null;
    this.#resume = options.resume ?? null;
    if (this.#resume) this.#lost = Date.now();
    this.#sending = { microphone: this.#microphone?.enabled ?? false, camera: this.#camera !== null };
  }

  get state(): RoomState | null {
    return this.#state;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Joins; fails with a {@link Problem} when the box cannot be reached or refuses. Afterwards it holds on by itself. */
  async join(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      this.#leave();
      throw (await this.#refusal()) ?? error;
    }
  }

  /** Sends this microphone (or none), and says whether it is muted. */
  async setMicrophone(track: MediaStreamTrack | null, sending = track !== null): Promise<void> {
    this.#microphone = track;
    this.#sending.microphone = sending;
    await this.#peer?.setMicrophone(track);
    await this.#sayState();
  }

  /** Sends this camera, or none. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#camera = track;
    this.#sending.camera = track !== null;
    await this.#peer?.setCamera(track);
    await this.#sayState();
  }

  /** Yes or no to being seen and heard by everybody who watches. Can be taken back at any moment. */
  async consent(onAir: boolean): Promise<void> {
    await this.#request("consent", { on_air: onAir });
  }

  /** Puts the room on air; gives the id of the broadcast. */
  async goLive(title: string): Promise<string> {
    const { broadcast } = await this.#request<{ broadcast: string }>("go_live", title ? { title } : {});
    return broadcast;
  }

  async endLive(): Promise<void> {
    await this.#request("end_live");
  }

  /** What the box itself does in this room. */
  async box(change: { in_call?: boolean; microphone?: boolean; camera?: boolean; on_air?: boolean }): Promise<void> {
    await this.#request("box", change);
  }

  /** Leaves for good. */
  async leave(): Promise<void> {
    const socket = this.#phase === "joined" ? this.#socket : null;
    this.#setPhase("left");
    if (socket) {
      // The answer is waited for a little, so that the seat is free when this returns; without it the box frees it later.
      const late = new Promise(resolve => setTimeout(resolve, GOODBYE));
      await Promise.race([socket.request("leave"), late]).catch(() => {});
    }
    this.#leave();
  }

  /**
   * Goes away without giving up the seat, as a page does that is loaded again. Gives what takes the seat back
   * (`RoomOptions.resume`) within the next seconds; `null` if there is no seat.
   */
  hold(): string | null {
    const seat = this.#resume;
    const socket = this.#phase === "joined" ? this.#socket : null;
    this.#socket = null;
    this.#leave();
    // Unanswered when the page is gone: then the box notices by itself, and holds the seat a little longer.
    void socket?.request("leave", { hold: true }).then(
      () => socket.close(),
      () => {},
    );
    return seat;
  }

  /** Statistics of the peer connection, for those who want to look inside. */
  async stats(): Promise<RTCStatsReport | null> {
    return (await this.#peer?.stats()) ?? null;
  }

  #url(): string {
    const base = new URL(this.#options.base ?? "", globalThis.location?.href);
    const scheme = base.protocol === "https:" ? "wss:" : "ws:";
    return `${scheme}//${base.host}/api/v1/rooms/${encodeURIComponent(this.#options.room)}/ws`;
  }

  async #connect(): Promise<void> {
    const events = {
      event: (message: { event: string }) => this.#receive(socket, message),
      closed: () => this.#dropped(socket),
    };
    const socket = new Socket(this.#url(), events, this.#options.token);
    this.#socket = socket;
    const resume = this.#resume && Date.now() - this.#lost < SEAT ? { resume: this.#resume } : {};
    const { resume: token } = await socket.request<{ resume: string }>("join", { name: this.#options.name, ...resume });
    if (this.#socket !== socket) throw new Problem("closed", "The connection to the box ended.");
    this.#resume = token;
    this.#setPhase("joined");
    this.#startPeer(socket);
    void this.#sayState();
  }

  #startPeer(socket: Socket): void {
    this.#peer?.close();
    this.#path = "new";
    const peer = new Peer(
      {
        offer: async sdp => (await socket.request<{ sdp: string }>("offer", { sdp })).sdp,
        slots: () => {
          if (this.#peer === peer) this.#sayTracks();
        },
        connection: state => {
          if (this.#peer === peer) this.#media(state);
        },
      },
      this.#microphone,
      this.#camera,
    );
    this.#peer = peer;
    if (this.#state) peer.want(this.#state.slots_wanted);
    peer.start();
  }

  #media(state: RTCPeerConnectionState): void {
    clearTimeout(this.#settled);
    this.#path = state;
    if (state === "connected") {
      this.#renewed = false;
      this.#settled = setTimeout(() => this.#backoff.reset(), SETTLED);
    }
    this.#events.media?.(state);
    if (state === "failed" || state === "closed") this.#renew();
    else this.#watchPath();
  }

  /** Whichever side notices that media does not flow: if it lasts, the peer connection is made anew. */
  #watchPath(): void {
    const lost = this.#state?.participants[this.#state.you]?.connection === "lost";
    const broken = this.#path === "disconnected" || (this.#path === "connected" && lost);
    if (!broken || this.#phase !== "joined") {
      clearTimeout(this.#broken);
      this.#broken = undefined;
    } else this.#broken ??= setTimeout(() => this.#renew(), BROKEN);
  }

  #renew(): void {
    clearTimeout(this.#broken);
    this.#broken = undefined;
    const socket = this.#socket;
    if (!socket) return;
    if (this.#renewed || this.#phase !== "joined") {
      socket.close();
      return;
    }
    this.#renewed = true;
    this.#startPeer(socket);
  }

  #receive(socket: Socket, message: { event: string } & Record<string, unknown>): void {
    if (this.#socket !== socket) return;
    switch (message.event) {
      case "snapshot":
        this.#setState(message.state as RoomState);
        break;
      case "patch":
        if (this.#state) this.#setState(mergePatch(this.#state as unknown as Json, message.patch as Json) as never);
        break;
      case "notice":
        this.#events.notice?.(message as unknown as Notice);
        break;
      case "bye":
        this.#bye(message.reason as ByeReason);
        break;
    }
  }

  #setState(state: RoomState): void {
    this.#state = state;
    this.#events.state?.(state);
    this.#peer?.want(state.slots_wanted);
    this.#sayTracks();
    this.#watchPath();
  }

  #sayTracks(): void {
    if (!this.#state) return;
    const received = this.#peer?.tracks() ?? new Map<string, MediaStreamTrack>();
    this.#events.tracks?.(tracksByParticipant(this.#state, received));
  }

  #bye(reason: ByeReason): void {
    if (reason === "shutdown") {
      this.#socket?.close();
      return;
    }
    this.#leave();
    this.#events.bye?.(reason);
  }

  #dropped(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#peer?.close();
    this.#peer = null;
    this.#renewed = false;
    clearTimeout(this.#settled);
    clearTimeout(this.#broken);
    this.#broken = undefined;
    this.#events.media?.("closed");
    this.#events.tracks?.(new Map());
    if (this.#phase === "joined") {
      this.#lost = Date.now();
      this.#setPhase("reconnecting");
    }
    if (this.#phase === "reconnecting") this.#retryLater();
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        if (this.#phase !== "reconnecting") return;
        const problem = error instanceof Problem ? error : new Problem("protocol", String(error));
        // A lost connection has already planned the next attempt (`closed`); a refusal is final, a late answer is not.
        if (problem.type === "network" || problem.type === "closed") return void this.#giveUpIfRefused();
        if (problem.type === "timeout") return this.#socket?.close();
        this.#giveUp(problem);
      });
    }, this.#backoff.next());
  }

  /** Browsers do not say why a WebSocket was refused; the same question over HTTP has an answer. */
  async #refusal(): Promise<Problem | null> {
    try {
      const { base, room, token } = this.#options;
      await (token ? new Api(base).guest(token) : new Api(base).room(room));
      return null;
    } catch (error) {
      return error instanceof Problem && [401, 403, 404, 410].includes(error.status) ? error : null;
    }
  }

  async #giveUpIfRefused(): Promise<void> {
    const problem = await this.#refusal();
    if (problem && this.#phase === "reconnecting") this.#giveUp(problem);
  }

  #giveUp(problem: Problem): void {
    this.#leave();
    this.#events.problem?.(problem);
  }

  async #request<T = unknown>(op: string, fields: Record<string, unknown> = {}): Promise<T> {
    if (!this.#socket || this.#phase !== "joined")
      throw new Problem("closed", "There is no connection to the box now.");
    return this.#socket.request<T>(op, fields);
  }

  async #sayState(): Promise<void> {
    if (this.#phase !== "joined") return;
    // Lost on the way: the next connection says it again.
    await this.#request("state", { ...this.#sending }).catch(() => {});
  }

  #setPhase(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#events.phase?.(phase);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#settled);
    clearTimeout(this.#broken);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#peer?.close();
    this.#peer = null;
    this.#setPhase("left");
  }
}
