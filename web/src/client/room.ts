import { Api } from "./api";
import { Backoff } from "./backoff";
import { Link } from "./link";
import { type Json, mergePatch } from "./patch";
import type { Screen } from "./peer";
import { Problem } from "./problem";
import { Race } from "./race";
import type { Tracks } from "./slots";
import { Socket } from "./socket";
import type { ByeReason, ConnectionReport, Notice, Order, RoomState, Source, View } from "./state";

/** Milliseconds in which a page that is moved about says only once what it shows. */
const CALM = 200;
/** Milliseconds that leaving waits for the box's answer. */
const GOODBYE = 1_000;
/** Times that somebody who joins tries to connect to a box that answers otherwise. */
const TRIES = 3;
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
  /** Somebody who keeps order has stopped this: nothing of it is taken until it was off, and is on again. */
  stopped?(sources: Source[]): void;
  /** The box ended it. A box that merely restarts is waited for instead. */
  bye?(reason: Exclude<ByeReason, "shutdown">): void;
  /** Coming back was refused for good. */
  problem?(problem: Problem): void;
}

/** The address of one of a room's WebSockets. */
export function at({ base = "", room }: Pick<RoomOptions, "base" | "room">, what: "ws" | "lobby"): string {
  const url = new URL(base, globalThis.location?.href);
  const scheme = url.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${url.host}/api/v1/rooms/${encodeURIComponent(room)}/${what}`;
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

/** What the answer to `join` says. */
interface Welcome {
  participant: string;
  resume: string;
  /** Relays that this participant may use for a while (TURN, RFC 8656). */
  ice_servers?: RTCIceServer[];
}

/**
 * A seat in a room. Comes back by itself when the connection is lost, on the same seat while the box holds it; pictures and
 * sound go on meanwhile, where they have a way. When that breaks, another way is looked for on the same peer connection;
 * then a new peer connection is offered over the connection there is, once; if that does not help either, all is made anew.
 */
export class Room {
  #options: RoomOptions;
  #events: RoomEvents;
  #socket: Socket | null = null;
  #race = new Race(
    () => this.#dial(),
    beside => {
      const doubted = this.#socket;
      this.#lose();
      doubted?.close();
      this.#retry(beside);
    },
  );
  #link: Link;
  #state: RoomState | null = null;
  #phase: Phase = "joining";
  #resume: string | null = null;
  /** Who we are in the room. */
  #seat = "";
  #lost = 0;
  #backoff = new Backoff();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #view: View | null = null;
  #said = "";
  #calm: ReturnType<typeof setTimeout> | undefined;
  #sending = { microphone: false, camera: false };

  constructor(options: RoomOptions, events: RoomEvents) {
    this.#options = options;
    this.#events = events;
    const { microphone = null, camera = null } = options;
    this.#link = new Link(
      { microphone, camera, screen: null },
      {
        media: state => this.#events.media?.(state),
        tracks: tracks => this.#events.tracks?.(tracks),
        settled: () => this.#backoff.reset(),
        moved: () => {
          if (this.#phase === "reconnecting" && !this.#socket) this.#retry();
        },
        doubt: () => {
          if (this.#socket && this.#phase === "joined") this.#race.begin(this.#socket);
        },
      },
    );
    this.#resume = options.resume ?? null;
    if (this.#resume) this.#lost = Date.now();
    this.#sending = { microphone: microphone?.enabled ?? false, camera: camera !== null };
  }

  get state(): RoomState | null {
    return this.#state;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Joins; fails with a {@link Problem} when the box cannot be reached or refuses. Afterwards it holds on by itself. */
  async join(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#connect();
      } catch (error) {
        const refusal = await this.#refusal();
        // The box is there, and much gets lost on the way.
        const unlucky = refusal === null && error instanceof Problem && error.type === "network";
        if (unlucky && tries < TRIES && this.#phase === "joining") continue;
        this.#leave();
        throw refusal ?? error;
      }
    }
  }

  /** Sends this microphone (or none), and says whether it is muted. */
  async setMicrophone(track: MediaStreamTrack | null, sending = track !== null): Promise<void> {
    this.#sending.microphone = sending;
    await this.#link.setMicrophone(track);
    await this.#sayState();
  }

  /** Sends this camera, or none. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#sending.camera = track !== null;
    await this.#link.setCamera(track);
    await this.#sayState();
  }

  /** Shares a screen with everybody in the room, or no longer. Its tracks stay the caller's. */
  async setScreen(screen: Screen | null): Promise<void> {
    await this.#link.setScreen(screen);
  }

  /** Says what is on the page now: the box sends these pictures, as large as they are shown, and no others. */
  setView(view: View): void {
    this.#view = view;
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      this.#sayView();
    }, CALM);
  }

  /** What the box knows about this connection. */
  async report(): Promise<ConnectionReport> {
    return this.#request<ConnectionReport>("stats");
  }

  /**
   * Yes or no to being seen and heard by everybody who watches, to a recording holding that, and to one that holds them alone; whoever was
   * not asked that does not say. Can be taken back at any moment.
   */
  async consent(onAir: boolean, recorded?: boolean, separately?: boolean): Promise<void> {
    const more = { ...(recorded !== undefined && { recorded }), ...(separately !== undefined && { separately }) };
    await this.#request("consent", { on_air: onAir, ...more });
  }

  /** Puts the room on air, and has it recorded, and of each in a file of their own; gives the id of the broadcast. */
  async goLive(title: string, record = false, separately = false): Promise<string> {
    const wish = { ...(title && { title }), ...(record && { record }), ...(record && separately && { separately }) };
    const { broadcast } = await this.#request<{ broadcast: string }>("go_live", wish);
    return broadcast;
  }

  /**
   * Wants what is on air as a recording, and of each in a file of their own, or not any more: everybody who is on air is asked. Without
   * `separately` that stays as it is.
   */
  async record(on: boolean, separately?: boolean): Promise<void> {
    await this.#request("record", { on, ...(separately !== undefined && { separately }) });
  }

  async endLive(): Promise<void> {
    await this.#request("end_live");
  }

  /** What the box itself does in this room. */
  async box(change: { in_call?: boolean; microphone?: boolean; camera?: boolean; on_air?: boolean }): Promise<void> {
    await this.#request("box", change);
  }

  /** Has the box ring, so that somebody there takes it into the call; or hangs up before anybody did. */
  async ring(on: boolean): Promise<void> {
    await this.#request("ring", { on });
  }

  /** Raises a hand, or lowers it. */
  async hand(up: boolean): Promise<void> {
    await this.#request("hand", { up });
  }

  /** Keeps order with regard to somebody in the room, or outside. */
  async order(order: Order, participant: string): Promise<void> {
    await this.#request(order, { participant });
  }

  /** Brings somebody on stage who looks on, or back. */
  async stage(participant: string, on: boolean): Promise<void> {
    await this.#request("stage", { participant, on });
  }

  /** Has somebody keep order as well, or no longer. */
  async moderator(participant: string, on: boolean): Promise<void> {
    await this.#request("moderator", { participant, on });
  }

  /** Lets nobody else into the room, or everybody who may. */
  async lock(on: boolean): Promise<void> {
    await this.#request("lock", { on });
  }

  /** Leaves for good. */
  async leave(): Promise<void> {
    const socket = this.#phase === "joined" ? this.#socket : null;
    this.#setPhase("left");
    // Nothing is sent or received any more from here on.
    this.#link.close();
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
    return (await this.#link.peer?.stats()) ?? null;
  }

  /** What this page sends, by the mid of its transceivers. */
  sources(): Record<string, Source> {
    return this.#link.peer?.sources() ?? {};
  }

  #dial(): Socket {
    const events = {
      event: (message: { event: string }) => this.#receive(socket, message),
      closed: () => this.#dropped(socket),
    };
    const socket = new Socket(at(this.#options, "ws"), events, this.#options.token);
    return socket;
  }

  async #connect(socket = this.#dial()): Promise<void> {
    this.#socket = socket;
    const resume = this.#resume && Date.now() - this.#lost < SEAT ? { resume: this.#resume } : {};
    const welcome = await socket.request<Welcome>("join", { name: this.#options.name, ...resume });
    if (this.#socket !== socket) throw new Problem("closed", "The connection to the box ended.");
    this.#resume = welcome.resume;
    this.#said = "";
    this.#setPhase("joined");
    const seat = this.#seat === welcome.participant ? "same" : "new";
    this.#seat = welcome.participant;
    this.#link.attach(socket, seat, welcome.ice_servers ?? []);
    void this.#sayState();
    this.#sayView();
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
    const before = this.#state?.stopped ?? [];
    this.#state = state;
    this.#events.state?.(state);
    const stopped = (state.stopped ?? []).filter(source => !before.includes(source));
    if (stopped.length > 0) this.#events.stopped?.(stopped);
    this.#link.tell(state);
  }

  #bye(reason: ByeReason): void {
    if (reason === "shutdown") {
      this.#link.drop();
      this.#socket?.close();
      return;
    }
    this.#leave();
    this.#events.bye?.(reason);
  }

  #dropped(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#race.stop();
    this.#lose();
    if (this.#phase === "reconnecting") this.#retryLater();
  }

  /** There is no connection any more. */
  #lose(): void {
    this.#socket = null;
    this.#link.detach();
    if (this.#phase !== "joined") return;
    this.#lost = Date.now();
    this.#setPhase("reconnecting");
  }

  #retryLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#retry(), this.#backoff.next());
  }

  #retry(by?: Socket): void {
    clearTimeout(this.#timer);
    this.#connect(by).catch((error: unknown) => {
      if (this.#phase !== "reconnecting") return;
      const problem = error instanceof Problem ? error : new Problem("protocol", String(error));
      // A lost connection has already planned the next attempt (`closed`); a refusal is final, a late answer is not.
      if (problem.type === "network" || problem.type === "closed") return void this.#giveUpIfRefused();
      if (problem.type === "timeout") return this.#socket?.close();
      this.#giveUp(problem);
    });
  }

  /**
   * Browsers do not say why a WebSocket was refused; the same question over HTTP has an answer. `null`: it is not refused;
   * `undefined`: the box can't be asked.
   */
  async #refusal(): Promise<Problem | null | undefined> {
    try {
      const { base, room, token } = this.#options;
      await (token ? new Api(base).guest(token) : new Api(base).room(room));
      return null;
    } catch (error) {
      return error instanceof Problem && [401, 403, 404, 410].includes(error.status) ? error : undefined;
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

  #sayView(): void {
    const said = JSON.stringify(this.#view);
    if (!this.#view || this.#phase !== "joined" || said === this.#said) return;
    this.#said = said;
    void this.#request("view", { ...this.#view }).catch(() => {});
  }

  #setPhase(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#events.phase?.(phase);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#calm);
    const socket = this.#socket;
    this.#socket = null;
    this.#race.stop();
    socket?.close();
    this.#link.close();
    this.#setPhase("left");
  }
}
