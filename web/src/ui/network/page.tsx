import { useEffect, useState } from "preact/hooks";
import { type Network, Networks, type Reachable } from "../../client/network";
import { Problem } from "../../client/problem";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { texts } from "./texts";

const networks = new Networks(api);

/** Milliseconds between two looks while a network is joined. */
const LOOK = 2_000;

/** What of a network stands beside its name. */
function about({ strength, lock, known, name }: Reachable, joined: string | null): string {
  const parts = [
    name === joined ? texts.here : known ? texts.known : "",
    texts.strength(strength),
    lock === "open" ? texts.open : lock === "other" ? texts.other : "",
  ];
  return parts.filter(part => part).join(", ");
}

/** The question for the password, below the network that was chosen, or for the name as well. */
function Join(props: { network: Reachable | null; begin(name: string, password: string | null): void; close(): void }) {
  const { network, begin, close } = props;
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const asks = network ? network.lock === "password" : true;
  const optional = !network || network.known;
  const submit = (event: Event) => {
    event.preventDefault();
    begin(network?.name ?? name, asks && password ? password : null);
  };
  return (
    <form class="stack tight" onSubmit={submit} data-testid="join-network">
      {!network && (
        <label class="field">
          <span>{texts.name}</span>
          <input
            value={name}
            onInput={event => setName(event.currentTarget.value)}
            required
            maxLength={32}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            data-testid="network-name"
          />
        </label>
      )}
      {asks && (
        <label class="field">
          <span>{fill(texts.password, { name: network?.name ?? name })}</span>
          <input
            type="password"
            value={password}
            onInput={event => setPassword(event.currentTarget.value)}
            required={!optional}
            minLength={8}
            maxLength={64}
            autocomplete="off"
            data-testid="network-password"
          />
        </label>
      )}
      {network?.lock === "open" && <p class="small note">{texts.open_hint}</p>}
      <div class="row end">
        <button type="button" class="button" onClick={close}>
          {texts.cancel}
        </button>
        <button type="submit" class="button primary" data-testid="network-join">
          {texts.join}
        </button>
      </div>
    </form>
  );
}

function List(props: { network: Network; act: (what: Promise<Network>, said?: string) => void }) {
  const { network, act } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  const begin = (name: string, password: string | null) => {
    setChosen(null);
    act(networks.join(name, password));
  };
  const close = () => setChosen(null);
  return (
    <section aria-labelledby="seen" class="stack">
      <h2 id="seen">{texts.seen}</h2>
      {network.seen.length === 0 && <p class="quiet">{texts.none}</p>}
      <ul class="networks" data-testid="networks">
        {network.seen.map(one => (
          <li key={one.name} class="stack tight">
            <div class="row">
              <p class="grow">
                <strong class="wrap-anywhere">{one.name}</strong>
                <br />
                <span class="small quiet">{about(one, network.joined)}</span>
              </p>
              {one.known && !network.hotspot && (
                <button
                  type="button"
                  class="button quiet"
                  onClick={() => act(networks.forget(one.name), fill(texts.forgotten, { name: one.name }))}
                  data-testid="network-forget"
                >
                  {texts.forget}
                </button>
              )}
              {one.lock !== "other" && one.name !== network.joined && chosen !== one.name && (
                <button
                  type="button"
                  class="button"
                  aria-label={fill(texts.choose, { name: one.name })}
                  onClick={() => setChosen(one.name)}
                  data-testid="network-choose"
                >
                  {texts.join}
                </button>
              )}
            </div>
            {chosen === one.name && <Join network={one} begin={begin} close={close} />}
          </li>
        ))}
      </ul>
      {chosen === "" ? (
        <Join network={null} begin={begin} close={close} />
      ) : (
        <div class="row">
          <button type="button" class="button" onClick={() => setChosen("")} data-testid="network-unlisted">
            {texts.unlisted}
          </button>
          {!network.hotspot && (
            <button type="button" class="button" onClick={() => act(networks.show())} data-testid="network-look">
              {texts.again}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** How the box is connected, in a sentence. */
function where({ cable, joined, hotspot }: Network): string {
  if (hotspot) return texts.hotspot;
  if (joined) return fill(texts.joined, { name: joined });
  return cable ? texts.cable : texts.nothing;
}

/** The wireless networks: for owners, and for whoever has come by the box's own network. */
export default function NetworkPage() {
  const [network, setNetwork] = useState<Network | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  // The network that is being joined, and whether the way to the box ends with that.
  const [joining, setJoining] = useState<{ name: string; here: boolean } | null>(null);
  useTitle(texts.title, false);
  const take = (now: Network) => {
    setNetwork(now);
    setJoining(before =>
      now.joining !== null ? { name: now.joining, here: before?.here ?? now.hotspot !== null } : null,
    );
    setProblem(null);
  };
  const look = () => {
    networks.show().then(take, error => {
      const type = error instanceof Problem ? error.type : "";
      // While it joins one, the box may be out of reach.
      if (type === "network" || type === "timeout") return;
      setProblem(type === "sign-in" || type === "not-permitted" ? texts.not_yours : explain(error));
    });
  };
  useEffect(look, []);
  useEffect(() => {
    if (!joining) return;
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, [joining !== null]);
  const act = (what: Promise<Network>, said?: string) => {
    setRefused(null);
    what.then(
      now => {
        take(now);
        if (said) say(said);
      },
      error => setRefused(explain(error)),
    );
  };
  const failed = network?.failed;
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message title={t("load_failed_title")} text={problem} />}
        {!network && !problem && <Skeleton label={texts.loading} />}
        {network && !problem && !joining && (
          <p data-testid="network-where" data-hotspot={network.hotspot !== null}>
            {where(network)}
          </p>
        )}
        <p role="status" class={joining ? "banner" : "sr-only"} data-testid="network-joining">
          {joining && fill(joining.here ? texts.joining_here : texts.joining, { name: joining.name })}
        </p>
        {failed && !joining && !problem && (
          <div class="banner fault" role="alert" data-testid="network-failed" data-code={failed.code}>
            <p>
              <strong>{fill(texts.failed, { name: failed.name })}</strong>
            </p>
            <p>{texts.codes[failed.code]}</p>
          </div>
        )}
        {refused && (
          <p role="alert" class="fault-text" data-testid="network-refused">
            {refused}
          </p>
        )}
        {network && !problem && !joining && network.wifi && <List network={network} act={act} />}
        {network && !problem && !network.wifi && <Message title={texts.no_wifi} text={texts.no_wifi_text} />}
        {network && !network.hotspot && (
          <p>
            <a href="/settings">{texts.to_settings}</a>
          </p>
        )}
      </main>
    </>
  );
}
