import type { Chosen, Telephone } from "../../client";
import { type Key, locale, t } from "../i18n";
import { moment } from "../i18n/format";
import { api, explain } from "../parts/session";
import { Switch } from "../parts/switch";
import { telephone } from "../parts/telephone";
import { say } from "../parts/toast";

const OUTCOMES: Record<Telephone["calls"][number]["outcome"], Key> = {
  answered: "call_answered",
  declined: "call_declined",
  missed: "call_missed",
  cancelled: "call_cancelled",
  not_disturbed: "call_not_disturbed",
  busy: "call_busy",
};

const refused = (error: unknown) => say(explain(error), "fault");

/** When the box rings, whom it answers by itself, and the calls that were. */
export function TelephoneSection() {
  const now = telephone.value;
  if (!now) return null;
  const choose = (change: Partial<Chosen>) => {
    const { do_not_disturb, quiet_hours, answers } = now;
    api.chooseTelephone({ do_not_disturb, quiet_hours, answers, ...change }).catch(refused);
  };
  const [from, to] = now.quiet_hours?.split("-") ?? ["22:00", "07:00"];
  const hours = (event: Event) => {
    const form = (event.currentTarget as HTMLInputElement).form;
    const given = new FormData(form ?? undefined);
    if (given.get("from") && given.get("to")) choose({ quiet_hours: `${given.get("from")}-${given.get("to")}` });
  };
  return (
    <section aria-labelledby="telephone" data-testid="telephone">
      <h2 id="telephone">{t("telephone")}</h2>
      {now.in_call && (
        <div class="card">
          <p class="card-text">{t("in_call")}</p>
          <button type="button" class="button danger" onClick={() => api.hangUp().catch(refused)} data-testid="hang-up">
            {t("hang_up")}
          </button>
        </div>
      )}
      <div class="stack">
        <Switch
          label={t("do_not_disturb")}
          on={now.do_not_disturb}
          set={do_not_disturb => choose({ do_not_disturb })}
          testid="do-not-disturb"
        />
        <Switch
          label={t("quiet_hours")}
          on={now.quiet_hours !== null}
          set={on => choose({ quiet_hours: on ? `${from}-${to}` : null })}
          testid="quiet-hours"
        />
        {now.quiet_hours && (
          <form class="row" onSubmit={event => event.preventDefault()}>
            <label class="field">
              <span>{t("quiet_from")}</span>
              <input type="time" name="from" value={from} onChange={hours} />
            </label>
            <label class="field">
              <span>{t("quiet_to")}</span>
              <input type="time" name="to" value={to} onChange={hours} />
            </label>
          </form>
        )}
      </div>
      <h3>{t("calls")}</h3>
      {now.calls.length === 0 ? (
        <p class="empty">{t("no_calls")}</p>
      ) : (
        <>
          <ul class="calls">
            {now.calls.map(call => {
              const chosen = now.answers.includes(call.contact);
              const others = now.answers.filter(contact => contact !== call.contact);
              return (
                <li key={`${call.at}${call.contact}`} class="call-line">
                  <span>{call.name}</span>
                  <span class="small quiet">
                    {t(OUTCOMES[call.outcome])} · {moment(call.at, locale)}
                  </span>
                  <button
                    type="button"
                    class="button quiet"
                    aria-pressed={chosen}
                    onClick={() => choose({ answers: chosen ? others : [...others, call.contact] })}
                  >
                    {t(chosen ? "answers_itself" : "answer_by_itself")}
                  </button>
                </li>
              );
            })}
          </ul>
          <div class="row end">
            <button type="button" class="button quiet" onClick={() => api.forgetCalls().catch(refused)}>
              {t("forget_calls")}
            </button>
          </div>
        </>
      )}
    </section>
  );
}
