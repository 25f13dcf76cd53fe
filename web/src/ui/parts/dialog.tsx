import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Icon } from "./icons";
import { Toasts } from "./toast";

/** A modal dialog: the browser's own, which keeps the focus inside and gives it back. A menu leaves what is below it in sight. */
export function Dialog(props: { title: string; close(): void; children: ComponentChildren; kind?: "menu" }) {
  const { title, close, children, kind = "" } = props;
  const element = useRef<HTMLDialogElement>(null);
  const label = useId();
  // Before it is painted: nobody meets its buttons while it is still closed.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click beside the dialog has its key, Escape, from the browser
    <dialog
      ref={element}
      class={`dialog ${kind}`}
      aria-labelledby={label}
      onClose={close}
      onClick={event => event.target === element.current && close()}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={label}>{title}</h2>
          <button type="button" class="button quiet square" onClick={close} aria-label={t("close")}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
      <Toasts />
    </dialog>
  );
}
