import { useEffect, useId } from "preact/hooks";
import { t } from "../i18n";
import { choose, choosePicture, devices, type Input, type PictureSize, relist, type Trouble } from "./devices";

const KINDS = [
  ["microphone", "audioinput"],
  ["camera", "videoinput"],
  ["speaker", "audiooutput"],
] as const;

/** Which microphone, camera and speaker. Shows only what there is to choose. */
export function DevicePickers() {
  const id = useId();
  useEffect(() => {
    navigator.mediaDevices?.addEventListener("devicechange", relist);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", relist);
  }, []);
  const canRoute = "setSinkId" in HTMLMediaElement.prototype;
  return (
    <div class="pickers">
      {KINDS.map(([what, kind]) => {
        const found = devices.list.value.filter(device => device.kind === kind && device.label !== "");
        const trouble = what === "speaker" ? null : devices.trouble[what].value;
        if (found.length === 0 || trouble === "blocked" || (what === "speaker" && !canRoute)) return null;
        const current = what === "speaker" ? undefined : devices[what].value?.getSettings().deviceId;
        return (
          <label class="field" key={what} for={`${id}-${what}`}>
            <span>{t(`device_${what}`)}</span>
            <select
              id={`${id}-${what}`}
              value={current ?? devices.choice[what].value}
              onChange={event => choose(what, event.currentTarget.value)}
            >
              {what === "speaker" && <option value="">{t("device_default")}</option>}
              {found
                .filter(device => what !== "speaker" || device.deviceId !== "default")
                .map(device => (
                  <option key={device.deviceId} value={device.deviceId}>
                    {device.label}
                  </option>
                ))}
            </select>
          </label>
        );
      })}
    </div>
  );
}

/** How much picture the camera gives. */
export function PicturePicker() {
  return (
    <label class="field">
      <span>{t("picture_size")}</span>
      <select value={devices.picture.value} onChange={event => choosePicture(event.currentTarget.value as PictureSize)}>
        <option value="standard">{t("picture_standard")}</option>
        <option value="small">{t("picture_small")}</option>
      </select>
    </label>
  );
}

/** A sentence for what keeps one of them from working. */
export function troubleText(trouble: Trouble, which: Input | "both"): string {
  return trouble === "insecure" ? t("trouble_insecure") : t(`trouble_${trouble}_${which}`);
}

/** What keeps the microphone or camera from working, and what to do about it. */
export function TroubleNote() {
  const microphone = devices.trouble.microphone.value;
  const camera = devices.trouble.camera.value;
  const trouble = microphone ?? camera;
  if (!trouble) return null;
  const texts =
    microphone === camera
      ? [troubleText(trouble, "both")]
      : [microphone && troubleText(microphone, "microphone"), camera && troubleText(camera, "camera")];
  if (trouble !== "insecure") texts.push(t("trouble_join_anyway"));
  return (
    <p class="note" role="status" data-testid="trouble" data-trouble={trouble}>
      {texts.filter(Boolean).join(" ")}
      {trouble === "insecure" && (
        <>
          {" "}
          <a href="/trust" data-testid="to-trust">
            {t("to_trust")}
          </a>
        </>
      )}
    </p>
  );
}
