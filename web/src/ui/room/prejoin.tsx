import { useEffect, useState } from "preact/hooks";
import type { RoomSummary } from "../../client";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { OnAirSign } from "../parts/on-air";
import { explain } from "../parts/session";
import { remember, remembered } from "../parts/storage";
import { Call } from "./call";
import { asked, capturing, devices, wantCamera, wantMicrophone } from "./devices";
import { usualName } from "./entry";
import { DevicePickers, TroubleNote } from "./pickers";
import { Video } from "./video";

/** Milliseconds that joining waits for an answer about the devices; they may follow later. */
export const PATIENCE = 3_000;

function Preview() {
  const camera = devices.camera.value;
  const microphone = devices.microphone.value !== null && devices.wanted.microphone.value;
  const trouble = devices.trouble.camera.value;
  const cameraOn = camera !== null;
  return (
    <div class="preview">
      {camera ? (
        <Video track={camera} mirrored label={t("your_picture")} />
      ) : (
        <p class="preview-empty quiet">
          {devices.asking.value ? t("asking") : trouble ? t("no_camera") : t("camera_is_off")}
        </p>
      )}
      <div class="preview-bar">
        <button
          type="button"
          class={microphone ? "button over square" : "button over square off"}
          aria-pressed={!microphone}
          aria-label={t("mute")}
          onClick={() => wantMicrophone(!microphone)}
        >
          <Icon name={microphone ? "mic" : "mic-off"} />
        </button>
        <button
          type="button"
          class={cameraOn ? "button over square" : "button over square off"}
          aria-pressed={!cameraOn}
          aria-label={t("camera_off")}
          onClick={() => wantCamera(!cameraOn)}
        >
          <Icon name={cameraOn ? "camera" : "camera-off"} />
        </button>
      </div>
    </div>
  );
}

/** The door of a room: name, picture, devices, and one button. */
export function Prejoin({ room, joined }: { room: RoomSummary; joined(call: Call): void }) {
  const [name, setName] = useState(remembered("name") ?? "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => void capturing(), []);

  const join = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const given = name.trim();
    remember("name", given || null);
    await asked(PATIENCE);
    const call = new Call(room.id, given || usualName());
    try {
      await call.join();
      joined(call);
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };

  return (
    <section class="prejoin" aria-labelledby="room">
      <div class="prejoin-head">
        <h1 id="room">{room.name}</h1>
        {room.live && <OnAirSign />}
      </div>
      <Preview />
      <form class="prejoin-form" onSubmit={join}>
        <p class="quiet">{room.people === 0 ? t("nobody_yet") : t("people_inside", { n: room.people })}</p>
        <label class="field">
          <span>{t("your_name")}</span>
          <input
            name="name"
            value={name}
            maxLength={40}
            autocomplete="nickname"
            placeholder={usualName()}
            onInput={event => setName(event.currentTarget.value)}
            data-testid="name"
          />
        </label>
        <TroubleNote />
        <DevicePickers />
        {room.live && <p class="note">{t("prejoin_live")}</p>}
        {problem && (
          <p class="banner fault" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="button primary large" disabled={busy} data-testid="join">
          {busy ? t("joining") : t("join")}
        </button>
      </form>
    </section>
  );
}
