import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ChatMessage, ChatYou } from "../../client/chat";
import { locale } from "../i18n";
import { fill } from "../i18n/format";
import type { Channel } from "./model";
import { texts } from "./texts";
import { REACTIONS } from "./words";

/** Seconds of the time-out that the menu gives. */
const PAUSE = 600;

/** The text with its links; nothing else in it means anything. */
function Text({ message }: { message: ChatMessage }) {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const [from, to] of message.links ?? []) {
    const href = message.text.slice(from, to);
    // The box finds no others; whoever sent this is not trusted to be the box.
    if (!/^https?:\/\//i.test(href)) continue;
    parts.push(
      message.text.slice(at, from),
      <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
        {href}
      </a>,
    );
    at = to;
  }
  parts.push(message.text.slice(at));
  return <span class="chat-text">{parts}</span>;
}

const BADGES = { host: texts.host, moderator: texts.moderator, guest: "", viewer: "" } as const;

/** What a moderator sees beside it. */
function mark(message: ChatMessage): string | null {
  if (message.state === "held") {
    const why = { review: texts.why_review, word: texts.why_word, link: texts.why_link }[message.why ?? "review"];
    return `${texts.held_mark}: ${why}`;
  }
  if (message.state === "refused") return texts.refused_mark;
  if (message.state === "deleted") return texts.deleted_mark;
  if (message.reports) return fill(texts.reported_mark, { n: message.reports });
  return null;
}

interface Deed {
  name: string;
  label: string;
  danger?: boolean;
  run(): void;
}

/** What this person may do with it, beside reacting. */
function deeds(message: ChatMessage, you: ChatYou | null, channel: Channel, answer: () => void): Deed[] {
  const own = message.by === you?.by;
  const ask = (op: string, fields: Record<string, unknown>) => void channel.ask(op, fields);
  const turn = (op: string) => ask(op, { messages: [message.id] });
  const all: Deed[] = [];
  if (!message.state) all.push({ name: "reply", label: texts.reply, run: answer });
  if (!message.state && !own && you?.by) {
    const report = async () => {
      if (await channel.ask("report", { message: message.id })) channel.told.value = texts.reported;
    };
    all.push({ name: "report", label: texts.report, run: () => void report() });
  }
  if (you?.moderates) {
    if (message.state === "held" || message.state === "refused")
      all.push({ name: "approve", label: texts.approve, run: () => turn("approve") });
    if (message.state === "held") all.push({ name: "refuse", label: texts.refuse, run: () => turn("refuse") });
    if (message.state === "deleted") all.push({ name: "restore", label: texts.restore, run: () => turn("restore") });
    if (message.reports) all.push({ name: "dismiss", label: texts.dismiss, run: () => turn("dismiss") });
    if (!message.state) all.push({ name: "delete", label: texts.delete, danger: true, run: () => turn("delete") });
    if (!own && message.role !== "host" && message.role !== you.role) {
      const who = { message: message.id };
      const label = fill(texts.pause, { name: message.name });
      all.push({ name: "timeout", label, danger: true, run: () => ask("timeout", { ...who, seconds: PAUSE }) });
      const clear = { ...who, seconds: PAUSE, delete: true };
      all.push({ name: "clear", label: texts.pause_clear, danger: true, run: () => ask("timeout", clear) });
      all.push({
        name: "ban",
        label: fill(texts.ban, { name: message.name }),
        danger: true,
        run: () => ask("ban", who),
      });
    }
  }
  if (own)
    all.push({ name: "erase", label: texts.erase, danger: true, run: () => ask("erase", { message: message.id }) });
  return all;
}

