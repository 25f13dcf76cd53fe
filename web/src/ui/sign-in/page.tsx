import { useEffect, useState } from "preact/hooks";
import type { Node, Session } from "../../client";
import { t } from "../i18n";
import { canPasskey, usePasskey } from "../parts/passkey";
import { people } from "../parts/people";
import { api, explain, session } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { sign, wallet } from "../parts/wallet";
import { clearFragment, fragment, go } from "../router";
import { texts } from "./texts";

type Act = (action: () => Promise<Session>, failed?: string, then?: string) => Promise<void>;

function field(event: SubmitEvent, name: string): string {
  event.preventDefault();
  return String(new FormData(event.currentTarget as HTMLFormElement).get(name) ?? "").trim();
}

function Claim({ act, busy, box }: { act: Act; busy: boolean; box: string }) {
  return (
    <form
      class="stack narrow"
      onSubmit={event => {
        const pin = field(event, "pin");
        void act(() => people.claim(pin, field(event, "name"), field(event, "box")), undefined, "/setup");
      }}
    >
      <h1>{texts.claim_title}</h1>
      <p>{texts.claim_text}</p>
      <label class="field">
        <span>{texts.pin}</span>
        <input
          name="pin"
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="\s*(\d\s*){6}"
          maxLength={12}
          required
          data-testid="pin"
        />
      </label>
      <label class="field">
        <span>{texts.box}</span>
        <input name="box" defaultValue={box} maxLength={40} required autocomplete="off" data-testid="owner-box" />
        <span class="small quiet">{texts.box_text}</span>
      </label>
      <label class="field">
        <span>{texts.name}</span>
        <input name="name" maxLength={40} required autocomplete="nickname" data-testid="owner-name" />
      </label>
      <button type="submit" class="button primary large" disabled={busy} data-testid="claim">
        {texts.own}
      </button>
      <p class="small quiet">{texts.claim_near}</p>
    </form>
  );
}

function Ways({ act, busy }: { act: Act; busy: boolean }) {
  const purse = wallet();
  return (
    <>
      <h1>{texts.title}</h1>
      <section aria-labelledby="by-code">
        <h2 id="by-code">{texts.code_title}</h2>
        <p>{texts.code_text}</p>
        <form
          class="row bottom"
          onSubmit={event => {
            const code = field(event, "code");
            void act(() => people.byCode(code));
          }}
        >
          <label class="field grow">
            <span>{texts.code}</span>
            <input
              name="code"
              inputMode="numeric"
              autocomplete="one-time-code"
              maxLength={16}
              required
              data-testid="code"
            />
          </label>
          <button type="submit" class="button primary" disabled={busy} data-testid="by-code">
            {texts.go}
          </button>
        </form>
      </section>
      <section aria-labelledby="by-passkey">
        <h2 id="by-passkey">{texts.passkey_title}</h2>
        {canPasskey ? (
          <button
            type="button"
            class="button"
            disabled={busy}
            data-testid="by-passkey"
            onClick={() =>
              act(async () => {
                const { question, options } = await people.askPasskey();
                return people.byPasskey(question, await usePasskey(options));
              }, texts.passkey_failed)
            }
          >
            {texts.passkey}
          </button>
        ) : (
          <p class="quiet">{texts.passkey_none}</p>
        )}
      </section>
      <section aria-labelledby="by-wallet">
        <h2 id="by-wallet">{texts.wallet_title}</h2>
        {purse ? (
          <button
            type="button"
            class="button"
            disabled={busy}
            data-testid="by-wallet"
            onClick={() =>
              act(async () => {
                const signed = await sign(purse, await people.nonce(), texts.statement);
                return people.byWallet(signed.message, signed.signature);
              }, texts.wallet_failed)
            }
          >
            {texts.wallet}
          </button>
        ) : (
          <p class="quiet">{texts.wallet_none}</p>
        )}
      </section>
      <section aria-labelledby="by-recovery">
        <h2 id="by-recovery">{texts.recovery_title}</h2>
        <form
          class="row bottom"
          onSubmit={event => {
            const code = field(event, "recovery");
            void act(() => people.byRecovery(code));
          }}
        >
          <label class="field grow">
            <span>{texts.recovery}</span>
            <input
              name="recovery"
              autocomplete="off"
              spellcheck={false}
              maxLength={24}
              required
              data-testid="recovery"
            />
          </label>
          <button type="submit" class="button" disabled={busy} data-testid="by-recovery">
            {texts.go}
          </button>
        </form>
      </section>
      <p class="small quiet">{texts.lost}</p>
    </>
  );
}

/** How somebody becomes known to the box: its first owner by its PIN, everybody else by what they have. */
export default function SignInPage() {
  const [node, setNode] = useState<Node | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useTitle(texts.title, false);
  const act: Act = async (action, failed, then) => {
    setBusy(true);
    setProblem(null);
    try {
      session.value = await action();
      go(then ?? (session.value.owner ? "/" : "/me"));
    } catch (error) {
      // What the browser or the wallet did not do is no problem of the box.
      const ours = !failed || (error instanceof Error && "type" in error);
      setProblem(ours ? explain(error) : failed);
      setBusy(false);
    }
  };
  useEffect(() => {
    const code = fragment("code");
    if (code) {
      clearFragment();
      void act(() => people.byCode(code));
    }
    api.node().then(setNode, error => setProblem(explain(error)));
  }, []);
  return (
    <>
      <Header lit={false} />
      <main class="page sign-in">
        {problem && (
          <p class="banner fault" role="alert" data-testid="sign-in-problem">
            {problem}
          </p>
        )}
        {!node && !problem && <Skeleton label={t("loading")} />}
        {!node && problem && <Message tone="fault" title={t("load_failed_title")} />}
        {node?.owned === false && <Claim act={act} busy={busy} box={node.name} />}
        {node?.owned && <Ways act={act} busy={busy} />}
      </main>
    </>
  );
}
