import { useState } from "preact/hooks";
import { fill } from "../i18n/format";
import { people } from "../parts/people";
import { explain } from "../parts/session";
import { say } from "../parts/toast";
import { home } from "./model";
import { texts } from "./name-texts";

/** What the box is called, and where it is opened by that. */
export function BoxName() {
  const [busy, setBusy] = useState(false);
  const node = home.node.value;
  if (!node) return null;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    try {
      home.node.value = await people.nameBox(String(new FormData(form).get("box") ?? ""));
      say(fill(texts.saved, { name: home.node.value.name }));
    } catch (error) {
      say(explain(error));
    }
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={save}>
      <div class="row bottom">
        <label class="field grow">
          <span>{texts.name}</span>
          <input name="box" defaultValue={node.name} maxLength={40} required data-testid="box-name" />
        </label>
        <button type="submit" class="button" disabled={busy} data-testid="box-name-save">
          {texts.save}
        </button>
      </div>
      <p class="small quiet">
        {texts.what}
        {node.address && (
          <>
            {" "}
            {texts.address}{" "}
            <a href={node.address} data-testid="box-address">
              {node.address.replace(/^https?:\/\//, "")}
            </a>
          </>
        )}
      </p>
    </form>
  );
}
