import type { Ring } from "../../client";
import { type Key, t } from "../i18n";
import { Icon } from "../parts/icons";
import type { Call } from "./call";

/** What a caller is told of how their call ended. */
const ENDED: Partial<Record<Ring, Key>> = {
  declined: "ring_declined",
  missed: "ring_missed",
  not_disturbed: "ring_not_disturbed",
  busy: "ring_busy",
};

/** While the box is not in the call: rings there, so that somebody takes it in. */
export function RingLine({ call }: { call: Call }) {
  const state = call.state.value;
  if (!state || call.box()) return null;
  const ring = state.ring ?? "no";
  const ended = ENDED[ring];
  const ringing = ring === "ringing";
  return (
    <div class="ring row" data-testid="ring" data-ring={ring}>
      <p role="status" class="grow">
        {ringing ? t("ring_ringing") : ended ? t(ended) : t("ring_text")}
      </p>
      <button
        type="button"
        class={ringing ? "button" : "button primary"}
        onClick={() => call.ask(room => room.ring(!ringing))}
        data-testid="ring-button"
      >
        <Icon name={ringing ? "close" : "bell"} />
        <span>{ringing ? t("ring_cancel") : ended ? t("ring_again") : t("ring_button")}</span>
      </button>
    </div>
  );
}
