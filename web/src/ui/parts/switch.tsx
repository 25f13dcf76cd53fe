import { t } from "../i18n";

/** Something that is on or off, in a word too. */
export function Switch(props: { label: string; on: boolean; set(on: boolean): void; testid: string }) {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={props.on}
      onClick={() => props.set(!props.on)}
      data-testid={props.testid}
    >
      <span class="grow">{props.label}</span>
      <span class="switch-track" aria-hidden="true" />
      <span class="switch-word small quiet" aria-hidden="true">
        {props.on ? t("on") : t("off")}
      </span>
    </button>
  );
}
