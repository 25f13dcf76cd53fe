import { audioCodecs, slotCodecs, videoCodecs } from "./codecs";
import type { Layer } from "./layers";
import type { Kind, VideoCodec } from "./state";

/** What a connection sends from one source: its transceiver, and which layers of the picture are on. */
export class Sender {
  readonly #transceiver: RTCRtpTransceiver;
  readonly #kind: Kind;
  #layers: Layer[] | null;
  #work: Promise<void> = Promise.resolve();

  /** @param layers of a picture, which stay so many */
  constructor(pc: RTCPeerConnection, track: MediaStreamTrack | null, kind: Kind, layers: Layer[] | null) {
    this.#kind = kind;
    this.#layers = layers;
    this.#transceiver = pc.addTransceiver(track ?? kind, {
      direction: "sendonly",
      ...(layers && { sendEncodings: layers }),
    });
  }

  get mid(): string | null {
    return this.#transceiver.mid;
  }

  get sending(): boolean {
    return this.#transceiver.direction === "sendonly";
  }

  /** Says which codecs to offer, best first. Counts from the next offer on. */
  prefer(codec: VideoCodec): void {
    prefer(this.#transceiver, this.#kind, codec);
  }

  /** Takes part in the next offer, or is silent there. `true`: that is news. */
  turn(on: boolean): boolean {
    const direction = on ? "sendonly" : "inactive";
    if (this.#transceiver.direction === direction) return false;
    this.#transceiver.direction = direction;
    return true;
  }

  /** Sends this track, or nothing; needs no new offer. */
  async replace(track: MediaStreamTrack | null): Promise<void> {
    await this.#transceiver.sender.replaceTrack(track);
  }

  /** Sends these layers from now on; needs no new offer. */
  setLayers(layers: Layer[]): void {
    if (JSON.stringify(layers) === JSON.stringify(this.#layers)) return;
    this.#layers = layers;
    this.#apply();
  }

  /** Says again which layers are on: an answer may have changed what the browser has. */
  refresh(): void {
    if (this.#layers) this.#apply();
  }

  #apply(): void {
    // One at a time: parameters hold from reading them to setting them, and not over another setting.
    this.#work = this.#work.then(async () => {
      const { sender } = this.#transceiver;
      const parameters = sender.getParameters();
      // A box that takes one layer alone gets the largest that is on.
      const alone = parameters.encodings?.length === 1;
      let changed = false;
      for (const encoding of parameters.encodings ?? []) {
        const layer = alone ? whole(this.#layers ?? []) : this.#layers?.find(({ rid }) => rid === encoding.rid);
        if (!layer) continue;
        const { rid: _, ...wanted } = layer;
        changed ||= Object.entries(wanted).some(([key, value]) => encoding[key as keyof typeof encoding] !== value);
        Object.assign(encoding, wanted);
      }
      // Refused while an answer is under way: said again after it.
      if (changed) await sender.setParameters(parameters).catch(() => {});
    });
  }
}

/** What is sent where there are no layers: the whole picture, if anything of it is wanted. */
function whole(layers: Layer[]): Layer | undefined {
  const full = layers.find(layer => layer.scaleResolutionDownBy === 1);
  return (
    full && { ...full, maxBitrate: layers.at(-1)?.maxBitrate ?? full.maxBitrate, active: layers[0]?.active ?? true }
  );
}

/** Says which codecs to offer, best first. */
export function prefer(transceiver: RTCRtpTransceiver, kind: Kind, codec: VideoCodec = "h264"): void {
  const slot = transceiver.direction === "recvonly";
  const all = (slot ? RTCRtpReceiver : RTCRtpSender).getCapabilities(kind)?.codecs ?? [];
  const codecs = kind === "audio" ? audioCodecs(all) : slot ? slotCodecs(all) : videoCodecs(all, codec);
  try {
    if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
  } catch {
    // An older browser: it offers everything, and the box picks.
  }
}

interface HeaderExtension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

/** Header extensions (RFC 8285) that the box sends in a slot. */
const EXTENSIONS = [/:mid$/, /abs-send-time$/, /transport-wide-cc/, /video-orientation$/, /playout-delay$/];

/** Leaves out of offers which extensions a slot has no use for, where the browser lets us: they are a third of it. */
export function trim(slot: RTCRtpTransceiver): void {
  const some = slot as RTCRtpTransceiver & {
    getHeaderExtensionsToNegotiate?(): HeaderExtension[];
    setHeaderExtensionsToNegotiate?(extensions: HeaderExtension[]): void;
  };
  const all = some.getHeaderExtensionsToNegotiate?.();
  if (!all) return;
  for (const extension of all)
    if (!EXTENSIONS.some(wanted => wanted.test(extension.uri))) extension.direction = "stopped";
  try {
    some.setHeaderExtensionsToNegotiate?.(all);
  } catch {
    // Offers stay larger.
  }
}
