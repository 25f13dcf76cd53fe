import { useEffect, useState } from "preact/hooks";
import type { Mqtt, SettingValue } from "../../client/settings";
import { home } from "../home/model";
import { BoxName } from "../home/name";
import { TestSound } from "../home/sound";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { AirHeader } from "../parts/air";
import { Dialog } from "../parts/dialog";
import { explain } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import { Volume } from "../parts/volume";
import { change, type Draft, GROUPS, type Group, needsOf, undoOf } from "./catalogue";
import { Choice, inWords, named, word } from "./field";
import { byKey, choices, comeBack, plugged, save, settings, startOver, useSettings, waiting } from "./model";
import { texts } from "./texts";
import { Trial, Waiting } from "./trial";

/** Milliseconds between two looks at the connection with the broker. */
const LOOK = 3_000;

/** What stands below the choices of a group. */
function More({ group }: { group: Group }) {
  const link = (href: string, text: string) => (
    <p>
      <a href={href}>{text}</a>
    </p>
  );
  switch (group) {
    case "sound":
      return (
        <>
          <Volume />
          {home.node.value?.devices?.speaker.name && <TestSound />}
          {link("/camera", texts.to_camera)}
        </>
      );
    case "recordings":
      return link("/recordings", texts.to_recordings);
    case "network":
      return (
        <>
          {link("/network", texts.to_network)}
          {link("/reachability", texts.to_reachability)}
        </>
      );
    case "certificate":
      return link("/trust", texts.to_trust);
    case "mqtt":
      return <Broker />;
    case "box":
      return (
        <>
          {link("/setup", texts.to_setup)}
          {link("/update", texts.to_update)}
          <Restart />
          <Reset />
        </>
      );
    default:
      return null;
  }
}

