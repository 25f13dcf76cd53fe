import { type Signal, signal } from "@preact/signals";
import {
  Chat,
  type ChatDone,
  type ChatMessage,
  type ChatRequest,
  type ChatState,
  type ChatYou,
  type Reaction,
} from "../../client/chat";
import { fill } from "../i18n/format";
import { say } from "../parts/toast";
import { texts } from "./texts";
import { problemText } from "./words";

/** Milliseconds that something can be undone by one press. */
const UNDO = 12_000;

/** What was done, and what undoes it. */
export interface Undoable {
  did: string;
  who: string | null;
  undo: ChatRequest[];
}

/** What was done, in words; empty of what needs none. */
export function deed(did: string, name: string | null | undefined): string {
  return fill(texts.did[did] ?? "", { name: name ?? "" });
}

/** One channel as the page shows it. */
export class Channel {
  readonly state: Signal<ChatState | null> = signal(null);
  readonly you: Signal<ChatYou | null> = signal(null);
  readonly connected = signal(true);
  readonly ended: Signal<string | null> = signal(null);
  /** Messages of others that came while nobody looked. */
  readonly unread = signal(0);
  readonly undo: Signal<Undoable | null> = signal(null);
  /** What else there is to say of what was done last. */
  readonly told: Signal<string | null> = signal(null);
  /** One's own reactions: number of the message and name. */
  readonly mine: Signal<ReadonlySet<string>> = signal(new Set());
  /** Until when one's time-out goes on, in milliseconds of this page's clock. */
  readonly until: Signal<number | null> = signal(null);
  /** Somebody looks at it. */
  looked = false;
  /** Raises one's hand in the call, or lowers it: the page has the seat. */
  hand: ((up: boolean) => void) | null = null;
  #chat: Chat;
  #forget: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string, name: string | null = null) {
    this.#chat = new Chat(
      path,
      {
        state: (state, added) => {
          this.state.value = state;
          const others = added.filter(message => message.by !== this.you.value?.by && !message.state);
          if (!this.looked) this.unread.value += others.length;
        },
        you: you => {
          this.you.value = you;
          this.mine.value = new Set(you.reactions.map(([id, reaction]) => `${id} ${reaction}`));
          this.until.value = you.timed_out === null ? null : Date.now() + you.timed_out * 1000;
        },
        connected: connected => {
          this.connected.value = connected;
        },
        ended: reason => {
          this.ended.value = reason;
        },
      },
      name,
    );
  }

  look(looked: boolean): void {
    this.looked = looked;
    if (looked) this.unread.value = 0;
  }

  /** Writes, or does what a command says. Whether that was done; where it was refused, that is said. */
  async write(text: string, reply: number | null): Promise<boolean> {
    const done = await this.ask("write", reply === null ? { text } : { text, reply });
    if (!done) return false;
    if (done.did === "hand" || done.did === "lower") {
      if (!this.hand) {
        say(texts.problems["not-here"] ?? "", "fault");
        return true;
      }
      this.hand(done.did === "hand");
    }
    const help = this.you.value?.moderates ? `${texts.help} · ${texts.help_moderators}` : texts.help;
    if (done.did === "help") this.told.value = help;
    else if (done.held) this.told.value = texts.held;
    else if (!done.undo?.length) this.told.value = deed(done.did, done.about?.name) || null;
    return true;
  }

  async ask(op: string, fields: Record<string, unknown> = {}): Promise<ChatDone | null> {
    this.told.value = null;
    try {
      const done = await this.#chat.ask(op, fields);
      if (done.undo?.length) this.#undoable({ did: done.did, who: done.about?.name ?? null, undo: done.undo });
      return done;
    } catch (error) {
      say(problemText(error), "fault");
      return null;
    }
  }

  #undoable(done: Undoable): void {
    clearTimeout(this.#forget);
    this.undo.value = done;
    this.#forget = setTimeout(() => {
      this.undo.value = null;
    }, UNDO);
  }

  /** Undoes what was done last. */
  async takeBack(): Promise<void> {
    const last = this.undo.value;
    this.undo.value = null;
    for (const { op, ...fields } of last?.undo ?? []) await this.ask(op, fields);
    // What undoes it can be undone, too; nobody needs to be offered that.
    this.undo.value = null;
  }

  async react(message: ChatMessage, reaction: Reaction): Promise<void> {
    const key = `${message.id} ${reaction}`;
    const on = !this.mine.value.has(key);
    if (!(await this.ask("react", { message: message.id, reaction, on }))) return;
    const mine = new Set(this.mine.value);
    if (on) mine.add(key);
    else mine.delete(key);
    this.mine.value = mine;
  }

  earlier(): Promise<boolean> {
    return this.#chat.earlier().catch((error: unknown) => {
      say(problemText(error), "fault");
      return true;
    });
  }

  renew(): void {
    this.#chat.renew();
  }

  close(): void {
    clearTimeout(this.#forget);
    this.#chat.close();
  }

  /** What waits for somebody who keeps order. */
  get open(): ChatMessage[] {
    return (this.state.value?.messages ?? []).filter(message => message.state === "held" || message.reports);
  }
}
