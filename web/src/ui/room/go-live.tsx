import { useState } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { Switch } from "../parts/switch";
import type { Call } from "./call";
import { texts } from "./texts";

/** Title, and what going live means for those inside. */
export function GoLiveDialog({ call, room, close }: { call: Call; room: string; close(): void }) {
  const [busy, setBusy] = useState(false);
  const [wanted, setRecord] = useState(false);
  const always = call.state.value?.room.auto_record ?? false;
  const [each, setEach] = useState(false);
  const record = wanted || always;
  const eachAlways = always && (call.state.value?.room.auto_separately ?? false);
  const separately = record && (each || eachAlways);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget as HTMLFormElement).get("title") ?? "").trim();
    setBusy(true);
    if (await call.ask(seat => seat.goLive(title, record, separately))) close();
    else setBusy(false);
  };
  return (
    <Dialog title={t("go_live")} close={close}>
      <form class="stack" onSubmit={submit}>
        <p>{t("go_live_text")}</p>
        {call.state.value?.room.restricted && <p>{texts.restricted}</p>}
        <p class="small">
          <a href={`/studio/${room}`} target="_blank" rel="noopener" data-testid="to-studio">
            {texts.to_studio}
          </a>
        </p>
        {call.may("administer") && (
          <p class="small">
            <a href={`/pushes/${room}`} target="_blank" rel="noopener" data-testid="to-pushes">
              {t("to_pushes")}
            </a>
          </p>
        )}
        <label class="field">
          <span>{t("live_title")}</span>
          <input
            name="title"
            maxLength={100}
            autocomplete="off"
            placeholder={call.state.value?.room.name ?? ""}
            data-testid="live-title"
          />
        </label>
        <Switch label={texts.record_it} on={record} disabled={always} set={setRecord} testid="go-live-record" />
        {always && <p class="small quiet">{texts.record_always}</p>}
        {record && <p class="small quiet">{texts.record_text}</p>}
        {record && (
          <Switch
            label={texts.separately}
            on={separately}
            disabled={eachAlways}
            set={setEach}
            testid="go-live-separately"
          />
        )}
        {separately && <p class="small quiet">{texts.separately_text}</p>}
        <div class="row end">
          <button type="button" class="button" onClick={close}>
            {t("cancel")}
          </button>
          <button type="submit" class="button primary" disabled={busy} data-testid="go-live-confirm">
            {t("go_live")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