/** Whether the broker has taken the box, looked at again and again. */
function Broker() {
  const [now, setNow] = useState<Mqtt | null>(null);
  useEffect(() => {
    const look = () => {
      if (!document.hidden) choices.mqtt().then(setNow, () => {});
    };
    look();
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, []);
  if (!now || now.state === "off") return null;
  return (
    <p class={now.trouble ? "note" : "quiet"} role="status" data-testid="mqtt-state" data-state={now.state}>
      {now.trouble ? texts.mqtt_troubles[now.trouble] : texts.mqtt_states[now.state]}
    </p>
  );
}

function Restart() {
  const [asking, setAsking] = useState(false);
  const restart = () => {
    setAsking(false);
    choices.restart().then(comeBack, error => say(explain(error), "fault"));
  };
  return (
    <>
      <p>
        <button type="button" class="button" onClick={() => setAsking(true)} data-testid="restart">
          {texts.restart}
        </button>
      </p>
      {asking && (
        <Dialog title={texts.restart_title} close={() => setAsking(false)}>
          <p>{texts.restart_text}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {texts.cancel}
            </button>
            <button type="button" class="button danger" onClick={restart} data-testid="restart-yes">
              {texts.restart}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Reset() {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const name = home.node.value?.name;
  if (!name) return null;
  const close = () => {
    setAsking(false);
    setTyped("");
  };
  const reset = (event: Event) => {
    event.preventDefault();
    close();
    choices.reset(typed).then(startOver, error => say(explain(error), "fault"));
  };
  return (
    <>
      <p>
        <button type="button" class="button danger" onClick={() => setAsking(true)} data-testid="reset">
          {texts.reset}
        </button>
      </p>
      {asking && (
        <Dialog title={texts.reset_title} close={close}>
          <form class="stack" onSubmit={reset}>
            <p>{texts.reset_text}</p>
            <p>{texts.reset_stays}</p>
            <label class="field">
              <span>{fill(texts.reset_type, { name })}</span>
              <input
                value={typed}
                onInput={event => setTyped(event.currentTarget.value)}
                autocomplete="off"
                data-testid="reset-name"
              />
            </label>
            <div class="row end">
              <button type="button" class="button" onClick={close}>
                {texts.cancel}
              </button>
              <button type="submit" class="button danger" disabled={typed.trim() !== name} data-testid="reset-yes">
                {texts.reset}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

/** What was changed and not saved: each with what it is and what it will be. */
function Changes({ draft, done }: { draft: Draft; done(): void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [undo, setUndo] = useState<Draft | null>(null);
  const now = settings.value;
  const keys = Object.keys(draft);
  if (!now) return null;
  const known = byKey(now);
  const needs = needsOf(draft, known);
  const act = async (changes: Draft, said: string, back: Draft | null) => {
    setBusy(true);
    setProblem(null);
    try {
      await save(changes);
      setUndo(back);
      done();
      say(said);
    } catch (error) {
      setProblem(inWords(explain(error)));
    }
    setBusy(false);
  };
  if (keys.length === 0) {
    if (!undo || now.trial !== null) return null;
    return (
      <section class="changes" aria-label={texts.saved} data-testid="saved">
        <p class="grow">{texts.saved}</p>
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => act(undo, texts.undone, null)}
          data-testid="undo"
        >
          {texts.undo}
        </button>
      </section>
    );
  }
  return (
    <section class="changes" aria-labelledby="changes" data-testid="changes">
      <div class="grow stack tight">
        <h2 id="changes">{keys.length === 1 ? texts.change : fill(texts.changes, { n: keys.length })}</h2>
        <ul class="small">
          {keys.map(key => {
            const setting = known.get(key);
            const secret = setting?.secret;
            const before = secret
              ? setting.value
                ? texts.there
                : texts.nothing
              : word(key, setting?.value as SettingValue, plugged.value);
            const after = secret
              ? draft[key]
                ? texts.secret_typed
                : texts.nothing
              : word(key, draft[key] ?? (setting?.otherwise as SettingValue), plugged.value);
            return (
              <li key={key} class="wrap-anywhere" data-testid="difference">
                {named(key)[0]}: <del>{before}</del> → <ins>{after}</ins>
              </li>
            );
          })}
        </ul>
        {needs !== "nothing" && <p class="small note">{needs === "trial" ? texts.tries : texts.restarts}</p>}
        {problem && (
          <p role="alert" class="fault-text" data-testid="setting-problem">
            {problem}
          </p>
        )}
      </div>
      <div class="row">
        <button type="button" class="button" disabled={busy} onClick={done} data-testid="discard">
          {texts.discard}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy}
          onClick={() => act(draft, texts.saved, undoOf(draft, known))}
          data-testid="save"
        >
          {texts.save}
        </button>
      </div>
    </section>
  );
}

/** Everything that the owner chooses of the box. */
export default function SettingsPage() {
  const [draft, setDraft] = useState<Draft>({});
  const problem = useSettings();
  const now = settings.value;
  const known = now && byKey(now);
  const set = (key: string, value: SettingValue) => {
    if (known) setDraft(before => change(before, known, key, value));
  };
  return (
    <>
      <AirHeader title={texts.title} room={null} />
      <main class="page settings">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!now && !problem && <Skeleton label={texts.loading} />}
        <Waiting />
        {now && known && !problem && (
          <>
            <p class="quiet">{texts.what}</p>
            {now.taken_back && (
              <p class="banner" role="status" data-testid="taken-back">
                {texts.taken_back}
              </p>
            )}
            {now.refused.length > 0 && (
              <div class="banner fault" role="alert">
                <p>{texts.refused}</p>
                <ul lang="en">
                  {now.refused.map(line => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              </div>
            )}
            {GROUPS.map(({ name, fields }) => (
              <section key={name} aria-labelledby={`group-${name}`}>
                <h2 id={`group-${name}`}>{texts.groups[name]}</h2>
                {name === "box" && <BoxName />}
                <ul class="settings-fields">
                  {fields.map(field => (
                    <Choice
                      key={field.key}
                      field={field}
                      settings={known}
                      draft={draft}
                      plugged={plugged.value}
                      set={set}
                    />
                  ))}
                </ul>
                <More group={name} />
              </section>
            ))}
            <Changes draft={draft} done={() => setDraft({})} />
          </>
        )}
      </main>
      {!waiting.value && <Trial />}
    </>
  );
}
