import { Backoff } from "./backoff";
import { Problem } from "./problem";
import { Socket } from "./socket";

/** For whom something is written: those in the call, or all who watch. */
export type ChatChannel = "room" | "broadcast";
/** What one can say to a message without words. */
export type Reaction = "thumbs_up" | "heart" | "laugh" | "surprised" | "sad" | "clap" | "party";
export type ChatRole = "host" | "moderator" | "guest" | "viewer";

/** One message (docs/reference/chat.md). */
export interface ChatMessage {
  id: number;
  by: string;
  name: string;
  role: ChatRole;
  text: string;
  at: string;
  emote?: boolean;
  reply?: number;
  /** From and to of each link in the text, in UTF-16 units. */
  links?: [number, number][];
  reactions?: Partial<Record<Reaction, number>>;
  /** To those who keep order alone. */
  state?: "held" | "refused" | "deleted";
  why?: "review" | "word" | "link";
  reports?: number;
}

export type Deal = "allow" | "hold" | "refuse";

export interface ChatRules {
  writers: "everybody" | "invited" | "moderators";
  slow: number;
  review: boolean;
  links: Deal;
  /** To those who keep order alone. */
  words?: string[];
  word_deal?: Deal;
}

export interface ChatTimeout {
  by: string;
  name: string;
  until: string;
}

/** A channel, as far as it is at hand. */
export interface ChatState {
  channel: ChatChannel;
  rules: ChatRules;
  /** In the order of their numbers. */
  messages: ChatMessage[];
  /** What is written is stored. */
  saved: boolean;
  timeouts?: ChatTimeout[];
}

/** Who one is in a chat. */
export interface ChatYou {
  /** What one's own messages are `by`; `null` without a name. */
  by: string | null;
  name: string | null;
  role: ChatRole;
  may_write: boolean;
  moderates: boolean;
  /** Seconds that one's time-out went on when this was said. */
  timed_out: number | null;
  /** One's own reactions to what was at hand. */
  reactions: [number, Reaction][];
}

/** A request, as the box gives it to undo something. */
export type ChatRequest = { op: string } & Record<string, unknown>;

/** What came of something. */
export interface ChatDone {
  did: string;
  message?: number;
  held?: "review" | "word" | "link";
  changed?: number;
  about?: { by: string; name: string };
  /** What undoes it, the first first. */
  undo?: ChatRequest[];
}

export interface ChatEvents {
  /** The channel is another than before; `new` are those that came since, not at first. */
  state(state: ChatState, added: ChatMessage[]): void;
  you(you: ChatYou): void;
  connected(connected: boolean): void;
  /** It will not come back by itself: why. */
  ended(reason: string): void;
}

type Change =
  | { message: ChatMessage }
  | { gone: number }
  | { reactions: { id: number; counts: ChatMessage["reactions"] } }
  | { rules: ChatRules }
  | { timeouts: ChatTimeout[] }
  | { saved: boolean };

/** Messages that a page holds of those that came while it was open. */
const HELD = 400;

/** Where a message is or would be, in the order of their numbers. */
function place(messages: ChatMessage[], id: number): number {
  let at = messages.length;
  while (at > 0 && (messages[at - 1]?.id ?? 0) >= id) at -= 1;
  return at;
}

/** The channel after some changes, and the messages that were not there before. */
export function changed(state: ChatState, changes: Change[]): [ChatState, ChatMessage[]] {
  const next = { ...state, messages: [...state.messages] };
  const added: ChatMessage[] = [];
  for (const change of changes) {
    if ("message" in change) {
      const { message } = change;
      const at = place(next.messages, message.id);
      const known = next.messages[at]?.id === message.id;
      next.messages.splice(at, known ? 1 : 0, message);
      if (!known) added.push(message);
    } else if ("gone" in change) {
      next.messages = next.messages.filter(message => message.id !== change.gone);
    } else if ("reactions" in change) {
      const { id, counts } = change.reactions;
      next.messages = next.messages.map(message =>
        message.id === id ? { ...message, reactions: counts ?? {} } : message,
      );
    } else if ("rules" in change) next.rules = change.rules;
    else if ("timeouts" in change) next.timeouts = change.timeouts;
    else if ("saved" in change) next.saved = change.saved;
  }
  // Who has scrolled back keeps as many as they have.
  next.messages = next.messages.slice(-Math.max(HELD, state.messages.length));
  return [next, added];
}

