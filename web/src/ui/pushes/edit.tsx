import { useState } from "preact/hooks";
import type { Push, PushChange } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { changed } from "./change";
import { Address, Secrets } from "./fields";
import { texts } from "./texts";

/** Changes a service. `save` answers whether the box took it. */
export function Edit(props: { push: Push; close(): void; save(change: PushChange): Promise<boolean> }) {
  const { push, close, save } = props;
  const [address, setAddress] = useState(push.address);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = (field: string) => String(fields.get(field) ?? "");
    const change = changed(push, {
      name: text("name"),
      address,
      key: text("key"),
      passphrase: text("passphrase"),
      noKey: fields.has("no-key"),
      noPassphrase: fields.has("no-passphrase"),
    });
    if (!change) return close();
    setBusy(true);
    if (await save(change)) close();
    else setBusy(false);
  };
  const runs = push.state === "live" || push.state === "connecting";
  return (
    <Dialog title={fill(texts.edit_what, { name: push.name })} close={close}>
      <form class="stack" onSubmit={submit} data-testid="push-edit-form">
        <label class="field">
          <span>{texts.name}</span>
          <input
            name="name"
            defaultValue={push.name}
            maxLength={40}
            required
            autocomplete="off"
            data-testid="push-edit-name"
          />
        </label>
        <Address value={address} set={setAddress} testid="push-edit-address" />
        <Secrets address={address} push={push} />
        {runs && <p class="small">{texts.edit_restarts}</p>}
        <div class="row end">
          <button type="button" class="button" onClick={close}>
            {t("cancel")}
          </button>
          <button type="submit" class="button primary" disabled={busy} data-testid="push-edit-save">
            {texts.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
