import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { Call } from "./call";

function Question({ call }: { call: Call }) {
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Not away from a dialog or a text somebody is in the middle of.
    if (document.activeElement === document.body || document.activeElement === null) card.current?.focus();
  }, []);
  const pushes = call.live.value?.pushes ?? [];
  const answer = (yes: boolean) => call.ask(room => room.consent(yes));
  return (
    <div
      class="consent"
      role="alertdialog"
      aria-labelledby="consent"
      aria-describedby="consent-text"
      ref={card}
      tabIndex={-1}
    >
      <div>
        <h2 id="consent">{t("consent_title")}</h2>
        <p id="consent-text">
          {t("consent_text")}
          {pushes.length > 0 && ` ${t("also_sent", { names: pushes.join(", ") })}`}
        </p>
      </div>
      <div class="row end">
        <button type="button" class="button" onClick={() => answer(false)} data-testid="consent-no">
          {t("consent_no")}
        </button>
        <button type="button" class="button primary" onClick={() => answer(true)} data-testid="consent-yes">
          {t("consent_yes")}
        </button>
      </div>
    </div>
  );
}

/** While the room is live: the question, and afterwards the way back from either answer. */
export function Consent({ call }: { call: Call }) {
  const me = call.me.value;
  if (!call.live.value || !me || call.phase.value !== "joined") return null;
  if (me.on_air === "asked") return <Question call={call} />;
  const onAir = me.on_air === "yes";
  return (
    <div class={onAir ? "air-line on-air" : "air-line"} role="status">
      <span>{onAir ? t("you_on_air") : t("you_not_on_air")}</span>
      <button
        type="button"
        class="button"
        onClick={() => call.ask(room => room.consent(!onAir))}
        data-testid={onAir ? "withdraw" : "go-on-air"}
      >
        {onAir ? t("withdraw") : t("go_on_air")}
      </button>
    </div>
  );
}
