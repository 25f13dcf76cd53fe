import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Recording, Recordings } from "../../client";
import { language, t } from "../i18n";
import { elapsed, fill } from "../i18n/format";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { texts } from "./texts";

/** Milliseconds between two looks while something is recorded, and otherwise. */
const SOON = 2_000;
const LATER = 15_000;

function Player({ recording, close }: { recording: Recording; close(): void }) {
  const video = useRef<HTMLVideoElement>(null);
  return (
    <div class="stack">
      <video
        ref={video}
        class="recording-video"
        src={api.recordingVideo(recording.id)}
        controls
        autoplay
        playsInline
        data-testid="recording-video"
      />
      {recording.chapters.length > 1 && (
        <nav aria-label={texts.chapters}>
          <ol class="chapters">
            {recording.chapters.map(({ at, title }) => (
              <li key={at}>
                <button
                  type="button"
                  class="button quiet"
                  onClick={() => {
                    if (video.current) video.current.currentTime = at / 1000;
                  }}
                >
                  <span class="quiet">{elapsed(0, at)}</span> {title}
                </button>
              </li>
            ))}
          </ol>
        </nav>
      )}
      <p>
        <button type="button" class="button" onClick={close}>
          {texts.close}
        </button>
      </p>
    </div>
  );
}

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

function Line({ recording, changed }: { recording: Recording; changed(): void }) {
  const [open, setOpen] = useState<"video" | "name" | null>(null);
  const { id, title, state, deleted, duration, bytes, protected: kept } = recording;
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
  const note = { recording: texts.now, waiting: texts.waiting, recovered: texts.recovered, broken: texts.broken }[
    state as string
  ];
  const date = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
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
          <strong>{title}</strong> {kept && <span class="mark">{texts.protected}</span>}
        </p>
      )}
      <p class="small quiet">
        {date.format(recording.started * 1000)} · {length}
      </p>
      {note && <p class={state === "broken" ? "note" : "small"}>{note}</p>}
      {open === "video" && <Player recording={recording} close={() => setOpen(null)} />}
      {done && (
        <div class="row">
          {open !== "video" && (
            <button type="button" class="button" onClick={() => setOpen("video")} data-testid="play">
              {texts.play}
            </button>
          )}
          <a class="button" href={`${api.recordingVideo(id)}?download`} download data-testid="download">
            {texts.download}
          </a>
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
  useTitle(texts.title, false);
  const room = all?.lasts ?? null;
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!all && !problem && <Skeleton label={texts.loading} />}
        {all && (
          <>
            {all.trouble && <p class="note">{fill(texts.trouble, { why: all.trouble })}</p>}
            {all.recordings.length === 0 && <p class="quiet">{texts.none}</p>}
            <ul class="recordings">
              {all.recordings.map(recording => (
                <Line key={recording.id} recording={recording} changed={look} />
              ))}
            </ul>
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
