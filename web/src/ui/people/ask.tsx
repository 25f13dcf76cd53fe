import { t } from "../i18n";
import { Dialog } from "../parts/dialog";

/** Asks before something that is hard to take back. */
export function Ask(props: { title: string; text: string; yes: string; act(): void; close(): void; testid: string }) {
  const { title, text, yes, act, close, testid } = props;
  return (
    <Dialog title={title} close={close}>
      <p>{text}</p>
      <div class="row end">
        <button type="button" class="button" onClick={close}>
          {t("cancel")}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            close();
            act();
          }}
          data-testid={testid}
        >
          {yes}
        </button>
      </div>
    </Dialog>
  );
}
