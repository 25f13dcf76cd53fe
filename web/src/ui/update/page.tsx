import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../client/problem";
import { type Slot, type Update, Updates } from "../../client/update";
import { locale, t } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { texts } from "./texts";

const updates = new Updates(api);

/** Milliseconds between two looks: while something goes on, and while the box is away. */
const LOOK = 700;
const AWAY = 2_000;

/** Bytes for people. */
function size(bytes: number): string {
  const [value, unit] = bytes < 1e9 ? [bytes / 1e6, "megabyte"] : [bytes / 1e9, "gigabyte"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

const busy = ({ stage }: Update) => stage === "fetching" || stage === "checking" || stage === "installing";

function Slots({ update }: { update: Update }) {
  const row = (what: string, slot: Slot | null, version: string) =>
    slot && (
      <tr key={what}>
        <th scope="row">{what}</th>
        <td>{slot.version ?? version}</td>
        <td>{slot.bootname}</td>
        <td>{slot.good === null ? "" : slot.good ? texts.good : texts.bad}</td>
      </tr>
    );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div class="table-frame" tabIndex={0}>
      <table class="stats-table" data-testid="slots">
        <thead>
          <tr>
            <td />
            <th scope="col">{texts.version}</th>
            <th scope="col">{texts.slot}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {row(texts.runs, update.booted, update.version)}
          {row(texts.other, update.other, texts.empty)}
        </tbody>
      </table>
    </div>
  );
}

/** What is going on, in words; said aloud at each tenth of it and no more often. */
function words({ stage, bytes, total, percent, bundle, waits }: Update, coarse: boolean): string {
  const step = (value: number, by: number) => (coarse ? Math.floor(value / by) * by : value);
  switch (stage) {
    case "fetching":
      return total
        ? fill(texts.fetching, { done: size(step(bytes, total / 10)), total: size(total) })
        : fill(texts.fetching_some, { done: size(step(bytes, 5e7)) });
    case "checking":
      return texts.checking;
    case "installing":
      return fill(texts.installing, { percent: step(percent, 10) });
    case "installed":
      return bundle ? fill(texts.installed_version, { version: bundle }) : texts.installed;
    default:
      return waits ? texts.waits : "";
  }
}

function Progress({ update }: { update: Update }) {
  const { stage, bytes, total, percent, failure, message } = update;
  const part = stage === "fetching" ? (total ? bytes / total : null) : stage === "installing" ? percent / 100 : null;
  return (
    <div class="stack tight" data-testid="update-state" data-stage={stage}>
      {busy(update) && (
        <>
          <progress class="progress" aria-label={texts.title} {...(part === null ? {} : { value: part, max: 1 })} />
          <p aria-hidden="true">{words(update, false)}</p>
          {stage === "installing" && (
            <p class="small quiet" lang="en" aria-hidden="true">
              {message}
            </p>
          )}
        </>
      )}
      <p role="status" class={busy(update) ? "sr-only" : ""} data-testid="update-words">
        {words(update, true)}
      </p>
      {failure && (
        <div class="banner fault" role="alert" data-testid="update-failure" data-code={failure.code}>
          <p>
            <strong>{texts.failed}</strong>
          </p>
          <p>{texts.codes[failure.code]}</p>
          {failure.detail && (
            <p class="small wrap-anywhere" lang="en">
              {fill(texts.said, { text: failure.detail })}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function Install({ update, done }: { update: Update; done(): void }) {
  const [file, setFile] = useState<File | null>(null);
  const [address, setAddress] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = useRef<HTMLInputElement>(null);
  const begin = async (what: Promise<unknown>) => {
    setProblem(null);
    // The stage that comes is looked at while it is uploaded.
    setTimeout(done, LOOK);
    try {
      await what;
      setFile(null);
      setAddress("");
      if (chosen.current) chosen.current.value = "";
    } catch (error) {
      // A failure that the box knows of is shown with the state.
      if (!(error instanceof Problem && error.type === "network")) setProblem(explain(error));
    }
    done();
  };
  const upload = (event: Event) => {
    event.preventDefault();
    if (!file) return;
    if (file.size > update.takes) setProblem(fill(texts.too_large, { size: size(update.takes) }));
    else begin(updates.upload(file));
  };
  const fetch = (event: Event) => {
    event.preventDefault();
    begin(updates.fetch(address.trim()));
  };
  return (
    <section aria-labelledby="install" class="stack">
      <h2 id="install">{texts.install}</h2>
      {problem && (
        <p role="alert" class="fault-text" data-testid="update-problem">
          {problem}
        </p>
      )}
      <form class="stack tight" onSubmit={upload}>
        <label class="field">
          <span>{texts.file}</span>
          <input
            ref={chosen}
            type="file"
            accept=".raucb"
            required
            aria-describedby="file-hint"
            onChange={event => setFile(event.currentTarget.files?.[0] ?? null)}
            data-testid="update-file"
          />
        </label>
        <p id="file-hint" class="small quiet">
          {fill(texts.file_hint, { size: size(update.takes) })}
        </p>
        <div class="row">
          <button type="submit" class="button primary" disabled={!file} data-testid="update-upload">
            {texts.upload}
          </button>
        </div>
      </form>
      <form class="stack tight" onSubmit={fetch}>
        <label class="field">
          <span>{texts.address}</span>
          <input
            type="url"
            required
            placeholder="https://"
            autocomplete="off"
            aria-describedby="address-hint"
            value={address}
            onInput={event => setAddress(event.currentTarget.value)}
            data-testid="update-address"
          />
        </label>
        <p id="address-hint" class="small quiet">
          {texts.address_hint}
        </p>
        <div class="row">
          <button type="submit" class="button" disabled={!address.trim()} data-testid="update-fetch">
            {texts.fetch}
          </button>
        </div>
      </form>
    </section>
  );
}

function Restart({ update, begun }: { update: Update; begun(): void }) {
  const [asking, setAsking] = useState(false);
  const restart = () => {
    setAsking(false);
    updates.restart(update.going.length > 0).then(begun, error => say(explain(error), "fault"));
  };
  const ends = new Intl.ListFormat(locale).format(update.going.map(what => texts.going[what]));
  return (
    <p>
      <button type="button" class="button primary" onClick={() => setAsking(true)} data-testid="update-restart">
        {texts.restart}
      </button>
      {asking && (
        <Dialog title={texts.restart_title} close={() => setAsking(false)}>
          <p>{texts.restart_text}</p>
          {ends && (
            <p class="note" data-testid="update-ends">
              {fill(texts.ends, { what: ends })}
            </p>
          )}
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {texts.later}
            </button>
            <button type="button" class="button danger" onClick={restart} data-testid="update-restart-yes">
              {texts.restart}
            </button>
          </div>
        </Dialog>
      )}
    </p>
  );
}

/** What runs, what comes next, and how it gets there. For owners of a box that is an image. */
export default function UpdatePage() {
  const [update, setUpdate] = useState<Update | null>(null);
  const [problem, setProblem] = useState<{ title: string; text: string } | null>(null);
  const [away, setAway] = useState(false);
  useTitle(texts.title, false);
  const look = () => {
    updates.show().then(
      now => {
        // It answers for some seconds after it was asked to restart.
        setAway(before => before && now.waits);
        setUpdate(now);
        setProblem(null);
      },
      error => {
        const type = error instanceof Problem ? error.type : "";
        if (type === "network" || type === "timeout") return;
        if (type === "not-an-image") setProblem({ title: texts.not_image, text: texts.not_image_text });
        else if (type === "sign-in" || type === "not-permitted")
          setProblem({ title: t("load_failed_title"), text: texts.not_yours });
        // While somebody else installs one, it says so until that is over.
        else if (type !== "updating") setProblem({ title: t("load_failed_title"), text: explain(error) });
      },
    );
  };
  useEffect(look, []);
  const going = update !== null && busy(update);
  useEffect(() => {
    if (!going && !away && (update || problem)) return;
    const timer = setInterval(look, away ? AWAY : LOOK);
    return () => clearInterval(timer);
  }, [going, away, update === null, problem === null]);
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message title={problem.title} text={problem.text} />}
        {!update && !problem && <Skeleton label={texts.loading} />}
        {away && <Message title={texts.restarts} text={texts.restart_text} />}
        {update && !problem && !away && (
          <>
            <p class="quiet">{texts.what}</p>
            <Slots update={update} />
            <p class="small quiet">{fill(texts.board, { board: update.compatible })}</p>
            <Progress update={update} />
            {update.waits && !busy(update) && <Restart update={update} begun={() => setAway(true)} />}
            {!busy(update) && <Install update={update} done={look} />}
          </>
        )}
        <p>
          <a href="/settings">{texts.to_settings}</a>
        </p>
      </main>
    </>
  );
}