/** Reasons after which another connection comes to the same end. */
const FINAL = ["removed", "room_closed"];

/** One channel of a chat. It comes back by itself when the connection is lost. */
export class Chat {
  #url: string;
  #events: ChatEvents;
  #socket: Socket | null = null;
  #state: ChatState | null = null;
  #backoff = new Backoff();
  #again: ReturnType<typeof setTimeout> | undefined;
  #over = false;
  #name: string | null;

  /**
   * @param path where it is: `/api/v1/rooms/<room>/chat` or `/api/v1/broadcasts/<broadcast>/chat`
   * @param name what somebody with a place in the room is called there; everybody else is called what they signed in as
   */
  constructor(path: string, events: ChatEvents, name: string | null = null) {
    const base = new URL(path, globalThis.location?.href);
    base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
    this.#url = base.href;
    this.#events = events;
    this.#name = name;
    this.#dial();
  }

  /** Asks for something; fails with a {@link Problem}. */
  async ask(op: string, fields: Record<string, unknown> = {}): Promise<ChatDone> {
    if (!this.#socket) throw new Problem("closed", "The connection to the box ended.");
    return this.#socket.request<ChatDone>(op, fields);
  }

  /** Loads a page of what was written before; whether there is more. */
  async earlier(): Promise<boolean> {
    const before = this.#state?.messages[0]?.id;
    if (!this.#socket || before === undefined) return false;
    const found = await this.#socket.request<{ messages: ChatMessage[]; more: boolean }>("earlier", { before });
    if (this.#state) {
      const known = new Set(this.#state.messages.map(message => message.id));
      const messages = [...found.messages.filter(message => !known.has(message.id)), ...this.#state.messages];
      this.#say({ ...this.#state, messages }, []);
    }
    return found.more;
  }

  /** Begins anew: somebody has signed in meanwhile. */
  renew(): void {
    this.#socket?.close();
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#again);
    this.#socket?.close();
  }

  #dial(): void {
    const socket = new Socket(
      this.#url,
      { event: message => this.#receive(message), closed: () => this.#lost(socket) },
      undefined,
      "shared",
    );
    this.#socket = socket;
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#events.connected(false);
    if (!this.#over) this.#again = setTimeout(() => this.#dial(), this.#backoff.next());
  }

  #receive(message: { event: string } & Record<string, unknown>): void {
    if (message.event === "you") {
      const you = message.you as ChatYou;
      if (this.#name && you.name !== this.#name) {
        // Refused where they have no place in the room: then they are called what the box knows.
        this.ask("name", { name: this.#name }).catch(() => {});
      }
      this.#events.you(you);
    } else if (message.event === "snapshot") {
      this.#backoff.reset();
      const before = this.#state;
      const state = message.state as ChatState;
      const last = before?.messages.at(-1)?.id ?? Number.POSITIVE_INFINITY;
      this.#events.connected(true);
      this.#say(
        state,
        state.messages.filter(message => message.id > last),
      );
    } else if (message.event === "batch" && this.#state) {
      this.#say(...changed(this.#state, message.changes as Change[]));
    } else if (message.event === "bye" && FINAL.includes(String(message.reason))) {
      this.#over = true;
      this.#events.ended(String(message.reason));
    }
  }

  #say(state: ChatState, added: ChatMessage[]): void {
    this.#state = state;
    this.#events.state(state, added);
  }
}
