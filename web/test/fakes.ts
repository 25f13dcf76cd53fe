// A WebSocket and a peer connection that the test plays the box for.

/** Time that stands still until the test lets it pass: only of what is set to happen once, later. */
export class HeldTime {
  static #held: HeldTime | null = null;

  /** Lets it go on by itself, if a test has left it held. */
  static release(): void {
    HeldTime.#held?.release();
  }

  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  #now = 0;
  #last = 0;
  #due = new Map<number, { at: number; run: () => void }>();

  constructor() {
    HeldTime.#held = this;
    const set = (run: () => void, after = 0) => {
      this.#last += 1;
      this.#due.set(this.#last, { at: this.#now + after, run });
      return this.#last;
    };
    const clear = (timer?: unknown) => {
      // One that was set before time stood still is a real one.
      if (!this.#due.delete(timer as number)) this.#real.clearTimeout(timer as number);
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  /** Time is so many milliseconds later at once: what was due meanwhile happens now, in its order. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (;;) {
      const due = [...this.#due].filter(([, { at }]) => at <= this.#now);
      const next = due.sort(([one, a], [other, b]) => a.at - b.at || one - other)[0];
      if (!next) return;
      this.#due.delete(next[0]);
      next[1].run();
    }
  }

  /** Lets it go on by itself again. What was due never happens. */
  release(): void {
    HeldTime.#held = null;
    Object.assign(globalThis, this.#real);
  }
}

type Frame = Record<string, unknown>;

export class FakeSocket {
  static all: FakeSocket[] = [];
  /** Resolves with the next connection that is made. */
  static next(): Promise<FakeSocket> {
    return new Promise(resolve => {
      FakeSocket.#waiting.push(resolve);
    });
  }
  static #waiting: ((socket: FakeSocket) => void)[] = [];

  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  #frames: Frame[] = [];
  #asking: ((frame: Frame) => void)[] = [];
  #seq = 0;

  constructor(
    readonly url: string,
    readonly protocols: string[] = [],
  ) {
    FakeSocket.all.push(this);
    FakeSocket.#waiting.shift()?.(this);
  }

  send(text: string): void {
    const frame = JSON.parse(text);
    const asking = this.#asking.shift();
    if (asking) asking(frame);
    else this.#frames.push(frame);
  }

  close(): void {
    this.onclose?.();
  }

  // The box's side.

  /** The next request, whatever it is. */
  async request(): Promise<Frame> {
    return this.#frames.shift() ?? (await new Promise<Frame>(resolve => this.#asking.push(resolve)));
  }

  /** The next request, which must be this one. */
  async expect(op: string): Promise<Frame> {
    const frame = await this.request();
    if (frame.op !== op) throw new Error(`expected ${op}, got ${JSON.stringify(frame)}`);
    return frame;
  }

  ok(request: Frame, ok: Frame = {}): void {
    this.say({ re: request.id, ok });
  }

  event(fields: Frame): void {
    this.#seq += 1;
    this.say({ seq: this.#seq, ...fields });
  }

  say(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

interface Encoding {
  rid?: string;
  active?: boolean;
  scaleResolutionDownBy?: number;
}

interface FakeTransceiver {
  kind: string;
  direction: string;
  mid: string | null;
  preferred: string[];
  receiver: { track: { kind: string } };
  sender: {
    replaceTrack(track: unknown): Promise<void>;
    getParameters(): { encodings: Encoding[] };
    setParameters(parameters: { encodings: Encoding[] }): Promise<void>;
  };
  setCodecPreferences(codecs: { mimeType: string }[]): void;
}

export class FakePeer {
  static all: FakePeer[] = [];
  connectionState = "new";
  onconnectionstatechange: (() => void) | null = null;
  localDescription: { sdp: string } | null = null;
  transceivers: FakeTransceiver[] = [];
  closed = false;
  restarts = 0;

  constructor(public configuration: { iceServers?: unknown[] } = {}) {
    FakePeer.all.push(this);
  }

  getConfiguration() {
    return this.configuration;
  }

  setConfiguration(configuration: object): void {
    this.configuration = configuration;
  }

  restartIce(): void {
    this.restarts += 1;
  }

  addTransceiver(
    what: string | { kind: string },
    { direction, sendEncodings = [] }: { direction: string; sendEncodings?: Encoding[] },
  ): FakeTransceiver {
    const kind = typeof what === "string" ? what : what.kind;
    let encodings = sendEncodings.map(encoding => ({ ...encoding }));
    const transceiver: FakeTransceiver = {
      kind,
      direction,
      mid: null,
      preferred: [],
      receiver: { track: { kind } },
      sender: {
        replaceTrack: async () => {},
        getParameters: () => ({ encodings: encodings.map(encoding => ({ ...encoding })) }),
        setParameters: async parameters => {
          encodings = parameters.encodings;
        },
      },
      setCodecPreferences: codecs => {
        transceiver.preferred = codecs.map(({ mimeType }) => mimeType);
      },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async setLocalDescription(): Promise<void> {
    for (const [index, transceiver] of this.transceivers.entries()) transceiver.mid = String(index);
    this.localDescription = { sdp: this.transceivers.map(({ kind, direction }) => `${kind} ${direction}`).join("\n") };
  }

  async setRemoteDescription(): Promise<void> {}

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.closed = true;
  }
}

const CODECS = {
  audio: [{ mimeType: "audio/opus" }, { mimeType: "audio/red" }],
  video: [{ mimeType: "video/VP8" }, { mimeType: "video/H264", sdpFmtpLine: "packetization-mode=1" }],
};
const capabilities = (kind: "audio" | "video") => ({ codecs: CODECS[kind] });

/** Puts the fakes where the library looks for the browser's own. */
export function install(): void {
  HeldTime.release();
  FakeSocket.all = [];
  FakePeer.all = [];
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    RTCPeerConnection: FakePeer,
    RTCRtpReceiver: { getCapabilities: capabilities },
    RTCRtpSender: { getCapabilities: capabilities },
  });
}
