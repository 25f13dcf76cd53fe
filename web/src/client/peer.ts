import { freshConnection } from "./fresh";
import { type Content, cameraLayers, type Size, screenLayers } from "./layers";
import { Problem } from "./problem";
import { prefer, Sender, trim } from "./sender";
import { needsMore, SLOTS_AT_FIRST, slotsToHave } from "./slots";
import type { Send, SlotsWanted, Source } from "./state";

/** What to send before the box has said what it wants: everything. */
const ALL: Send = { camera: 3, screen: 2, video_codec: "h264" };

/** What a page sends; `null`: nothing of that kind. */
export interface Media {
  microphone: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
  screen: Screen | null;
}

/** A shared screen. */
export interface Screen {
  video: MediaStreamTrack;
  /** What it sounds like, where the browser gives that. */
  sound: MediaStreamTrack | null;
  content: Content;
}

export interface PeerEvents {
  /** Sends an offer to the box, with what is sent in each of its sections by mid, and brings the answer. */
  offer(sdp: string, sources: Record<string, Source>): Promise<string>;
  /** The set of slots changed: `tracks` says something new. */
  slots(): void;
  connection(state: RTCPeerConnectionState): void;
  /** The box can't answer, or its answer is that of another connection: a new peer is needed. */
  refused(): void;
}

/** The one peer connection of a browser: microphone, camera and screen outwards, a pool of slots inwards. */
export class Peer {
  #pc: RTCPeerConnection;
  #end = () => {};
  #events: PeerEvents;
  #media: Media;
  #microphone: Sender;
  #camera: Sender;
  #screen: Sender | null = null;
  #screenSound: Sender | null = null;
  #slots: RTCRtpTransceiver[] = [];
  #have: SlotsWanted = { audio: 0, video: 0 };
  #wanted: SlotsWanted = { audio: SLOTS_AT_FIRST, video: SLOTS_AT_FIRST };
  #send = ALL;
  #remote: string | undefined;
  #busy = false;
  #closed = false;
  #stale = true;

