import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { Call } from "./call";
import { texts } from "./texts";

interface Answer {
  label: string;
  testid: string;
  primary?: boolean;
  give(): void;
}

function Question({ title, text, answers }: { title: string; text: string; answers: Answer[] }) {
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Not away from a dialog or a text somebody is in the middle of.
    if (document.activeElement === document.body || document.activeElement === null) card.current?.focus();
  }, []);
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
        <h2 id="consent">{title}</h2>
        <p id="consent-text">{text}</p>
      </div>
      <div class="row end">
        {answers.map(({ label, testid, primary, give }) => (
          <button
            type="button"
            key={testid}
            class={primary ? "button primary" : "button"}
            onClick={give}
            data-testid={testid}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

/** While the room is live: the questions, and afterwards the way back from either answer. */
export function Consent({ call, room }: { call: Call; room: string }) {
  const me = call.me.value;
  const live = call.live.value;
  if (!live || !me || call.phase.value !== "joined") return null;
  // Who looks on is neither seen nor heard: there is nothing to agree to.
  if (!call.may("speak") && !call.may("show_camera") && !call.may("share_screen")) return null;
  const answer = (onAir: boolean, recorded?: boolean, separately?: boolean) => () =>
    void call.ask(seat => seat.consent(onAir, recorded, separately));
  const recording = Boolean(live.recording);
  const wanted = recording && Boolean(live.separately);
  // A yes to the recording is none to a file of one's own: that has an answer of its own.
  const less = wanted ? false : undefined;
  const recordedText = [texts.consent_recorded_text, ...(wanted ? [texts.consent_separately_text] : [])].join(" ");
  if (me.on_air === "asked") {
    const no = { label: t("consent_no"), testid: "consent-no", give: answer(false) };
    const yes = {
      label: t("consent_yes"),
      testid: "consent-yes",
      primary: true,
      give: answer(true, recording || undefined, less),
    };
    const both = { ...yes, label: texts.consent_both };
    const all = { label: texts.consent_all, testid: "consent-separately", give: answer(true, true, true) };
    const unrecorded = { label: texts.consent_unrecorded, testid: "consent-unrecorded", give: answer(true, false) };
    const elsewhere = live.pushes ?? [];
    const text = [
      t("consent_text"),
      ...(elsewhere.length > 0 ? [t("also_sent", { names: elsewhere.join(", ") })] : []),
      ...(recording ? [recordedText] : []),
    ].join(" ");
    return (
      <Question
        key={wanted ? "all" : recording ? "both" : "air"}
        title={t("consent_title")}
        text={text}
        answers={wanted ? [no, unrecorded, both, all] : recording ? [no, unrecorded, both] : [no, yes]}
      />
    );
  }
  if (me.recorded === "asked") {
    return (
      <Question
        key={wanted ? "record-all" : "record"}
        title={texts.record_title}
        text={recordedText}
        answers={[
          { label: texts.record_no, testid: "record-no", give: answer(true, false) },
          { label: texts.record_yes, testid: "record-yes", primary: true, give: answer(true, true, less) },
          ...(wanted ? [{ label: texts.record_all, testid: "record-separately", give: answer(true, true, true) }] : []),
        ]}
      />
    );
  }
  if (me.separately === "asked") {
    return (
      <Question
        key="separately"
        title={texts.separately_title}
        text={texts.consent_separately_text}
        answers={[
          { label: texts.separately_no, testid: "separately-no", give: answer(true, true, false) },
          { label: texts.separately_yes, testid: "separately-yes", primary: true, give: answer(true, true, true) },
        ]}
      />
    );
  }
  const onAir = me.on_air === "yes";
  const recorded = me.recorded === "yes";
  const separately = me.separately === "yes";
  const line = !onAir
    ? t("you_not_on_air")
    : recording && !recorded
      ? texts.you_not_recorded
      : live.slate
        ? texts.you_after_slate
        : recording
          ? separately
            ? texts.you_recorded_separately
            : texts.you_recorded
          : t("you_on_air");
  return (
    <div class={onAir ? "air-line on-air" : "air-line"} role="status">
      <span>
        {line}{" "}
        {call.may("broadcast") && (
          <a href={`/studio/${room}`} target="_blank" rel="noopener" data-testid="to-studio">
            {texts.studio}
          </a>
        )}
      </span>
      {onAir && wanted && recorded && (
        <button
          type="button"
          class="button"
          onClick={answer(true, true, !separately)}
          data-testid={separately ? "separately-withdraw" : "separately-agree"}
        >
          {separately ? texts.separately_withdraw : texts.separately_agree}
        </button>
      )}
      {onAir && recording && (
        <button
          type="button"
          class="button"
          onClick={answer(true, !recorded)}
          data-testid={recorded ? "record-withdraw" : "record-agree"}
        >
          {recorded ? texts.record_withdraw : texts.record_agree}
        </button>
      )}
      <button
        type="button"
        class="button"
        onClick={onAir ? answer(false) : answer(true, recording || undefined)}
        data-testid={onAir ? "withdraw" : "go-on-air"}
      >
        {onAir ? t("withdraw") : recording ? texts.go_on_air_recorded : t("go_on_air")}
      </button>
    </div>
  );
}
