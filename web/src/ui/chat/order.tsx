import { useEffect, useState } from "preact/hooks";
import type { ChatMessage, ChatRules, Deal } from "../../client/chat";
import { locale } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { api } from "../parts/session";
import { Switch } from "../parts/switch";
import { say } from "../parts/toast";
import type { Channel } from "./model";
import { texts } from "./texts";
import { problemText } from "./words";

const SLOW = [0, 5, 10, 30, 60, 300];
const when = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" });

function Choice<T extends string>(props: {
  label: string;
  value: T;
  of: readonly (readonly [T, string])[];
  set(value: T): void;
  testid: string;
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select
        value={props.value}
        onChange={event => props.set(event.currentTarget.value as T)}
        data-testid={props.testid}
      >
        {props.of.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What was written before, for those who look for something. */
function Search({ channel, room }: { channel: Channel; room: string }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<ChatMessage[] | null>(null);
  const search = async (event: Event) => {
    event.preventDefault();
    try {
      const where = channel.state.value?.channel ?? "room";
      setFound((await api.searchChat(room, { channel: where, text })) as ChatMessage[]);
    } catch (error) {
      say(problemText(error), "fault");
    }
  };
  const turn = async (message: ChatMessage) => {
    const op = message.state === "deleted" ? "restore" : "delete";
    if (!(await channel.ask(op, { messages: [message.id] }))) return;
    const { state: _, ...shown } = message;
    const now: ChatMessage = op === "delete" ? { ...message, state: "deleted" } : shown;
    setFound(before => before?.map(one => (one.id === message.id ? now : one)) ?? null);
  };
  return (
    <section class="stack tight">
      <form class="row bottom" onSubmit={search}>
        <label class="field grow">
          <span>{texts.search_label}</span>
          <input value={text} onInput={event => setText(event.currentTarget.value)} data-testid="chat-search" />
        </label>
        <button type="submit" class="button">
          {texts.search}
        </button>
      </form>
      {found && (
        <ul class="chat-found" role="status" data-testid="chat-found">
          {found.length === 0 && <li class="quiet">{texts.found_none}</li>}
          {found.map(message => (
            <li key={message.id} class="row">
              <span class="grow">
                <span class="small quiet">{when.format(new Date(message.at))}</span> {message.name}: {message.text}
              </span>
              {(!message.state || message.state === "deleted") && (
                <button type="button" class="button" onClick={() => void turn(message)}>
                  {message.state ? texts.restore : texts.delete}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What holds in a channel, who is paused, and what was written before. */
export function Order({ channel, room, close }: { channel: Channel; room: string | null; close(): void }) {
  const state = channel.state.value;
  const [rules, setRules] = useState<ChatRules | null>(state?.rules ?? null);
  const [words, setWords] = useState(state?.rules.words?.join("\n") ?? "");
  // What somebody else changes meanwhile is taken over.
  useEffect(() => {
    setRules(state?.rules ?? null);
    setWords(state?.rules.words?.join("\n") ?? "");
  }, [state?.rules]);
  if (!state || !rules) return null;
  const change = (part: Partial<ChatRules>) => setRules({ ...rules, ...part });
  const save = async () => {
    const list = words.split("\n").map(word => word.trim());
    const wanted = { ...rules, words: list.filter(Boolean), word_deal: rules.word_deal ?? "hold" };
    if (await channel.ask("rules", wanted)) say(texts.saved);
  };
  const deals: [Deal, string][] = [
    ["allow", texts.allow],
    ["hold", texts.hold],
    ["refuse", texts.refuse_them],
  ];
  const slow = SLOW.includes(rules.slow) ? SLOW : [...SLOW, rules.slow].sort((a, b) => a - b);
  return (
    <Dialog title={texts.settings} close={close}>
      <Choice
        label={texts.writers}
        value={rules.writers}
        of={[
          ["everybody", texts.everybody],
          ["invited", texts.invited],
          ["moderators", texts.moderators],
        ]}
        set={writers => change({ writers })}
        testid="chat-writers"
      />
      <Choice
        label={texts.slow_mode}
        value={String(rules.slow)}
        of={slow.map(n => [String(n), n === 0 ? texts.off : fill(texts.seconds, { n })] as const)}
        set={value => change({ slow: Number(value) })}
        testid="chat-slow"
      />
      <Switch label={texts.review} on={rules.review} set={review => change({ review })} testid="chat-review" />
      <Choice label={texts.links} value={rules.links} of={deals} set={links => change({ links })} testid="chat-links" />
      <label class="field">
        <span>{texts.words}</span>
        <textarea
          class="chat-words"
          rows={3}
          value={words}
          aria-describedby="chat-words-hint"
          onInput={event => setWords(event.currentTarget.value)}
          data-testid="chat-words"
        />
        <span id="chat-words-hint">{texts.words_hint}</span>
      </label>
      <Choice
        label={texts.word_deal}
        value={rules.word_deal === "refuse" ? "refuse" : "hold"}
        of={deals.slice(1)}
        set={word_deal => change({ word_deal })}
        testid="chat-word-deal"
      />
      <p class="row end">
        <button type="button" class="button primary" onClick={() => void save()} data-testid="chat-save">
          {texts.save}
        </button>
      </p>
      <h3>{texts.timeouts}</h3>
      {(state.timeouts ?? []).length === 0 && <p class="quiet">{texts.no_timeouts}</p>}
      {(state.timeouts ?? []).map(({ by, name }) => (
        <p key={by}>
          <button type="button" class="button" onClick={() => void channel.ask("lift", { by })}>
            {fill(texts.lift, { name })}
          </button>
        </p>
      ))}
      {room && <Search channel={channel} room={room} />}
    </Dialog>
  );
}
