import { t } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Link } from "../parts/link";
import { texts } from "./publish-texts";

/** Says what it means that everybody may watch a recording, and asks. */
export function PublishDialog({ title, publish, close }: { title: string; publish(): void; close(): void }) {
  return (
    <Dialog title={fill(texts.ask, { title })} close={close}>
      <p>{texts.text}</p>
      <p>{texts.back}</p>
      <div class="row end">
        <button type="button" class="button" onClick={close}>
          {t("cancel")}
        </button>
        <button type="button" class="button primary" onClick={publish} data-testid="publish-confirm">
          {texts.yes}
        </button>
      </div>
    </Dialog>
  );
}

/** Where everybody may watch a recording: to hand on, and to open. */
export function Published({ id }: { id: string }) {
  return (
    <div class="stack tight">
      <p class="small quiet">{texts.shared}</p>
      <Link url={`${location.origin}/b/${id}`} label={texts.link} testid="published-url">
        <a class="button" href={`/b/${id}`} data-testid="published-link">
          {texts.open}
        </a>
      </Link>
    </div>
  );
}
