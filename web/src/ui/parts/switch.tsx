import { t } from "../i18n";

/** Something that is on or off, with its name beside it. */
export function Switch(props: {
  label: string;
  on: boolean;
  set(on: boolean): void;
  testid: string;
  disabled?: boolean;
}) {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={props.on}
      disabled={props.disabled}
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
