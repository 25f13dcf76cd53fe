import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { go, route } from "../router";
import { Icon } from "./icons";
import { useNow } from "./now";
import { api, explain, session } from "./session";
import { followTelephone, telephone } from "./telephone";
import { say } from "./toast";

/** Somebody rings: for those whose box it is, on every page. */
export function Incoming() {
  const host = session.value?.owner ?? false;
  useEffect(() => followTelephone(host), [host]);
  const ringing = telephone.value?.ringing;
  if (!ringing) return null;
  const ask = (what: () => Promise<void>) => () => what().catch(error => say(explain(error), "fault"));
  const enter = async () => {
    await api.answerCall();
    const here = route.value;
    if (here.page === "home") go(`/r/${ringing.room}`);
  };
  return (
    <section class="incoming" role="alertdialog" aria-labelledby="incoming" data-testid="incoming">
      <Icon name="bell" />
      <div class="grow">
        <h2 id="incoming">{t("incoming", { name: ringing.name })}</h2>
        <p class="small">{ringing.answers ? <Countdown until={ringing.answers} /> : t("incoming_text")}</p>
      </div>
      <button type="button" class="button" onClick={ask(() => api.declineCall())} data-testid="decline">
        {t("decline")}
      </button>
      <button type="button" class="button primary" onClick={ask(enter)} data-testid="answer">
        {t("answer")}
      </button>
    </section>
  );
}

function Countdown({ until }: { until: string }) {
  const left = Math.max(0, Math.ceil((Date.parse(until) - useNow(500)) / 1000));
  return <>{t("incoming_by_itself", { seconds: String(left) })}</>;
}