/** What can be done with a message: under it, by the arrow keys; Escape goes back to it. */
function Menu(props: { message: ChatMessage; channel: Channel; answer(): void; close(): void }) {
  const { message, channel, answer, close } = props;
  const menu = useRef<HTMLDivElement>(null);
  const you = channel.you.value;
  const items = () => [...(menu.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  useEffect(() => items()[0]?.focus(), []);
  const press = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  };
  const done = (run: () => void) => () => {
    close();
    run();
  };
  return (
    <div class="chat-menu" role="menu" aria-label={texts.actions} ref={menu} onKeyDown={press} data-testid="chat-menu">
      {!message.state && you?.by && (
        <div class="chat-reactions-menu">
          {REACTIONS.map(([reaction, sign]) => (
            <button
              key={reaction}
              type="button"
              role="menuitemcheckbox"
              aria-checked={channel.mine.value.has(`${message.id} ${reaction}`)}
              tabIndex={-1}
              class="chat-reaction"
              aria-label={texts.reactions[reaction]}
              title={texts.reactions[reaction]}
              onClick={done(() => void channel.react(message, reaction))}
              data-testid={`react-${reaction}`}
            >
              {sign}
            </button>
          ))}
        </div>
      )}
      {deeds(message, you, channel, answer).map(deed => (
        <button
          key={deed.name}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={deed.danger ? "chat-deed danger" : "chat-deed"}
          onClick={done(deed.run)}
          data-testid={`chat-${deed.name}`}
        >
          {deed.label}
        </button>
      ))}
    </div>
  );
}

/** How it was reacted to; a press adds one's own. */
function Reactions({ message, channel }: { message: ChatMessage; channel: Channel }) {
  const given = REACTIONS.filter(([reaction]) => message.reactions?.[reaction]);
  if (given.length === 0) return null;
  return (
    <span class="chat-reactions">
      {given.map(([reaction, sign]) => (
        <button
          key={reaction}
          type="button"
          class="chat-reaction"
          tabIndex={-1}
          disabled={!channel.you.value?.by}
          aria-pressed={channel.mine.value.has(`${message.id} ${reaction}`)}
          aria-label={`${texts.reactions[reaction]}: ${message.reactions?.[reaction]}`}
          onClick={() => void channel.react(message, reaction)}
        >
          {sign} <span class="small">{message.reactions?.[reaction]}</span>
        </button>
      ))}
    </span>
  );
}

const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });

/** One message. */
export function Item(props: {
  message: ChatMessage;
  answered: ChatMessage | null;
  channel: Channel;
  /** It is the one that the Tab key comes to. */
  current: boolean;
  open: boolean;
  focus(): void;
  toggle(open: boolean): void;
  answer(): void;
}) {
  const { message, answered, channel, current, open, focus, toggle, answer } = props;
  const item = useRef<HTMLLIElement>(null);
  const at = new Date(message.at);
  const note = mark(message);
  const badge = BADGES[message.role];
  const close = () => {
    toggle(false);
    item.current?.focus();
  };
  return (
    <li
      ref={item}
      class={`chat-message${message.state ? " hidden" : ""}${message.by === channel.you.value?.by ? " own" : ""}`}
      tabIndex={current ? 0 : -1}
      onFocus={focus}
      onKeyDown={event => {
        if (event.target !== item.current || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        // The space bar pauses the player elsewhere.
        event.stopPropagation();
        toggle(true);
      }}
      data-testid="chat-message"
      data-id={message.id}
      data-state={message.state ?? "shown"}
    >
      {message.reply !== undefined && (
        <p class="chat-answered small quiet">↳ {answered ? `${answered.name}: ${answered.text}` : texts.answer_gone}</p>
      )}
      <p class={message.emote ? "chat-line emote" : "chat-line"}>
        <span class="chat-name">{message.name}</span>
        {badge && <span class="chat-badge">{badge}</span>} <Text message={message} />{" "}
        <time class="small quiet" dateTime={message.at}>
          {Number.isNaN(at.getTime()) ? "" : clock.format(at)}
        </time>
      </p>
      <button
        type="button"
        class="chat-more"
        tabIndex={-1}
        aria-label={texts.actions}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => toggle(!open)}
        data-testid="chat-more"
      >
        ⋯
      </button>
      {note && <p class="chat-note small">{note}</p>}
      <Reactions message={message} channel={channel} />
      {open && <Menu message={message} channel={channel} answer={answer} close={close} />}
    </li>
  );
}
