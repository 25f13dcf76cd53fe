import { useState } from "preact/hooks";
import type { Account, DeviceCode } from "../../client/account";
import { locale } from "../i18n";
import { fill, moment } from "../i18n/format";
import { ShownCode } from "../parts/device-code";
import { canPasskey, makePasskey } from "../parts/passkey";
import { people } from "../parts/people";
import { sign, wallet } from "../parts/wallet";
import { texts } from "./texts";

export type Act = (action: Promise<unknown>, failed?: string) => Promise<void>;

/** The devices by which somebody is signed in, and how one more is. */
export function Devices({ account, act }: { account: Account; act: Act }) {
  const [code, setCode] = useState<DeviceCode | null>(null);
  return (
    <section aria-labelledby="devices">
      <h2 id="devices">{texts.devices}</h2>
      <ul class="lines">
        {account.devices.map(one => {
          const device = one.device ?? texts.device;
          return (
            <li key={one.id} class="line" data-testid="device">
              <span class="grow">
                {device} {one.this && <span class="mark">{texts.this}</span>}
                <span class="small quiet block">{fill(texts.since, { when: moment(one.seen, locale) })}</span>
              </span>
              {!one.this && (
                <button
                  type="button"
                  class="button danger"
                  aria-label={fill(texts.out_what, { device })}
                  onClick={() => act(people.signOutDevice(one.id))}
                  data-testid="device-out"
                >
                  {texts.out}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <h3>{texts.more}</h3>
      {code ? (
        <ShownCode code={code} words={texts} />
      ) : (
        <button type="button" class="button" onClick={() => act(people.code().then(setCode))} data-testid="make-code">
          {texts.make_code}
        </button>
      )}
    </section>
  );
}

/** Passkeys and wallets. */
export function Credentials({ account, act }: { account: Account; act: Act }) {
  const purse = wallet();
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("passkey") ?? "").trim() || texts.passkey_hint;
    const made = async () => {
      const { question, options } = await people.startPasskey();
      await people.addPasskey(question, name, await makePasskey(options));
      form.reset();
    };
    void act(made(), texts.passkey_failed);
  };
  return (
    <section aria-labelledby="passkeys">
      <h2 id="passkeys">{texts.passkeys}</h2>
      {account.credentials.length === 0 && <p class="quiet">{texts.none}</p>}
      <ul class="lines">
        {account.credentials.map(one => (
          <li key={one.id} class="line" data-testid="credential" data-kind={one.kind}>
            <span class="grow wrap-anywhere">
              {one.name} <span class="mark">{one.kind === "wallet" ? texts.wallet : texts.passkey}</span>
              <span class="small quiet block">
                {one.used ? fill(texts.used, { when: moment(one.used, locale) }) : texts.never}
              </span>
            </span>
            <button
              type="button"
              class="button danger"
              aria-label={fill(texts.remove_what, { name: one.name })}
              onClick={() => act(people.removeCredential(one.id))}
              data-testid="credential-remove"
            >
              {texts.remove}
            </button>
          </li>
        ))}
      </ul>
      {canPasskey ? (
        <form class="row bottom" onSubmit={add}>
          <label class="field grow">
            <span>{texts.passkey_name}</span>
            <input
              name="passkey"
              maxLength={40}
              autocomplete="off"
              placeholder={texts.passkey_hint}
              data-testid="passkey-name"
            />
          </label>
          <button type="submit" class="button" data-testid="passkey-add">
            {texts.add_passkey}
          </button>
        </form>
      ) : (
        <p class="small quiet">
          {texts.passkey_none} <a href="/trust">{texts.to_trust}</a>
        </p>
      )}
      {purse && (
        <button
          type="button"
          class="button"
          data-testid="wallet-add"
          onClick={() =>
            act(
              people
                .nonce()
                .then(nonce => sign(purse, nonce, texts.statement))
                .then(signed => people.addWallet(signed.message, signed.signature)),
              texts.wallet_failed,
            )
          }
        >
          {texts.add_wallet}
        </button>
      )}
    </section>
  );
}

/** Codes for when all else is lost. */
export function Recovery({ account, act }: { account: Account; act: Act }) {
  const [codes, setCodes] = useState<string[] | null>(null);
  return (
    <section aria-labelledby="recovery">
      <h2 id="recovery">{texts.recovery}</h2>
      <p>{texts.recovery_text}</p>
      <p class="quiet">{fill(texts.left, { n: String(account.recovery_codes) })}</p>
      {codes && (
        <div role="status">
          <p class="note">{texts.write}</p>
          <ul class="codes" data-testid="recovery-codes">
            {codes.map(code => (
              <li key={code}>{code}</li>
            ))}
          </ul>
        </div>
      )}
      <button
        type="button"
        class="button"
        onClick={() => act(people.recoveryCodes().then(made => setCodes(made.codes)))}
        data-testid="make-recovery"
      >
        {texts.make_recovery}
      </button>
    </section>
  );
}
