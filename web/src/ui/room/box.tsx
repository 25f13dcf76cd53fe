import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { api, explain } from "../parts/session";
import { Switch } from "../parts/switch";
import { say } from "../parts/toast";
import { Volume } from "../parts/volume";
import type { Call } from "./call";
import { Screen } from "./screen";

/** A photograph of what the box shows on its screen. */
function Still({ room }: { room: string }) {
  const [picture, setPicture] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => () => void (picture && URL.revokeObjectURL(picture)), [picture]);
  const take = async () => {
    setBusy(true);
    try {
      setPicture(URL.createObjectURL(await api.still(room)));
    } catch (error) {
      say(explain(error), "fault");
    }
    setBusy(false);
  };
  return (
    <div class="stack">
      <button type="button" class="button" onClick={take} disabled={busy} data-testid="still">
        <Icon name="still" />
        <span>{busy ? t("still_taking") : t("still")}</span>
      </button>
      <p class="small quiet">{t("still_text")}</p>
      {picture && (
        <>
          <img class="still" src={picture} alt={t("still_alt")} data-testid="still-picture" />
          <a class="button" href={picture} download="porchlight.jpg">
            {t("still_save")}
          </a>
        </>
      )}
    </div>
  );
}

function closeForPrivacy() {
  api.closeForPrivacy().then(
    () => say(t("private_closed")),
    error => say(explain(error), "fault"),
  );
}

/** What the box itself does in this call. */
export function BoxDialog({ call, room, close }: { call: Call; room: string; close(): void }) {
  const box = call.box();
  const live = call.live.value !== null;
  return (
    <Dialog title={t("the_box")} close={close}>
      <div class="stack">
        <Switch
          label={t("box_in_call")}
          on={box !== null}
          set={in_call => call.ask(r => r.box({ in_call }))}
          testid="box-toggle"
        />
        {box && (
          <>
            <Switch
              label={t("box_microphone")}
              on={box.microphone}
              set={microphone => call.ask(r => r.box({ microphone }))}
              testid="box-microphone"
            />
            <Switch
              label={t("box_camera")}
              on={box.camera}
              set={camera => call.ask(r => r.box({ camera }))}
              testid="box-camera"
            />
            {live && (
              <Switch
                label={t("box_on_air")}
                on={box.on_air === "yes"}
                set={on_air => call.ask(r => r.box({ on_air }))}
                testid="box-on-air"
              />
            )}
            {box.private && <p class="note">{t("private_on")}</p>}
            {box.stand_in && <p class="note">{t("box_stand_in")}</p>}
            <a href="/camera" target="_blank" rel="noopener" data-testid="box-camera-adjust">
              {t("to_camera")}
            </a>
          </>
        )}
        {!box?.private && (
          <div class="stack">
            <button type="button" class="button" onClick={closeForPrivacy} data-testid="private">
              <Icon name="camera-off" />
              <span>{t("private_close")}</span>
            </button>
            <p class="small quiet">{t("private_text")}</p>
          </div>
        )}
        {box && <Screen />}
        <Volume />
        <Still room={room} />
      </div>
    </Dialog>
  );
}
