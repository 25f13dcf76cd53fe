import { useId } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import type { Call } from "./call";
import { type Layout, layoutNow, presenters } from "./scene";

/** The layouts there are now, and which of them is used. */
function layouts(call: Call): { all: Layout[]; now: Layout; shared: boolean } {
  const state = call.state.value;
  const screens = state ? presenters(state).length : 0;
  const shared = screens > 0;
  return {
    all: shared ? ["presenter", "speaker", "grid"] : ["grid", "speaker"],
    now: layoutNow(call.layouts.value, screens),
    shared,
  };
}

/** Goes on to the next layout. */
export function nextLayout(call: Call): void {
  const { all, now, shared } = layouts(call);
  const next = all[(all.indexOf(now) + 1) % all.length];
  if (next) call.choose(next, shared);
}

/** How people and screens are shown, and the way to the statistics. */
export function ViewDialog({ call, close, overlay }: { call: Call; close(): void; overlay(): void }) {
  const id = useId();
  const { all, now, shared } = layouts(call);
  return (
    <Dialog title={t("view")} close={close}>
      <div class="stack">
        <fieldset class="choices">
          <legend class="small quiet">{shared ? t("view_shared") : t("view")}</legend>
          {all.map(layout => (
            <label key={layout} class="choice">
              <input
                type="radio"
                name={id}
                checked={layout === now}
                onChange={() => call.choose(layout, shared)}
                data-testid={`layout-${layout}`}
              />
              <span>{t(`layout_${layout}`)}</span>
            </label>
          ))}
        </fieldset>
        <button type="button" class="button" onClick={overlay} data-testid="overlay-open">
          {t("connection_statistics")}
        </button>
        <p class="small quiet keys-hint">{t("keys_hint")}</p>
      </div>
    </Dialog>
  );
}
