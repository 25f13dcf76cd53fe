import { useEffect, useMemo } from "preact/hooks";
import { Channel } from "./model";
import { Panel } from "./panel";
import { wear } from "./sheet";
import { texts } from "./texts";

wear();

/** The chats of a call: that of those in it, and that of those who watch while it is on air. */
export function CallChat(props: {
  room: string;
  broadcast: string;
  name: string;
  live: boolean;
  shown: boolean;
  /** Raises one's hand, or lowers it. */
  hand(up: boolean): void;
  /** So many came while nobody looked. */
  unread(count: number): void;
  close(): void;
}) {
  const { room, broadcast, name, live, shown, hand, unread, close } = props;
  const path = `/api/v1/rooms/${encodeURIComponent(room)}/chat`;
  const call = useMemo(() => new Channel(path, name), [path, name]);
  useEffect(() => () => call.close(), [call]);
  call.hand = hand;
  const audience = useMemo(
    () => (live ? new Channel(`/api/v1/broadcasts/${encodeURIComponent(broadcast)}/chat`, name) : null),
    [live, broadcast, name],
  );
  useEffect(() => () => audience?.close(), [audience]);
  if (audience) audience.hand = hand;
  useEffect(() => {
    document.body.classList.toggle("chat-beside", shown);
    return () => document.body.classList.remove("chat-beside");
  }, [shown]);
  const count = call.unread.value + (audience?.unread.value ?? 0);
  useEffect(() => unread(count), [count]);
  if (!shown) return null;
  const channels = [{ name: texts.call, channel: call }];
  if (audience) channels.push({ name: texts.audience, channel: audience });
  return <Panel channels={channels} room={room} close={close} />;
}
