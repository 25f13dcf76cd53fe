/** Milliseconds that another way to the box is looked for before the peer connection is made anew. */
const RENEW = 4_000;
/** The same, at least, once the box has answered: it is there, and the other way is not found at once. */
const SOON = 600;
/** Several times what the answer took, where that is longer. */
const ROUNDS = 4;

export interface Remedies {
  /** Looks for another way to the box, on the same peer connection. */
  restart(): void;
  /** Makes a new peer connection. */
  renew(): void;
}

/** What the box says about our connection. */
export type Heard = "connecting" | "connected" | "lost" | undefined;

/**
 * Watches the media path from both ends, and decides what is done about it: when it breaks, or the network becomes another
 * one, another way is looked for at once (ICE restart, RFC 8445 section 9); when that does not help, the peer connection is
 * made anew.
 */
export class Healing {
  readonly #remedies: Remedies;
  #path: RTCPeerConnectionState = "new";
  #heard: Heard;
  /** Nothing comes by the way there is. */
  #silent = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(remedies: Remedies) {
    this.#remedies = remedies;
  }

  /** A peer connection begins. */
  begin(): void {
    this.stop();
    this.#path = "new";
    this.#heard = undefined;
    this.#silent = false;
  }

  /** Something is wrong with the way there is, as far as is known. */
  get troubled(): boolean {
    return this.#broken() || this.#doubtful() || this.#silent;
  }

  /** Nothing comes any more although something should, or something comes again. */
  pulse(now: "silent" | "flows"): void {
    this.#silent = now === "silent";
    if (this.#silent && this.#timer === undefined) this.restart();
    else this.#look();
  }

  /** The box answered the offer of another way, after so many milliseconds. */
  answered(after: number): void {
    if (this.#timer === undefined || !(this.#broken() || this.#silent)) return;
    clearTimeout(this.#timer);
    this.#wait(Math.min(RENEW, Math.max(SOON, ROUNDS * after)));
  }

  /** What the browser says about the path. */
  path(state: RTCPeerConnectionState): void {
    this.#path = state;
    this.#look();
  }

  /** What the box says about it. */
  heard(heard: Heard): void {
    if (heard === this.#heard) return;
    this.#heard = heard;
    if (heard === "lost" && this.#path === "connected" && this.#timer === undefined) this.restart();
    else this.#look();
  }

  /** The way there is may be none soon: the network is another one, or the box was asked anew. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#wait();
    this.#remedies.restart();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #broken(): boolean {
    return this.#path === "disconnected" || this.#path === "failed";
  }

  /** The box takes its time, or hears nothing although the browser thinks it does. */
  #doubtful(): boolean {
    return this.#path === "connected" && this.#heard !== undefined && this.#heard !== "connected";
  }

  #look(): void {
    if (!this.troubled) this.stop();
    else if (this.#timer === undefined) {
      if (this.#broken()) this.restart();
      else this.#wait();
    }
  }

  #wait(time = RENEW): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.troubled) this.#remedies.renew();
    }, time);
  }
}

interface Connection extends EventTarget {
  type?: string;
}

/** Tells when this device is in another network: it came back, or went from one kind to another. Gives how to stop. */
export function onNetworkChange(changed: () => void): () => void {
  const window: Window | undefined = globalThis.window;
  const connection = (globalThis.navigator as { connection?: Connection } | undefined)?.connection;
  let type = connection?.type;
  const retyped = () => {
    // It also tells of mere estimates of speed.
    if (connection?.type === type) return;
    type = connection?.type;
    if (type !== "none") changed();
  };
  window?.addEventListener("online", changed);
  connection?.addEventListener("change", retyped);
  return () => {
    window?.removeEventListener("online", changed);
    connection?.removeEventListener("change", retyped);
  };
}
