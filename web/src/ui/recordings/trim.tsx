import { useId, useState } from "preact/hooks";
import type { Recording } from "../../client";
import { Problem } from "../../client/problem";
import { language, t } from "../i18n";
import { fill } from "../i18n/format";
import { Icon } from "../parts/icons";
import { api, explain } from "../parts/session";
import { say } from "../parts/toast";
import { parsed, partOf, written } from "./times";
import { texts } from "./trim-texts";

const POINT = language === "de" ? "," : ".";

/** One end of the part: where it is, set from where the video is, and the way there. */
function End(props: {
  which: "from" | "to";
  value: string;
  video: { current: HTMLVideoElement | null };
  set(value: string): void;
  /** What describes both. */
  state: string;
}) {
  const { which, value, video, set, state } = props;
  const at = parsed(value);
  const here = () => {
    if (video.current) set(written(video.current.currentTime * 1000, POINT));
  };
  const jump = () => {
    if (video.current && at !== null) video.current.currentTime = at / 1000;
  };
  return (
    <div class="row bottom">
      <label class="field">
        <span>{texts[which]}</span>
        <input
          value={value}
          maxLength={16}
          size={8}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={at === null}
          aria-describedby={state}
          onInput={event => set(event.currentTarget.value)}
          data-testid={`trim-${which}`}
        />
      </label>
      <button type="button" class="button" onClick={here} data-testid={`trim-${which}-here`}>
        {texts[`${which}_here`]}
      </button>
      <button
        type="button"
        class="button square"
        disabled={at === null}
        onClick={jump}
        aria-label={texts[`jump_${which}`]}
        title={texts[`jump_${which}`]}
        data-testid={`trim-${which}-jump`}
      >
        <Icon name="eye" />
      </button>
    </div>
  );
}

/** Cuts a part out of a recording whose video is open. */
export function Trim(props: {
  recording: Recording;
  video: { current: HTMLVideoElement | null };
  /** A part is being copied. */
  saved(): void;
  close(): void;
}) {
  const { recording, video, saved, close } = props;
  const [from, setFrom] = useState(written(0, POINT));
  const [to, setTo] = useState(written(recording.duration, POINT));
  const [busy, setBusy] = useState(false);
  const state = useId();
  const part = partOf(from, to, recording.duration);
  const wrong = typeof part === "string";
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong) return;
    setBusy(true);
    try {
      await api.trimRecording(recording.id, part);
      say(texts.begun);
      saved();
    } catch (error) {
      say((error instanceof Problem && texts.problems[error.type]) || explain(error), "fault");
      setBusy(false);
    }
  };
  return (
    <form class="stack tight trim" onSubmit={submit} data-testid="trim-form">
      <p class="small quiet">{texts.text}</p>
      <End which="from" value={from} video={video} set={setFrom} state={state} />
      <End which="to" value={to} video={video} set={setTo} state={state} />
      <p class="small" id={state} role="status">
        {wrong ? texts[part] : fill(texts.length, { time: written(part.to - part.from, POINT) })}
      </p>
      <div class="row">
        <button type="submit" class="button primary" disabled={wrong || busy} data-testid="trim-save">
          {texts.save}
        </button>
        <button type="button" class="button" onClick={close}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
