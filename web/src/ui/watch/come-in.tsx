import { useEffect, useState } from "preact/hooks";
import { api, session } from "../parts/session";
import { texts } from "./texts";

/** The way to the stage, for whoever has a place in the room: into it, with a raised hand. Those who run it need none. */
export function ComeIn({ broadcast }: { broadcast: string }) {
  const [room, setRoom] = useState<string | null>(null);
  const who = session.value;
  const invited = who !== null && who.role !== "host" && (who.room !== null || who.identity !== null);
  useEffect(() => {
    setRoom(null);
    if (!invited) return;
    api.rooms().then(
      rooms => setRoom(rooms.find(one => one.broadcast === broadcast)?.id ?? null),
      () => {},
    );
  }, [broadcast, invited]);
  return (
    room && (
      <a class="button" href={`/r/${room}#hand`} data-testid="come-in">
        {texts.come_in}
      </a>
    )
  );
}
