import { t } from "../i18n";
import type { Call } from "./call";
import { texts } from "./texts";

/** That those who watch see a slate instead of everybody, for everybody in the room. */
export function SlateShown({ call }: { call: Call }) {
  const slate = call.live.value?.slate;
  return slate ? (
    <p class="banner small" role="status" data-testid="slate-shown" data-slate={slate}>
      {texts.slate_shown}
    </p>
  ) : null;
}

/** To which services the broadcast goes as well, for everybody in the room; who may change that finds the way there. */
export function AlsoSent({ call, room }: { call: Call; room: string }) {
  const names = call.live.value?.pushes ?? [];
  if (names.length === 0) return null;
  return (
    <p class="also-sent small" role="status" data-testid="also-sent">
      {t("also_sent", { names: names.join(", ") })}{" "}
      {call.may("administer") && (
        <a href={`/pushes/${room}`} target="_blank" rel="noopener">
          {t("other_services")}
        </a>
      )}
    </p>
  );
}
