import { useEffect, useState } from "preact/hooks";
import { Lobby, Problem, type Waited } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { OnAirSign } from "../parts/on-air";
import { explain } from "../parts/session";
import { texts } from "./texts";

const REASONS: Record<string, string> = {
  refused: texts.refused,
  "not-let-in": texts.refused,
  replaced: texts.waits_elsewhere,
  banned: texts.banned_title,
  locked: texts.locked_out,
  "lobby-full": texts.lobby_full,
};

/** What is said to somebody who does not get in. */
export function why(error: unknown): string {
  return (error instanceof Problem && REASONS[error.type]) || explain(error);
}

/** Somebody waits to be let in, and goes on into the room at once when they are. */
export function Waits(props: { room: string; name: string; enter(): void; leave(why: string | null): void }) {
  const { room, name, enter, leave } = props;
  const [told, setTold] = useState<Waited | null>(null);
  useEffect(() => {
    const lobby = new Lobby({ room, name });
    lobby.wait(setTold).then(enter, (problem: unknown) => leave(why(problem)));
    return () => lobby.stop();
  }, [room, name]);
  return (
    <section class="message" aria-labelledby="lobby" data-testid="lobby">
      <h1 id="lobby">{texts.lobby_title}</h1>
      {told?.live && <OnAirSign />}
      <p role="status">{told?.name ?? t("loading")}</p>
      <p>{fill(texts.lobby_text, { name })}</p>
      <button type="button" class="button" onClick={() => leave(null)} data-testid="lobby-leave">
        {texts.lobby_leave}
      </button>
    </section>
  );
}
