import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatMessage, ChatRules, ChatYou } from "../../client/chat";
import { fill } from "../i18n/format";
import { Icon } from "../parts/icons";
import { useNow } from "../parts/now";
import { api, session } from "../parts/session";
import { say } from "../parts/toast";
import type { Channel } from "./model";
import { texts } from "./texts";
import { problemText } from "./words";

/** Longest text, in characters. */
const LONGEST = 500;

/** Why this person can't write, if they can't. */
function barred(you: ChatYou | null, rules: ChatRules | undefined): string | null {
  if (!you || !rules || you.moderates) return null;
  if (!you.may_write) return texts.not_permitted;
  if (rules.writers === "moderators") return texts.only_moderators;
  if (rules.writers === "invited" && you.role === "viewer") return texts.only_invited;
  return null;
}

/** Asks those who only watch what to call them. */
function NameFirst({ channel }: { channel: Channel }) {
  const [name, setName] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      session.value = await api.signInByName(name.trim());
      channel.renew();
    } catch (error) {
      say(problemText(error), "fault");
    }
  };
  return (
    <form class="chat-form" onSubmit={submit} data-testid="chat-name-form">
      <label class="field grow">
        <span>{texts.name_why}</span>
        <input
          value={name}
          maxLength={40}
          autocomplete="nickname"
          placeholder={texts.your_name}
          onInput={event => setName(event.currentTarget.value)}
          data-testid="chat-name"
        />
      </label>
      <button type="submit" class="button" disabled={!name.trim()} data-testid="chat-name-take">
        {texts.name_take}
      </button>
    </form>
  );
}

/** Seconds as people say them. */
function left(seconds: number): string {
  return seconds >= 90 ? `${Math.ceil(seconds / 60)} min` : `${seconds} s`;
}

/** How long one's time-out goes on. */
function Paused({ until, over }: { until: number; over(): void }) {
  const seconds = Math.ceil((until - useNow(1000)) / 1000);
  useEffect(() => {
    if (seconds <= 0) over();
  }, [seconds <= 0]);
  return <p class="chat-hint small">{fill(texts.timed_out, { time: left(Math.max(1, seconds)) })}</p>;
}

/** Where one writes. */
export function Composer(props: { channel: Channel; reply: ChatMessage | null; clear(): void; leave(): void }) {
  const { channel, reply, clear, leave } = props;
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const you = channel.you.value;
  const rules = channel.state.value?.rules;
  useEffect(() => {
    if (reply) field.current?.focus();
  }, [reply]);
  if (!you) return null;
  const why = barred(you, rules);
  if (why) return <p class="chat-hint small">{why}</p>;
  if (!you.by) return <NameFirst channel={channel} />;
  const until = channel.until.value;
  if (until !== null) {
    const over = () => {
      channel.until.value = null;
    };
    return <Paused until={until} over={over} />;
  }
  const submit = async (event: Event) => {
    event.preventDefault();
    const line = text.trim();
    if (!line || sending) return;
    setSending(true);
    const done = await channel.write(line, reply?.id ?? null);
    setSending(false);
    if (!done) return;
    setText("");
    clear();
    field.current?.focus();
  };
  return (
    <>
      {reply && (
        <p class="chat-hint row small">
          <span class="grow">{fill(texts.answering, { name: reply.name })}</span>
          <button type="button" class="button quiet square" onClick={clear} aria-label={texts.answer_none}>
            <Icon name="close" />
          </button>
        </p>
      )}
      {rules && !you.moderates && rules.slow > 0 && (
        <p class="chat-hint small quiet">{fill(texts.slow, { n: rules.slow })}</p>
      )}
      {rules?.review && !you.moderates && <p class="chat-hint small quiet">{texts.review_on}</p>}
      <form class="chat-form" onSubmit={submit}>
        <input
          ref={field}
          value={text}
          maxLength={LONGEST}
          autocomplete="off"
          enterkeyhint="send"
          aria-label={texts.write}
          placeholder={texts.write}
          onInput={event => setText(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            if (reply) clear();
            else leave();
          }}
          data-testid="chat-input"
        />
        <button
          type="submit"
          class="button primary square"
          disabled={!text.trim() || sending || !channel.connected.value}
          aria-label={texts.send}
          title={texts.send}
          data-testid="chat-send"
        >
          <Icon name="right" />
        </button>
      </form>
    </>
  );
}
