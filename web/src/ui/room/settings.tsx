import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { DevicePickers, PicturePicker, TroubleNote } from "./pickers";

/** Devices, while in the call. */
export function SettingsDialog({ close }: { close(): void }) {
  return (
    <Dialog title={t("settings")} close={close}>
      <div class="stack">
        <TroubleNote />
        <DevicePickers />
        <PicturePicker />
        <p class="small quiet keys-hint">{t("keys_hint")}</p>
      </div>
    </Dialog>
  );
}
