import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatMessage } from "../../client/chat";
import { fill } from "../i18n/format";
import { Icon } from "../parts/icons";
import { Composer } from "./composer";
import { Item } from "./message";
import { type Channel, deed } from "./model";
import { Order } from "./order";
import { texts } from "./texts";

/** How near to its end the list has to be to go on with what comes, in pixels. */
const NEAR = 60;

/** What was done last, with what undoes it; and what else there is to say. */
function Told({ channel }: { channel: Channel }) {
  const undo = channel.undo.value;
  return (
    <div role="status" class="chat-told">
      {undo && (
        <p class="row">
          <span class="grow">{deed(undo.did, undo.who)}</span>
          <button type="button" class="button" onClick={() => void channel.takeBack()} data-testid="chat-undo">
            {texts.undo}
          </button>
        </p>
      )}
      {channel.told.value && (
        <p class="row small">
          <span class="grow">{channel.told.value}</span>
        </p>
      )}
      {!channel.connected.value && !channel.ended.value && <p class="small">{texts.lost}</p>}
      {channel.state.value?.saved === false && <p class="small">{texts.unsaved}</p>}
    </div>
  );
}

/** The messages: a log that is read out as it grows. The arrow keys move along them, Enter opens what can be done. */
function Messages({ channel, only, answer }: { channel: Channel; only: boolean; answer(message: ChatMessage): void }) {
  const list = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<number | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const [below, setBelow] = useState(false);
  const [more, setMore] = useState(true);
  const all = channel.state.value?.messages ?? [];
  const shown = only ? channel.open : all;
  const at = shown.some(message => message.id === current) ? current : shown.at(-1)?.id;
  const end = () => {
    const element = list.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  // Who reads what was before stays there.
  useLayoutEffect(() => {
    if (!below) end();
  }, [shown.at(-1)?.id, only]);
  const scrolled = () => {
    const element = list.current;
    if (element) setBelow(element.scrollHeight - element.scrollTop - element.clientHeight > NEAR);
  };
  const press = (event: KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLElement>("[data-testid=chat-message]") ?? [])];
    const now = items.indexOf(document.activeElement as HTMLElement);
    if (now < 0) return;
    const to = { ArrowUp: now - 1, ArrowDown: now + 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    // The keys of the player stay with the player.
    event.stopPropagation();
    items[Math.max(0, Math.min(items.length - 1, to))]?.focus();
  };
  const earlier = async () => {
    const element = list.current;
    const before = element ? element.scrollHeight - element.scrollTop : 0;
    setBelow(true);
    setMore(await channel.earlier());
    requestAnimationFrame(() => {
      if (element) element.scrollTop = element.scrollHeight - before;
    });
  };
  return (
    <div class="chat-middle">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys move the focus among its messages */}
      <div class="chat-list" ref={list} onScroll={scrolled} onKeyDown={press}>
        {!only && more && all.length >= 50 && (
          <button type="button" class="button quiet" onClick={() => void earlier()} data-testid="chat-earlier">
            {texts.earlier}
          </button>
        )}
        {all.length === 0 && channel.state.value && (
          <p class="chat-empty quiet">
            {channel.state.value.channel === "room" ? texts.empty_call : texts.empty_audience}
          </p>
        )}
        <div role="log" aria-live="polite" aria-relevant="additions" aria-label={texts.chat} data-testid="chat-log">
          <ol>
            {shown.map(message => (
              <Item
                key={message.id}
                message={message}
                answered={message.reply === undefined ? null : (all.find(one => one.id === message.reply) ?? null)}
                channel={channel}
                current={message.id === at}
                open={message.id === open}
                focus={() => setCurrent(message.id)}
                toggle={wanted => setOpen(wanted ? message.id : null)}
                answer={() => answer(message)}
              />
            ))}
          </ol>
        </div>
      </div>
      {below && (
        <button type="button" class="button chat-newest" onClick={end}>
          {texts.newest}
        </button>
      )}
    </div>
  );
}

/** One channel. */
function Talk({ channel, room, close }: { channel: Channel; room: string | null; close(): void }) {
  const [reply, setReply] = useState<ChatMessage | null>(null);
  const [only, setOnly] = useState(false);
  const [ordering, setOrdering] = useState(false);
  const moderates = channel.you.value?.moderates ?? false;
  const waiting = channel.open.length;
  useEffect(() => {
    channel.look(true);
    return () => channel.look(false);
  }, [channel]);
  useEffect(() => {
    if (waiting === 0) setOnly(false);
  }, [waiting === 0]);
  if (channel.ended.value) return <p class="chat-empty">{texts.ended}</p>;
  return (
    <>
      {moderates && (
        <div class="chat-order">
          {waiting > 0 && (
            <button
              type="button"
              class="button"
              aria-pressed={only}
              onClick={() => setOnly(!only)}
              data-testid="chat-open"
              data-count={waiting}
            >
              {fill(texts.look_at, { n: waiting })}
            </button>
          )}
          <button type="button" class="button quiet" onClick={() => setOrdering(true)} data-testid="chat-settings">
            {texts.settings}
          </button>
        </div>
      )}
      <Messages channel={channel} only={only} answer={setReply} />
      <Told channel={channel} />
      <Composer channel={channel} reply={reply} clear={() => setReply(null)} leave={close} />
      {ordering && <Order channel={channel} room={room} close={() => setOrdering(false)} />}
    </>
  );
}

/** One or two channels, beside a picture or over it. */
export function Panel(props: {
  channels: { name: string; channel: Channel }[];
  /** For those who keep order in it. */
  room: string | null;
  close(): void;
}) {
  const { channels, room, close } = props;
  const [at, setAt] = useState(0);
  const one = channels[Math.min(at, channels.length - 1)];
  if (!one) return null;
  return (
    <section class="chat" aria-label={texts.chat} data-testid="chat">
      <div class="chat-head">
        {channels.length > 1 ? (
          <div class="chat-tabs">
            {channels.map(({ name, channel }, index) => (
              <button
                key={name}
                type="button"
                class="button quiet"
                aria-pressed={channel === one.channel}
                onClick={() => setAt(index)}
                data-testid={`chat-tab-${index}`}
              >
                {name}
                {channel.unread.value > 0 && <span class="chat-count">{channel.unread.value}</span>}
              </button>
            ))}
          </div>
        ) : (
          <h2 class="grow">{texts.chat}</h2>
        )}
        <button
          type="button"
          class="button quiet square"
          onClick={close}
          aria-label={texts.hide}
          title={texts.hide}
          data-testid="chat-hide"
        >
          <Icon name="close" />
        </button>
      </div>
      <Talk key={one.name} channel={one.channel} room={room} close={close} />
    </section>
  );
}
