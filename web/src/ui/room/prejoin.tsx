import { useEffect, useState } from "preact/hooks";
import { Problem, type RoomSummary } from "../../client";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { OnAirSign } from "../parts/on-air";
import { session } from "../parts/session";
import { remember, remembered } from "../parts/storage";
import { Call } from "./call";
import { asked, capturing, devices, wantCamera, wantMicrophone } from "./devices";
import { usualName } from "./entry";
import { Waits, why } from "./lobby";
import { DevicePickers, TroubleNote } from "./pickers";
import { texts } from "./texts";
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
export function Prejoin(props: {
  room: Pick<RoomSummary, "id" | "name" | "people" | "live">;
  lobby: boolean;
  /** One comes in with a raised hand. */
  hand: boolean;
  joined(call: Call): void;
}) {
  const { room, lobby, hand, joined } = props;
  const [waits, setWaits] = useState(false);
  const [name, setName] = useState(remembered("name") ?? "");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // Who looks on is asked for nothing that is not used.
  const looksOn = session.value?.role === "viewer";
  useEffect(() => {
    if (!looksOn) void capturing();
  }, [looksOn]);

  const given = name.trim();
  const join = async () => {
    setBusy(true);
    setProblem(null);
    remember("name", given || null);
    await asked(PATIENCE);
    const call = new Call(room.id, given || usualName());
    try {
      await call.join();
      return joined(call);
    } catch (error) {
      if (error instanceof Problem && error.type === "lobby") setWaits(true);
      else setProblem(why(error));
    }
    setBusy(false);
  };

  if (waits) {
    const leave = (reason: string | null) => {
      setWaits(false);
      setProblem(reason);
    };
    const enter = () => {
      setWaits(false);
      void join();
    };
    return <Waits room={room.id} name={given || usualName()} enter={enter} leave={leave} />;
  }
  return (
    <section class="prejoin" aria-labelledby="room">
      <div class="prejoin-head">
        <h1 id="room">{room.name}</h1>
        {room.live && <OnAirSign />}
      </div>
      {!looksOn && <Preview />}
      <form
        class="prejoin-form"
        onSubmit={event => {
          event.preventDefault();
          void join();
        }}
      >
        <p class="quiet">
          {lobby ? texts.lobby_door_text : room.people === 0 ? t("nobody_yet") : t("people_inside", { n: room.people })}
        </p>
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
        {!looksOn && (
          <>
            <TroubleNote />
            <DevicePickers />
          </>
        )}
        {room.live && !looksOn && <p class="note">{t("prejoin_live")}</p>}
        {hand && <p class="note">{texts.hand_at_door}</p>}
        {problem && (
          <p class="banner fault" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="button primary large" disabled={busy} data-testid="join">
          {busy ? t("joining") : lobby ? texts.ask_again : t("join")}
        </button>
      </form>
    </section>
  );
}
