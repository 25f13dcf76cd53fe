import { useState } from "preact/hooks";
import type { DeviceCode, Identity } from "../../client/account";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { ShownCode } from "../parts/device-code";
import { people } from "../parts/people";
import { session } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { Ask } from "./ask";
import { useLoaded } from "./load";
import { texts } from "./texts";

function Person({ one, act }: { one: Identity; act(action: Promise<unknown>): void }) {
  const [code, setCode] = useState<DeviceCode | null>(null);
  const [asks, setAsks] = useState(false);
  const me = session.value?.identity === one.id;
  const devices = fill(one.devices === 1 ? texts.devices_one : texts.devices_other, { n: String(one.devices) });
  return (
    <li class="someone" data-testid="person">
      <p>
        <strong class="wrap-anywhere">{one.name}</strong> {one.owner && <span class="mark">{texts.owner}</span>}
        <span class="small quiet block">{devices}</span>
      </p>
      <div class="row wrap">
        <button
          type="button"
          class="button"
          aria-label={fill(texts.make_code_of, { name: one.name })}
          onClick={() => act(people.code(one.id).then(setCode))}
          data-testid="person-code"
        >
          {texts.make_code}
        </button>
        {!me && (
          <>
            <button
              type="button"
              class="button"
              onClick={() => act(people.changeIdentity(one.id, { owner: !one.owner }))}
              data-testid="person-owner"
            >
              {one.owner ? texts.no_owner : texts.make_owner}
            </button>
            <button type="button" class="button danger" onClick={() => setAsks(true)} data-testid="person-forget">
              {texts.forget}
            </button>
          </>
        )}
      </div>
      {code && <ShownCode code={code} words={texts} />}
      {asks && (
        <Ask
          title={fill(texts.forget_ask, { name: one.name })}
          text={texts.forget_text}
          yes={texts.forget}
          act={() => act(people.forgetIdentity(one.id))}
          close={() => setAsks(false)}
          testid="person-forget-yes"
        />
      )}
    </li>
  );
}

/** Whom the box knows, for those who own it. */
export function Known() {
  useTitle(texts.title, false);
  const { found, problem, refused, act } = useLoaded(() => people.identities());
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("name") ?? "").trim();
    if (name) void act(people.addIdentity(name, false).then(() => form.reset()));
  };
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {refused && (
          <Message title={texts.not_yours} text={texts.not_yours_text}>
            <a class="button primary" href="/sign-in">
              {texts.sign_in}
            </a>
          </Message>
        )}
        {!found && !problem && !refused && <Skeleton label={t("loading")} />}
        {found && !refused && (
          <>
            <p>{texts.text}</p>
            <ul class="people">
              {found.map(one => (
                <Person key={one.id} one={one} act={act} />
              ))}
            </ul>
            <h2>{texts.add}</h2>
            <form class="row bottom" onSubmit={add}>
              <label class="field grow">
                <span>{texts.name}</span>
                <input name="name" maxLength={40} required autocomplete="off" data-testid="new-person" />
              </label>
              <button type="submit" class="button" data-testid="add-person">
                {texts.add_button}
              </button>
            </form>
            <p>
              <a href="/audit">{texts.audit}</a>
            </p>
          </>
        )}
      </main>
    </>
  );
}
