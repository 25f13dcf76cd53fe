import { Healing, onNetworkChange } from "./healing";
import { type Media, Peer, type Screen } from "./peer";
import { Problem } from "./problem";
import { BEAT, Pulse } from "./pulse";
import { type Tracks, tracksByParticipant } from "./slots";
import type { Socket } from "./socket";
import type { RoomState, Source } from "./state";

/** Milliseconds that an offer for another way to the box waits, before the connection to the box is doubted too. */
const HURRY = 300;
/** Milliseconds of working media after which a connection counts as good, and the next failure as a new one. */
const SETTLED = 10_000;

export interface LinkEvents {
  media(state: RTCPeerConnectionState): void;
  tracks(tracks: Map<string, Tracks<MediaStreamTrack>>): void;
  /** Media has worked for a while. */
  settled(): void;
  /** This device is in another network, and there is no connection to the box to say so. */
  moved(): void;
  /** The connection to the box may be dead without knowing it. */
  doubt(): void;
}

/**
 * The media of a seat: what is sent, the peer connection, and what keeps it alive. It outlives connections to the box:
 * pictures and sound go on while there is none.
 */
export class Link {
  readonly media: Media;
  #events: LinkEvents;
  #peer: Peer | null = null;
  #socket: Socket | null = null;
  #state: RoomState | null = null;
  #iceServers: RTCIceServer[] = [];
  /** The peer connection was made anew and has not worked since. */
  #renewed = false;
  #settled: ReturnType<typeof setTimeout> | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  #healing = new Healing({
    restart: () => this.#restart(),
    renew: () => this.#renew(),
  });
  #unwatch: () => void;
  #beat: ReturnType<typeof setInterval> | undefined;

  constructor(media: Media, events: LinkEvents) {
    this.media = media;
    this.#events = events;
    this.#unwatch = onNetworkChange(() => {
      if (!this.#socket) return events.moved();
      this.#healing.restart();
      events.doubt();
    });
  }

  get peer(): Peer | null {
    return this.#peer;
  }

  /**
   * There is a connection to the box. `same`: on the seat that there was before, so that the box still has the peer
   * connection, and media has gone on.
   */
  attach(socket: Socket, seat: "new" | "same", iceServers: RTCIceServer[]): void {
    this.#socket = socket;
    this.#iceServers = iceServers;
    const peer = seat === "same" ? this.#peer : null;
    peer?.setIceServers(iceServers);
    if (!peer) this.#start();
    else if (peer.state === "connected" && !this.#healing.troubled) peer.offerAgain();
    else this.#healing.restart();
  }

  /** The connection to the box is gone. */
  detach(): void {
    this.#socket = null;
    this.#renewed = false;
    clearTimeout(this.#settled);
    clearTimeout(this.#late);
    this.#healing.stop();
    // What has not worked yet can't go on.
    if (this.#peer?.state !== "connected" && this.#peer?.state !== "disconnected") this.drop();
  }

  /** What the box says about the room. */
  tell(state: RoomState): void {
    this.#state = state;
    this.#tellPeer();
    this.#sayTracks();
    this.#healing.heard(state.participants[state.you]?.connection);
  }

  /** Ends the peer connection: the box has. */
  drop(): void {
    clearInterval(this.#beat);
    this.#healing.stop();
    if (!this.#peer) return;
    this.#peer.close();
    this.#peer = null;
    this.#events.media("closed");
    this.#events.tracks(new Map());
  }

  /** Ends it for good. */
  close(): void {
    this.#unwatch();
    clearInterval(this.#beat);
    this.#socket = null;
    clearTimeout(this.#settled);
    clearTimeout(this.#late);
    this.#healing.stop();
    this.#peer?.close();
    this.#peer = null;
  }

  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.media.microphone = track;
    await this.#peer?.setMicrophone(track);
  }

  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.media.camera = track;
    await this.#peer?.setCamera(track);
  }

  async setScreen(screen: Screen | null): Promise<void> {
    this.media.screen = screen;
    await this.#peer?.setScreen(screen);
  }

  #start(anew = false): void {
    this.#peer?.close();
    this.#healing.begin();
    const ours = (then: () => void) => {
      if (this.#peer === peer) then();
    };
    const peer = new Peer(
      {
        offer: (sdp, sources) => this.#offer(sdp, sources),
        slots: () => ours(() => this.#sayTracks()),
        connection: state => ours(() => this.#path(state)),
        refused: () => ours(() => this.#renew()),
      },
      this.media,
      this.#iceServers,
      anew,
    );
    this.#peer = peer;
    this.#tellPeer();
    peer.start();
    this.#listen(peer);
  }

  /** Notices sooner than the browser when nothing comes any more. */
  #listen(peer: Peer): void {
    const pulse = new Pulse();
    clearInterval(this.#beat);
    this.#beat = setInterval(async () => {
      const bound = Object.values(this.#state?.slots ?? {}).some(({ paused }) => !paused);
      const count = await peer.received().catch(() => 0);
      if (this.#peer !== peer) return;
      const now = pulse.beat(performance.now(), count, bound && peer.state === "connected");
      if (now) this.#healing.pulse(now);
    }, BEAT);
  }

  async #offer(sdp: string, sources: Record<string, Source>): Promise<string> {
    const socket = this.#socket;
    if (!socket) throw new Problem("closed", "There is no connection to the box now.");
    const asked = performance.now();
    try {
      const answer = await socket.request<{ sdp: string }>("offer", { sdp, sources });
      this.#healing.answered(performance.now() - asked);
      return answer.sdp;
    } catch (error) {
      if (!(error instanceof Problem) || error.type !== "timeout") throw error;
      socket.close();
      throw new Problem("closed", error.message);
    } finally {
      clearTimeout(this.#late);
    }
  }

  #path(state: RTCPeerConnectionState): void {
    clearTimeout(this.#settled);
    if (state === "connected") {
      this.#renewed = false;
      this.#settled = setTimeout(() => this.#events.settled(), SETTLED);
    }
    this.#events.media(state);
    this.#healing.path(state);
  }

  #restart(): void {
    if (!this.#socket) return;
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#events.doubt(), HURRY);
    this.#peer?.restart();
  }

  #renew(): void {
    if (!this.#socket) return;
    if (this.#renewed) {
      const socket = this.#socket;
      this.drop();
      socket.close();
      return;
    }
    this.#renewed = true;
    this.#start(true);
  }

  #tellPeer(): void {
    if (!this.#state) return;
    this.#peer?.want(this.#state.slots_wanted);
    if (this.#state.send) this.#peer?.setSend(this.#state.send);
  }

  #sayTracks(): void {
    if (!this.#state) return;
    const received = this.#peer?.tracks() ?? new Map<string, MediaStreamTrack>();
    this.#events.tracks(tracksByParticipant(this.#state, received));
  }
}
