import { Problem } from "./problem";

/** Milliseconds before a request without an answer is given up. */
const PATIENCE = 10_000;
/**
 * Milliseconds that the first try to connect gets, the second, and so on; the last gets the rest. Where much is lost, TCP waits longer
 * and longer before it says its first word again. One at a time: browsers keep others to the same server waiting (RFC 6455 section 4.1).
 */
const TRIES = [3_000];
/** Bytes of one frame at most (docs/reference/signalling.md). */
const FRAME = 64 * 1024;

export interface SocketEvents {
  /** An event of the box, in order. */
  event(message: { event: string } & Record<string, unknown>): void;
  /** The connection ended; every request still open has failed. Called once. */
  closed(): void;
}

interface Pending {
  resolve(ok: unknown): void;
  reject(problem: Problem): void;
  timer: ReturnType<typeof setTimeout>;
}

/** One signalling connection: requests with answers, and events. It does not come back by itself. */
export class Socket {
  #ws: WebSocket;
  #events: SocketEvents;
  #pending = new Map<number, Pending>();
  #id = 0;
  #seq = 0;
  #open: Promise<void>;
  #closed = false;
  #heard = 0;
  #shared: boolean;

  /**
   * @param token a guest's, on pages of other sites: browsers let scripts send it as a subprotocol alone
   * @param count `shared` where the same events go to many, as in a chat: then it is their count
   */
  constructor(url: string, events: SocketEvents, token?: string, count: "own" | "shared" = "own") {
    this.#events = events;
    this.#shared = count === "shared";
    const dial = () => (token ? new WebSocket(url, ["porchlight", `token.${token}`]) : new WebSocket(url));
    this.#ws = dial();
    this.#open = new Promise((resolve, reject) => {
      const late = setTimeout(() => this.close(), PATIENCE);
      const tries = [...TRIES];
      let again: ReturnType<typeof setTimeout> | undefined;
      const over = () => {
        clearTimeout(late);
        clearTimeout(again);
      };
      const listen = () => {
        const ws = this.#ws;
        ws.onopen = () => {
          over();
          resolve();
        };
        ws.onclose = () => {
          over();
          reject(new Problem("network", "The box cannot be reached."));
          this.#end();
        };
        ws.onmessage = message => this.#receive(message.data);
        const patience = tries.shift();
        if (patience === undefined) return;
        again = setTimeout(() => {
          if (this.#closed) return;
          ws.onopen = ws.onclose = ws.onmessage = null;
          ws.close();
          this.#ws = dial();
          listen();
        }, patience);
      };
      listen();
    });
    // Whoever asks first sees the failure; without anybody asking it is no unhandled rejection.
    this.#open.catch(() => {});
  }

  /** There is a connection; fails with a {@link Problem}. */
  get opened(): Promise<void> {
    return this.#open;
  }

  /** So many frames came. */
  get heard(): number {
    return this.#heard;
  }

  /** Asks, and waits for the answer. Fails with a {@link Problem}. */
  async request<T>(op: string, fields: Record<string, unknown> = {}): Promise<T> {
    await this.#open;
    if (this.#closed) throw new Problem("closed", "The connection to the box ended.");
    this.#id += 1;
    const id = this.#id;
    const frame = JSON.stringify({ v: 1, id, op, ...fields });
    if (new TextEncoder().encode(frame).length > FRAME) throw new Problem("protocol", "The request is too large.");
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Problem("timeout", "The box did not answer in time."));
      }, PATIENCE);
      this.#pending.set(id, { resolve: ok => resolve(ok as T), reject, timer });
      this.#ws.send(frame);
    });
  }

  close(): void {
    this.#ws.close();
    // The closing handshake can take as long as the network likes; for us it is over now.
    this.#end();
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    this.#heard += 1;
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(String(data));
    } catch {
      this.close();
      return;
    }
    if (typeof message.re === "number") {
      const pending = this.#pending.get(message.re);
      if (!pending) return;
      this.#pending.delete(message.re);
      clearTimeout(pending.timer);
      if (message.problem) pending.reject(Problem.from(message.problem));
      else pending.resolve(message.ok ?? {});
    } else if (typeof message.event === "string") {
      // A hole in the count means a patch is missing, and with it the truth: start over from a snapshot. In a chat that says from where
      // on is counted, and what is for this connection alone is not.
      if (typeof message.seq === "number" || !this.#shared) {
        const expected = this.#shared && message.event === "snapshot" ? message.seq : this.#seq + 1;
        if (message.seq !== expected) {
          this.close();
          return;
        }
        this.#seq = message.seq as number;
      }
      this.#events.event(message as { event: string });
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new Problem("closed", "The connection to the box ended."));
    }
    this.#pending.clear();
    this.#events.closed();
  }
}
