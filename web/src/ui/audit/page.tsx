import { useEffect, useState } from "preact/hooks";
import type { Audited } from "../../client/account";
import { Problem } from "../../client/problem";
import { locale, t } from "../i18n";
import { moment } from "../i18n/format";
import { AirHeader } from "../parts/air";
import { people } from "../parts/people";
import { explain } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { action, texts } from "./texts";

/** As many come at once; fewer are the last. */
const PAGE = 100;

/** What was done on the box, or in the room that the address names. */
export default function AuditPage() {
  const room = new URLSearchParams(location.search).get("room");
  const [entries, setEntries] = useState<Audited[] | null>(null);
  const [last, setLast] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const load = async (before?: number) => {
    try {
      const found = await people.audit(room, before);
      setEntries(known => [...(known ?? []), ...found]);
      setLast(found.length < PAGE);
    } catch (error) {
      const refused = error instanceof Problem && (error.status === 401 || error.status === 403);
      setProblem(refused ? texts.not_yours : explain(error));
    }
  };
  useEffect(() => void load(), []);
  return (
    <>
      <AirHeader title={texts.title} room={room} />
      <main class="page">
        <h1>{texts.title}</h1>
        <p class="quiet">{texts.text}</p>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!entries && !problem && <Skeleton label={t("loading")} />}
        {entries?.length === 0 && <p class="empty">{texts.none}</p>}
        <ul class="lines">
          {entries?.map(one => (
            <li key={one.id} class="line" data-testid="audited">
              <span class="grow wrap-anywhere">
                <strong>{one.actor || texts.box}</strong> {action(one.action)}{" "}
                {one.subject && <strong>{one.subject}</strong>}
                {one.detail && <span class="quiet"> ({one.detail})</span>}
                <time class="small quiet block" dateTime={one.at}>
                  {moment(one.at, locale)}
                </time>
              </span>
            </li>
          ))}
        </ul>
        {entries && !last && entries.length > 0 && (
          <button type="button" class="button" onClick={() => load(entries.at(-1)?.id)}>
            {texts.more}
          </button>
        )}
      </main>
    </>
  );
}
