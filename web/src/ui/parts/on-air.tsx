import { t } from "../i18n";
import { elapsed } from "../i18n/format";
import { useNow } from "./now";

/** The sign. Amber, with the words; on every page of the room while it is live. */
export function OnAirSign({ since, compact = false }: { since?: string | null | undefined; compact?: boolean }) {
  const now = useNow(1_000);
  const time = since ? elapsed(Date.parse(since), now) : "";
  return (
    <span class={compact ? "on-air-sign compact" : "on-air-sign"} data-testid="on-air-sign" role="status">
      <span class="on-air-dot" aria-hidden="true" />
      <span>{t("on_air")}</span>
      {time && (
        <span class="on-air-time" aria-hidden="true">
          {time}
        </span>
      )}
    </span>
  );
}
