import { useCallback, useEffect, useState } from "preact/hooks";
import type { Recording, Recordings } from "../../client";
import { locale, t } from "../i18n";
import { day, elapsed, fill } from "../i18n/format";
import { useLazy } from "../parts/lazy";
import { OnAirSign } from "../parts/on-air";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { texts } from "./texts";

/** Milliseconds between two looks while something is recorded, and otherwise. */
const SOON = 2_000;
const LATER = 15_000;

function Rename({ recording, done }: { recording: Recording; done(title: string | null): void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    done(String(new FormData(event.currentTarget as HTMLFormElement).get("title") ?? "").trim() || null);
  };
  return (
    <form class="row" onSubmit={submit}>
      <label class="field grow">
        <span class="sr-only">{texts.name}</span>
        <input name="title" maxLength={100} autocomplete="off" value={recording.title} data-testid="recording-title" />
      </label>
      <button type="submit" class="button primary">
        {texts.save}
      </button>
      <button type="button" class="button" onClick={() => done(null)}>
        {t("cancel")}
      </button>
    </form>
  );
}

type Alone = typeof import("./separate");

function Line({ recording, alone, changed }: { recording: Recording; alone: Alone | null; changed(): void }) {
  const [open, setOpen] = useState<"video" | "name" | null>(null);
  const [asks, setAsks] = useState(false);
  const playing = useLazy(open === "video", () => import("./player"));
  const { id, title, state, deleted, duration, bytes, protected: kept } = recording;
  const published = recording.published !== null && deleted === null;
  const sharing = useLazy(published || asks, () => import("./publish"));
  const act = (action: Promise<unknown>) =>
    action.then(changed, error => {
      say(explain(error), "fault");
    });
  if (deleted !== null) {
    return (
      <li class="recording" data-testid="recording" data-state="deleted">
        <p>
          <strong>{title}</strong>
        </p>
        <p class="quiet">{texts.removed}</p>
        <div class="row">
          <button type="button" class="button" onClick={() => act(api.restoreRecording(id))} data-testid="restore">
            {texts.restore}
          </button>
        </div>
      </li>
    );
  }
  const done = recording.ended !== null;
  // A part of which nothing could be copied.
  const empty = state === "broken" && bytes === 0;
  const note = {
    recording: texts.now,
    waiting: texts.waiting,
    trimming: texts.trimming,
    finished: null,
    recovered: texts.recovered,
    broken: empty ? texts.uncopied : texts.broken,
  }[state];
  const length = fill(texts.length, { time: elapsed(0, duration), size: String(Math.ceil(bytes / 1_000_000)) });
  return (
    <li class="recording" data-testid="recording" data-state={state}>
      {open === "name" ? (
        <Rename
          recording={recording}
          done={title => {
            setOpen(null);
            if (title && title !== recording.title) void act(api.changeRecording(id, { title }));
          }}
        />
      ) : (
        <p>
          <strong>{title}</strong> {kept && <span class="mark">{texts.protected}</span>}{" "}
          {published && (
            <span class="mark" data-testid="published">
              {texts.published}
            </span>
          )}
        </p>
      )}
      <p class="small quiet">
        {day(recording.started * 1000, locale)}
        {state !== "trimming" && !empty && ` · ${length}`}
      </p>
      {note && <p class={state === "broken" ? "note" : "small"}>{note}</p>}
      {playing && <playing.Player recording={recording} close={() => setOpen(null)} changed={changed} />}
      {published && done && sharing && <sharing.Published id={id} />}
      {asks && sharing && (
        <sharing.PublishDialog
          title={title}
          publish={() => {
            setAsks(false);
            void act(api.changeRecording(id, { published: true }));
          }}
          close={() => setAsks(false)}
        />
      )}
      {empty && (
        <div class="row">
          <button type="button" class="button" onClick={() => act(api.deleteRecording(id))} data-testid="delete">
            {texts.remove}
          </button>
        </div>
      )}
      {done && !empty && (
        <div class="row">
          {open !== "video" && (
            <button type="button" class="button" onClick={() => setOpen("video")} data-testid="play">
              {texts.play}
            </button>
          )}
          <a class="button" href={`${api.recordingVideo(id)}?download`} download data-testid="download">
            {texts.download}
          </a>
          {published ? (
            <button
              type="button"
              class="button"
              onClick={() => act(api.changeRecording(id, { published: false }))}
              data-testid="unpublish"
            >
              {texts.unpublish}
            </button>
          ) : (
            <button type="button" class="button" onClick={() => setAsks(true)} data-testid="publish">
              {texts.publish}
            </button>
          )}
          <button type="button" class="button" onClick={() => setOpen("name")} data-testid="rename">
            {texts.rename}
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={kept}
            onClick={() => act(api.changeRecording(id, { protected: !kept }))}
            data-testid="protect"
          >
            {kept ? texts.unprotect : texts.protect}
          </button>
          {!kept && (
            <button type="button" class="button" onClick={() => act(api.deleteRecording(id))} data-testid="delete">
              {texts.remove}
            </button>
          )}
        </div>
      )}
      {alone && <alone.List recordings={recording.separate} kept={kept} changed={changed} />}
    </li>
  );
}

/** What was recorded, for the owner of the box. */
export default function RecordingsPage() {
  const [all, setAll] = useState<Recordings | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(() => {
    api.recordings().then(
      found => {
        setAll(found);
        setProblem(null);
      },
      error => setProblem(explain(error)),
    );
  }, []);
  useEffect(look, [look]);
  const busy = all?.recordings.some(recording => recording.ended === null) ?? false;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || look(), busy ? SOON : LATER);
    return () => clearInterval(timer);
  }, [busy, look]);
  const room = all?.lasts ?? null;
  // What is recorded is on air.
  const onAir = all?.recordings.some(recording => recording.state === "recording") ?? false;
  useTitle(texts.title, onAir);
  const alone = useLazy(
    all?.recordings.some(one => one.alone || one.separate.length) ?? false,
    () => import("./separate"),
  );
  return (
    <>
      <Header lit={onAir}>{onAir && <OnAirSign />}</Header>
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!all && !problem && <Skeleton label={texts.loading} />}
        {all && (
          <>
            {all.trouble && <p class="note">{fill(texts.trouble, { why: all.trouble })}</p>}
            {all.recordings.length === 0 && <p class="quiet">{texts.none}</p>}
            <ul class="recordings">
              {all.recordings.map(
                one => !one.alone && <Line key={one.id} recording={one} alone={alone} changed={look} />,
              )}
            </ul>
            {alone && <alone.Left all={all.recordings} changed={look} />}
            <p class="small quiet">
              {fill(texts.free, { free: (all.free / 1e9).toFixed(1) })}{" "}
              {room !== null && fill(texts.lasts, { time: elapsed(0, room * 1000) })}
            </p>
          </>
        )}
      </main>
    </>
  );
}
