import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { OnAirSign } from "../parts/on-air";
import { explain, session } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { clearFragment, fragment } from "../router";
import { Call } from "./call";
import { CallView } from "./call-view";
import { asked, capturing, release } from "./devices";
import { type Entry, enter, type Refusal } from "./entry";
import { PATIENCE, Prejoin } from "./prejoin";
import { takeSeat } from "./seat";
import { texts } from "./texts";

const REFUSALS = {
  invite: ["invite_invalid_title", "invite_invalid_text"],
  uninvited: ["uninvited_title", "uninvited_text"],
  unknown: ["room_unknown_title", "room_unknown_text"],
  unreachable: ["unreachable_title", "unreachable"],
} as const satisfies Record<Refusal, readonly [string, string]>;

const ENDINGS = {
  left: ["left_title", "left_text"],
  removed: ["removed_title", "removed_text"],
  room_closed: ["room_closed_title", "room_closed_text"],
  replaced: ["replaced_title", "replaced_text"],
} as const;

function Refused({ refusal, again }: { refusal: Refusal; again(): void }) {
  const [title, text] = REFUSALS[refusal];
  return (
    <Message tone={refusal === "unreachable" ? "fault" : "quiet"} title={t(title)} text={t(text)}>
      {refusal === "unreachable" ? (
        <button type="button" class="button primary" onClick={again}>
          {t("try_again")}
        </button>
      ) : (
        <a href="/" class="button">
          {t("to_home")}
        </a>
      )}
    </Message>
  );
}

function Ended({ call, again }: { call: Call; again(): void }) {
  const ending = call.ending.value;
  if (!ending) return null;
  const [title, text] =
    ending.how === "refused"
      ? [t("refused_title"), explain(ending.problem)]
      : ending.how === "removed_by_moderator"
        ? [texts.put_out_title, texts.put_out_text]
        : ending.how === "banned"
          ? [texts.banned_title, texts.banned_text]
          : [t(ENDINGS[ending.how][0]), t(ENDINGS[ending.how][1])];
  const over = ending.how === "removed" || ending.how === "room_closed" || ending.how === "banned";
  return (
    <Message title={title} text={text}>
      {!over && (
        <button type="button" class="button primary" onClick={again} data-testid="rejoin">
          {ending.how === "removed_by_moderator" ? texts.ask_again : t("join_again")}
        </button>
      )}
      <a href="/" class="button">
        {t("to_home")}
      </a>
    </Message>
  );
}

/** Takes the seat again that this tab had before its page was loaded again; `null` if there was none, or the box refuses. */
async function comeBack(room: string): Promise<Call | null> {
  const seat = takeSeat(room);
  if (!seat) return null;
  if (session.value?.role !== "viewer") void capturing();
  await asked(PATIENCE);
  const call = new Call(room, seat.name, seat.resume);
  try {
    await call.join();
    return call;
  } catch {
    return null;
  }
}

export default function RoomPage({ id }: { id: string }) {
  // From the page of a broadcast: somebody wants to come on stage.
  const [hand, setHand] = useState(() => fragment("hand") !== null);
  const [entry, setEntry] = useState<Entry | null>(null);
  const [call, setCall] = useState<Call | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let gone = false;
    setEntry(null);
    void enter(id).then(async found => {
      const call = found.room ? await comeBack(found.room.id) : null;
      if (gone) return void call?.leave();
      if (call) joined(call);
      setEntry(found);
    });
    return () => {
      gone = true;
    };
  }, [id, attempt]);
  useEffect(() => release, []);
  useEffect(() => {
    if (!call) return;
    const goAway = () => call.goAway();
    // A page that the browser has kept and shows again is as good as a new one, but without its call.
    const again = (event: PageTransitionEvent) => event.persisted && location.reload();
    addEventListener("pagehide", goAway);
    addEventListener("pageshow", again);
    return () => {
      removeEventListener("pagehide", goAway);
      removeEventListener("pageshow", again);
      if (!call.ending.value) void call.leave();
    };
  }, [call]);
  const live = call ? call.live.value !== null : (entry?.room?.live ?? false);
  useTitle(entry?.room?.name ?? "", live);
  const joined = (call: Call) => {
    setCall(call);
    if (!hand) return;
    setHand(false);
    clearFragment();
    // Who runs the room has no hand to raise.
    if (session.value?.role !== "host") void call.ask(seat => seat.hand(true));
  };
  const again = () => {
    setCall(null);
    setAttempt(attempt + 1);
  };

  if (call && !call.ending.value) return <CallView call={call} roomId={id} />;
  return (
    <>
      <Header lit={live}>{live && call && <OnAirSign />}</Header>
      <main class="page">
        {call ? (
          <Ended call={call} again={again} />
        ) : entry === null ? (
          <Skeleton label={t("loading")} lines={4} />
        ) : entry.refusal ? (
          <Refused refusal={entry.refusal} again={again} />
        ) : (
          <Prejoin room={entry.room} lobby={entry.lobby ?? false} hand={hand} joined={joined} />
        )}
      </main>
    </>
  );
}
