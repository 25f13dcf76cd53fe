import { audioCodecs, videoCodecs } from "./codecs";
import { needsMore, SLOTS_AT_FIRST, slotsToHave } from "./slots";
import type { Kind, SlotsWanted } from "./state";

/** What the camera may use of the uplink, in bits a second. */
const CAMERA_BITRATE = 2_000_000;

export interface PeerEvents {
  /** Sends an offer to the box and brings its answer. */
  offer(sdp: string): Promise<string>;
  /** The set of slots changed: `tracks` says something new. */
  slots(): void;
  /** `failed`: the media path is gone for good, or an offer was refused; a new peer is needed. */
  connection(state: RTCPeerConnectionState): void;
}

/** The one peer connection of a browser: its microphone and camera outwards, a pool of slots inwards. */
export class Peer {
  #pc: RTCPeerConnection;
  #events: PeerEvents;
  #microphone: RTCRtpTransceiver;
  #camera: RTCRtpTransceiver;
  #slots: RTCRtpTransceiver[] = [];
  #have: SlotsWanted = { audio: 0, video: 0 };
  #wanted: SlotsWanted = { audio: SLOTS_AT_FIRST, video: SLOTS_AT_FIRST };
  #busy = false;
  #closed = false;
  #stale = false;

  constructor(events: PeerEvents, microphone: MediaStreamTrack | null, camera: MediaStreamTrack | null) {
    this.#events = events;
    this.#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
    this.#pc.onconnectionstatechange = () => events.connection(this.#pc.connectionState);
    this.#microphone = this.#pc.addTransceiver(microphone ?? "audio", { direction: "sendonly" });
    this.#camera = this.#pc.addTransceiver(camera ?? "video", {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: CAMERA_BITRATE }],
    });
    prefer(this.#microphone, "audio");
    prefer(this.#camera, "video");
    this.#stale = true;
  }

  /** Makes the first offer. */
  start(): void {
    this.#grow();
    void this.#negotiate();
  }

  /** Sends this microphone, or silence; needs no new offer. */
  async setMicrophone(track: MediaStreamTrack | null): Promise<void> {
    await this.#microphone.sender.replaceTrack(track);
  }

  /** Sends this camera, or nothing; needs no new offer. */
  async setCamera(track: MediaStreamTrack | null): Promise<void> {
    await this.#camera.sender.replaceTrack(track);
  }

  /** Makes room for what the box wants to send. */
  want(wanted: SlotsWanted): void {
    this.#wanted = wanted;
    if (!needsMore(this.#have, wanted)) return;
    this.#grow();
    void this.#negotiate();
  }

  /** What is received, by the mid of its slot. */
  tracks(): Map<string, MediaStreamTrack> {
    const tracks = new Map<string, MediaStreamTrack>();
    for (const { mid, receiver } of this.#slots) if (mid !== null) tracks.set(mid, receiver.track);
    return tracks;
  }

  /** For those who want to look inside. */
  stats(): Promise<RTCStatsReport> {
    return this.#pc.getStats();
  }

  close(): void {
    this.#closed = true;
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  #grow(): void {
    for (const kind of ["audio", "video"] as const) {
      const have = slotsToHave(this.#have[kind], this.#wanted[kind]);
      for (; this.#have[kind] < have; this.#have[kind] += 1) {
        const slot = this.#pc.addTransceiver(kind, { direction: "recvonly" });
        prefer(slot, kind);
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
        const sdp = await this.#events.offer(this.#pc.localDescription?.sdp ?? "");
        if (this.#closed) return;
        await this.#pc.setRemoteDescription({ type: "answer", sdp });
        this.#events.slots();
      }
    } catch (error) {
      if (this.#closed) return;
      console.warn("The offer failed:", error);
      this.#events.connection("failed");
    } finally {
      this.#busy = false;
    }
  }
}

function prefer(transceiver: RTCRtpTransceiver, kind: Kind): void {
  const way = transceiver.direction === "sendonly" ? RTCRtpSender : RTCRtpReceiver;
  const all = way.getCapabilities(kind)?.codecs ?? [];
  const codecs = kind === "audio" ? audioCodecs(all) : videoCodecs(all);
  try {
    if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
  } catch {
    // An older browser: it offers everything, and the box picks.
  }
}
