import { useCallback, useEffect, useState } from "preact/hooks";
import type { Account } from "../../client/account";
import { Problem } from "../../client/problem";
import { t } from "../i18n";
import { people } from "../parts/people";
import { explain, refreshSession } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { texts } from "./texts";
import { type Act, Credentials, Devices, Recovery } from "./ways";

/** One's own account: name, devices, passkeys, wallets, recovery codes. */
export default function MePage() {
  const [account, setAccount] = useState<Account | null>(null);
  const [unknown, setUnknown] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useTitle(texts.title, false);
  const look = useCallback(async () => {
    try {
      setAccount(await people.account());
    } catch (error) {
      if (error instanceof Problem && error.status === 401) setUnknown(true);
      else setProblem(explain(error));
    }
  }, []);
  useEffect(() => void look(), [look]);
  const act: Act = async (action, failed) => {
    try {
      await action;
      await look();
    } catch (error) {
      say(failed && !(error instanceof Problem) ? failed : explain(error), "fault");
    }
  };
  const rename = (event: SubmitEvent) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name") ?? "").trim();
    void act(
      people
        .rename(name)
        .then(refreshSession)
        .then(() => say(texts.saved)),
    );
  };
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {unknown && (
          <Message title={texts.not_known} text={texts.not_known_text}>
            <a class="button primary" href="/sign-in">
              {texts.sign_in}
            </a>
          </Message>
        )}
        {!account && !problem && !unknown && <Skeleton label={t("loading")} />}
        {account && !unknown && (
          <>
            {account.owner && <p>{texts.owner}</p>}
            <form class="row bottom" onSubmit={rename}>
              <label class="field grow">
                <span>{texts.name}</span>
                <input
                  name="name"
                  maxLength={40}
                  required
                  autocomplete="nickname"
                  defaultValue={account.name}
                  data-testid="my-name"
                />
              </label>
              <button type="submit" class="button" data-testid="my-name-save">
                {texts.save}
              </button>
            </form>
            <Devices account={account} act={act} />
            <Credentials account={account} act={act} />
            <Recovery account={account} act={act} />
          </>
        )}
      </main>
    </>
  );
}
