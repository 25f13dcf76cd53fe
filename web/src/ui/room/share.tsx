import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { explain } from "../parts/session";
import { say } from "../parts/toast";
import type { Call } from "./call";
import { canShare, setContent, shareScreen, sharing, stopSharing } from "./sharing";

async function toggle(): Promise<void> {
  if (sharing.value) return stopSharing();
  try {
    await shareScreen();
  } catch (error) {
    say(error instanceof DOMException ? t("share_failed") : explain(error), "fault");
  }
}

/** Shows one's own screen to everybody in the call, or no longer. */
export function ShareButton({ call }: { call: Call }) {
  if (!canShare || !call.may("share_screen")) return null;
  const on = sharing.value !== null;
  return (
    <button
      type="button"
      class={on ? "button control off" : "button control"}
      aria-pressed={on}
      onClick={() => void toggle()}
      data-testid="share"
    >
      <Icon name="share" />
      <span class="control-text">{t("share")}</span>
    </button>
  );
}

/** While one's own screen is shared: that it is, how, and the way to stop it. */
export function SharingLine() {
  const now = sharing.value;
  if (!now) return null;
  return (
    <div class="air-line sharing" role="status" data-testid="sharing" data-sound={now.sound !== null}>
      <span class="sharing-text">
        <Icon name="share" />
        {now.sound ? t("sharing_with_sound") : t("sharing")}
      </span>
      <label class="check">
        <input
          type="checkbox"
          checked={now.content === "motion"}
          onChange={event => setContent(event.currentTarget.checked ? "motion" : "detail")}
          data-testid="share-motion"
        />
        <span>{t("share_motion")}</span>
      </label>
      <button type="button" class="button" onClick={stopSharing} data-testid="share-stop">
        {t("share_stop")}
      </button>
    </div>
  );
}