  /** @param anew the one before found no way: this one looks at the networks afresh */
  constructor(events: PeerEvents, media: Media, iceServers: RTCIceServer[] = [], anew = false) {
    this.#events = events;
    this.#media = { ...media };
    const how: RTCConfiguration = { bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", iceServers };
    if (anew) ({ pc: this.#pc, end: this.#end } = freshConnection(how));
    else this.#pc = new RTCPeerConnection(how);
    this.#pc.onconnectionstatechange = () => events.connection(this.#pc.connectionState);
    this.#microphone = new Sender(this.#pc, media.microphone, "audio", null);
    this.#camera = new Sender(this.#pc, media.camera, "video", this.#cameraLayers());
    if (media.screen) this.#share(media.screen);
    this.#preferAll();
  }

  /** Makes the first offer. */
  start(): void {
    this.#grow();
    void this.#negotiate();
  }

  get state(): RTCPeerConnectionState {
    return this.#pc.connectionState;
  }

  /** Looks for another way to the box with the next offer, which is made at once. What is on its way stays on its way. */
  restart(): void {
    this.#pc.restartIce();
    this.offerAgain();
  }

  /** Offers again what there is: the box may have missed it. */
  offerAgain(): void {
    this.#stale = true;
    void this.#negotiate();
  }

  /** Takes these servers for the ways that are looked for from now on. */
  setIceServers(iceServers: RTCIceServer[]): void {
    this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
  }

  /** Sends this microphone, or silence; needs no new offer. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    this.#media.microphone = track;
    await this.#microphone.replace(track);
  }

  /** Sends this camera, or nothing; needs no new offer. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    this.#media.camera = track;
    this.#camera.setLayers(this.#cameraLayers());
    await this.#camera.replace(track);
  }

  /** Shares this screen, or none. */
  async setScreen(screen: Screen | null): Promise<void> {
    this.#media.screen = screen;
    if (screen) this.#share(screen);
    const sound = screen?.sound ?? null;
    const news = [this.#screen?.turn(screen !== null), this.#screenSound?.turn(sound !== null)];
    if (news.includes(true)) this.#stale = true;
    await this.#screen?.replace(screen?.video ?? null);
    await this.#screenSound?.replace(sound);
    void this.#negotiate();
  }

  /** Makes room for what the box wants to send. */
  want(wanted: SlotsWanted): void {
    this.#wanted = wanted;
    if (!needsMore(this.#have, wanted)) return;
    this.#grow();
    void this.#negotiate();
  }

  /** Sends what the box wants to have, in the codec that everybody can receive. */
  setSend(send: Send): void {
    const before = this.#send;
    this.#send = send;
    this.#camera.setLayers(this.#cameraLayers());
    this.#layScreen();
    if (send.video_codec === before.video_codec) return;
    this.#preferAll();
    this.offerAgain();
  }

  /** What is received, by the mid of its slot. */
  tracks(): Map<string, MediaStreamTrack> {
    const tracks = new Map<string, MediaStreamTrack>();
    for (const { mid, receiver } of this.#slots) if (mid !== null) tracks.set(mid, receiver.track);
    return tracks;
  }

  /** Bytes, and answers to checks of whether there is a way, that came by all ways so far. */
  async received(): Promise<number> {
    // One slot's statistics name the ways of all, and cost little.
    const stats = await this.#slots[0]?.receiver.getStats();
    let count = 0;
    stats?.forEach(({ type, bytesReceived, responsesReceived }) => {
      if (type === "candidate-pair") count += (bytesReceived ?? 0) + (responsesReceived ?? 0);
    });
    return count;
  }

  /** For those who want to look inside. */
  stats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  close(): void {
    this.#closed = true;
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
    this.#end();
  }

  #cameraLayers() {
    return cameraLayers(sizeOf(this.#media.camera), this.#send.camera);
  }

  #screenLayers({ video, content }: Screen) {
    return screenLayers(sizeOf(video), this.#send.screen, content);
  }

  #layScreen(): void {
    if (this.#media.screen) this.#screen?.setLayers(this.#screenLayers(this.#media.screen));
  }

  /** Makes the senders of a screen where there are none yet; they stay for the next one. */
  #share(screen: Screen): void {
    if (!this.#screen) {
      this.#screen = new Sender(this.#pc, screen.video, "video", this.#screenLayers(screen));
      this.#screen.prefer(this.#send.video_codec);
      this.#stale = true;
    }
    if (screen.sound && !this.#screenSound) {
      this.#screenSound = new Sender(this.#pc, screen.sound, "audio", null);
      this.#screenSound.prefer(this.#send.video_codec);
      this.#stale = true;
    }
    this.#layScreen();
  }

  #senders(): [Source, Sender | null][] {
    return [
      ["microphone", this.#microphone],
      ["camera", this.#camera],
      ["screen", this.#screen],
      ["screen_sound", this.#screenSound],
    ];
  }

  #preferAll(): void {
    for (const [, sender] of this.#senders()) sender?.prefer(this.#send.video_codec);
  }

  #grow(): void {
    for (const kind of ["audio", "video"] as const) {
      const have = slotsToHave(kind, this.#have[kind], this.#wanted[kind]);
      for (; this.#have[kind] < have; this.#have[kind] += 1) {
        const slot = this.#pc.addTransceiver(kind, { direction: "recvonly" });
        prefer(slot, kind);
        trim(slot);
        this.#slots.push(slot);
        this.#stale = true;
      }
    }
  }

  /** Offers until what was offered is what there is. One offer at a time. */
  async #negotiate(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#stale && !this.#closed) {
        this.#stale = false;
        await this.#pc.setLocalDescription();
        const sdp = await this.#events.offer(this.#pc.localDescription?.sdp ?? "", this.sources());
        if (this.#closed) return;
        // The box keeps no key for two connections: with another one it has made a new one for this offer.
        const remote = /^a=fingerprint:(.+)$/m.exec(sdp)?.[1]?.trim();
        if (this.#remote !== undefined && remote !== this.#remote)
          throw new Error("This answer has another fingerprint.");
        this.#remote = remote;
        await this.#pc.setRemoteDescription({ type: "answer", sdp });
        for (const [, sender] of this.#senders()) sender?.refresh();
        this.#events.slots();
      }
    } catch (error) {
      if (this.#closed) return;
      // Nothing is wrong with this one when the connection to the box is gone: it is offered again over the next.
      this.#stale = true;
      if (error instanceof Problem && error.type === "closed") return;
      console.warn("The offer failed:", error);
      this.#events.refused();
    } finally {
      this.#busy = false;
    }
  }

  /** What is sent, by the mid of its section. */
  sources(): Record<string, Source> {
    const sources: Record<string, Source> = {};
    for (const [source, sender] of this.#senders())
      if (sender?.sending && sender.mid !== null) sources[sender.mid] = source;
    return sources;
  }
}

function sizeOf(track: MediaStreamTrack | null): Size {
  const { width, height } = track?.getSettings?.() ?? {};
  return width && height ? { width, height } : null;
}
