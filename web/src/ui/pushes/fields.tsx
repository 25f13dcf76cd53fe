import { useId, useState } from "preact/hooks";
import type { Push } from "../../client";
import { isSrt, isWhip } from "./change";
import { texts } from "./texts";

type Which = "key" | "passphrase";

/** A secret to enter: one that the box has is not shown, stays when nothing is entered, and can be taken away where it may be left out. */
function Field(props: {
  which: Which;
  label: string;
  hint: string;
  there: boolean;
  optional: boolean;
  testid: string;
}) {
  const { which, label, hint, there, optional, testid } = props;
  const [none, setNone] = useState(false);
  const id = useId();
  const lengths = which === "key" ? { maxLength: 512 } : { minLength: 10, maxLength: 79 };
  return (
    <>
      <label class="field">
        <span>{label}</span>
        <input
          name={which}
          type="password"
          {...lengths}
          required={!optional && !there}
          disabled={none}
          autocomplete="off"
          placeholder={there ? texts.stays : undefined}
          aria-describedby={id}
          data-testid={testid}
        />
      </label>
      <p class="small quiet" id={id}>
        {hint}
      </p>
      {there && optional && (
        <label class="check">
          <input
            type="checkbox"
            name={`no-${which}`}
            checked={none}
            onChange={event => setNone(event.currentTarget.checked)}
            data-testid={`${testid}-none`}
          />
          <span>{which === "key" ? texts.no_key : texts.no_passphrase}</span>
        </label>
      )}
    </>
  );
}

/** Where it goes. */
export function Address(props: { value: string; set(value: string): void; hint?: string; testid: string }) {
  return (
    <label class="field">
      <span>{texts.address}</span>
      <input
        value={props.value}
        maxLength={200}
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={props.hint}
        onInput={event => props.set(event.currentTarget.value)}
        data-testid={props.testid}
      />
    </label>
  );
}

/** The secrets that go with an address; `push` is the service that has them already. */
export function Secrets({ address, push }: { address: string; push?: Push }) {
  const [srt, whip] = [isSrt(address), isWhip(address)];
  const place = push ? "push-edit" : "push";
  const stays = push?.key ? texts.stays_hint : texts.key_hint;
  return (
    <>
      <Field
        which="key"
        label={srt ? texts.stream_id : whip ? texts.token : texts.key}
        hint={stays}
        there={push?.key ?? false}
        optional={srt || whip}
        testid={`${place}-key`}
      />
      {srt && (
        <Field
          which="passphrase"
          label={texts.passphrase}
          hint={texts.passphrase_hint}
          there={push?.passphrase ?? false}
          optional
          testid={`${place}-passphrase`}
        />
      )}
    </>
  );
}
