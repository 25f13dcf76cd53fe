import { useEffect, useMemo, useState } from "preact/hooks";
import { api } from "../parts/session";
import { remember, remembered } from "../parts/storage";
import { Channel } from "./model";
import { Panel } from "./panel";
import { wear } from "./sheet";
import { texts } from "./texts";

const KEY = "chat-hidden";

wear();

/** The chat of those who watch, beside the picture or below it. */
export function WatchChat({ broadcast }: { broadcast: string }) {
  const channel = useMemo(() => new Channel(`/api/v1/broadcasts/${encodeURIComponent(broadcast)}/chat`), [broadcast]);
  const [shown, setShown] = useState(remembered(KEY) === null);
  const [room, setRoom] = useState<string | null>(null);
  useEffect(() => () => channel.close(), [channel]);
  useEffect(() => {
    document.body.classList.toggle("chat-beside", shown);
    return () => document.body.classList.remove("chat-beside");
  }, [shown]);
  const moderates = channel.you.value?.moderates ?? false;
  useEffect(() => {
    // Those who keep order may search, which is a matter of the room.
    if (!moderates) return;
    api.rooms().then(
      rooms => setRoom(rooms.find(one => one.broadcast === broadcast)?.id ?? null),
      () => {},
    );
  }, [moderates, broadcast]);
  const show = (wanted: boolean) => {
    setShown(wanted);
    remember(KEY, wanted ? null : "yes");
  };
  if (shown) return <Panel channels={[{ name: texts.chat, channel }]} room={room} close={() => show(false)} />;
  return (
    <p class="chat-closed">
      <button type="button" class="button" onClick={() => show(true)} data-testid="chat-show">
        {texts.show}
        {channel.unread.value > 0 && <span class="chat-count">{channel.unread.value}</span>}
      </button>
    </p>
  );
}
