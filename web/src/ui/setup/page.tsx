import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Reachability } from "../../client";
import type { Account } from "../../client/account";
import { Problem } from "../../client/problem";
import type { SettingValue } from "../../client/settings";
import { home } from "../home/model";
import { BoxName } from "../home/name";
import { TestSound } from "../home/sound";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { type Act, Credentials, Recovery } from "../me/ways";
import { AirHeader } from "../parts/air";
import { Findings } from "../parts/findings";
import { people } from "../parts/people";
import { api, explain } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import { Volume } from "../parts/volume";
import { texts as reach } from "../reachability/texts";
import { go } from "../router";
import { change, chosenOf, type Draft, type Field, GROUPS } from "../settings/catalogue";
import { Choice, inWords } from "../settings/field";
import { byKey, choices, plugged, save, settings, useSettings } from "../settings/model";
import { texts as chosen } from "../settings/texts";
import { Waiting } from "../settings/trial";
import { texts } from "./texts";

const STEPS = ["name", "network", "devices", "privacy", "keys"] as const;
type Step = (typeof STEPS)[number];

/** What is chosen in each step. */
const FIELDS: Record<Step, readonly string[]> = {
  name: ["endpoint.language"],
  network: ["peers.map_ports"],
  devices: ["endpoint.camera", "endpoint.microphone", "endpoint.speaker", "endpoint.echo"],
  privacy: ["endpoint.auto_join", "endpoint.join_code", "chat.keep_days", "recordings.max_days"],
  keys: [],
};

const ALL: ReadonlyMap<string, Field> = new Map(GROUPS.flatMap(group => group.fields).map(field => [field.key, field]));

/** Where the box is, and what was found out about the ways to it. */
function Network() {
  const [report, setReport] = useState<Reachability | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    api.reachability().then(setReport, () => setFailed(true));
  }, []);
  const address = home.node.value?.address;
  return (
    <>
      {address && (
        <p>
          {texts.address}: <a href={address}>{address.replace(/^https?:\/\//, "")}</a>
        </p>
      )}
      <p class="small">
        <a href="/network">{chosen.to_network}</a>
      </p>
      <p class="small">
        {texts.trust} <a href="/trust">{chosen.to_trust}</a>
      </p>
      <div aria-live="polite">
        {failed && <p class="quiet">{texts.untried}</p>}
        {!report && !failed && <Skeleton label={texts.trying} lines={2} />}
        {report && <Findings findings={report.findings} say={({ code }) => reach.codes[code]} />}
      </div>
    </>
  );
}

/** A second way in for the owner. */
function Keys() {
  const [account, setAccount] = useState<Account | null>(null);
  const look = useCallback(() => people.account().then(setAccount), []);
  useEffect(() => {
    look().catch(error => say(explain(error), "fault"));
  }, [look]);
  const act: Act = async (action, failed) => {
    try {
      await action;
      await look();
    } catch (error) {
      say(failed && !(error instanceof Problem) ? failed : explain(error), "fault");
    }
  };
  if (!account) return <Skeleton label={t("loading")} lines={2} />;
  return (
    <>
      <Credentials account={account} act={act} />
      <Recovery account={account} act={act} />
    </>
  );
}

/** The first minutes with a box: five screens, each of which can be left as it is. */
export default function SetupPage() {
  const [at, setAt] = useState(0);
  const [draft, setDraft] = useState<Draft>({});
  const problem = useSettings();
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const step: Step = STEPS[at] ?? "name";
  const move = (to: number) => {
    setAt(to);
    // Whoever reads by ear learns that it is another screen.
    requestAnimationFrame(() => heading.current?.focus());
    scrollTo(0, 0);
  };
  const now = settings.value;
  const known = now && byKey(now);
  /** What needs no start counts at once, so that it can be tried; the rest waits for the end. */
  const set = (key: string, value: SettingValue) => {
    if (!known) return;
    if (known.get(key)?.needs !== "nothing" || value === null) return setDraft(change(draft, known, key, value));
    choices.choose({ [key]: value }).then(
      after => {
        settings.value = after;
        void api.node().then(node => {
          home.node.value = node;
        });
      },
      error => say(inWords(explain(error)), "fault"),
    );
  };
  const finish = async () => {
    setBusy(true);
    try {
      if (Object.keys(draft).length > 0) await save(draft);
      say(texts.done);
      go("/");
    } catch (error) {
      say(inWords(explain(error)), "fault");
      setBusy(false);
    }
  };
  return (
    <>
      <AirHeader title={texts.title} room={null} />
      <main class="page settings">
        <p class="quiet small">{texts.title}</p>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!now && !problem && <Skeleton label={chosen.loading} />}
        <Waiting />
        {now && known && !problem && (
          <div class="stack" data-testid="setup" data-step={step}>
            <h1 ref={heading} tabIndex={-1}>
              {texts[step]}
            </h1>
            <p class="quiet small">{fill(texts.step, { n: at + 1, all: STEPS.length })}</p>
            <p>{texts[`${step}_text`]}</p>
            {step === "name" && <BoxName />}
            {step === "network" && <Network />}
            <ul class="settings-fields">
              {FIELDS[step].map(key => {
                const field = ALL.get(key);
                return (
                  field && (
                    <Choice key={key} field={field} settings={known} draft={draft} plugged={plugged.value} set={set} />
                  )
                );
              })}
            </ul>
            {step === "network" && chosenOf("peers.map_ports", known, draft) === true && (
              <p class="small note">{chosen.restarts}</p>
            )}
            {step === "devices" && (
              <>
                <Volume />
                {home.node.value?.devices?.speaker.name && <TestSound />}
              </>
            )}
            {step === "keys" && <Keys />}
            <div class="row end">
              {at > 0 && (
                <button
                  type="button"
                  class="button"
                  onClick={() => move(at - 1)}
                  disabled={busy}
                  data-testid="setup-back"
                >
                  {texts.back}
                </button>
              )}
              {at < STEPS.length - 1 ? (
                <button type="button" class="button primary" onClick={() => move(at + 1)} data-testid="setup-next">
                  {texts.next}
                </button>
              ) : (
                <button
                  type="button"
                  class="button primary"
                  onClick={finish}
                  disabled={busy}
                  data-testid="setup-finish"
                >
                  {texts.finish}
                </button>
              )}
            </div>
            <p class="small">
              <a href="/">{texts.later}</a>
            </p>
          </div>
        )}
      </main>
    </>
  );
}
