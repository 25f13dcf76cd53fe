import { useState } from "preact/hooks";
import type { Recording } from "../../client";
import { locale } from "../i18n";
import { elapsed, fill } from "../i18n/format";
import { api, explain } from "../parts/session";
import { say } from "../parts/toast";
import { texts as own } from "./separate-texts";
import { texts } from "./texts";

/** What holds one participant alone, beside what was on air. */
function Separate({ recording, kept, changed }: { recording: Recording; kept: boolean; changed(): void }) {
  const [open, setOpen] = useState(false);
  const { id, alone, state, deleted, duration, bytes } = recording;
  const act = (action: Promise<unknown>) =>
    action.then(changed, error => {
      say(explain(error), "fault");
    });
  const name = fill(alone?.screen ? own.screen_of : "{name}", { name: alone?.name ?? recording.title });
  const length = fill(texts.length, { time: elapsed(0, duration), size: String(Math.ceil(bytes / 1_000_000)) });
  const begins = fill(own.begins, {
    time: ((alone?.offset ?? 0) / 1000).toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  });
  const note = {
    recording: texts.now,
    waiting: texts.waiting,
    trimming: null,
    finished: null,
    recovered: texts.recovered,
    broken: texts.broken,
  }[state];
  if (deleted !== null) {
    return (
      <li data-testid="separate" data-state="deleted">
        <p>
          {name} <span class="quiet">{texts.removed}</span>
        </p>
        <div class="row">
          <button type="button" class="button" onClick={() => act(api.restoreRecording(id))} data-testid="restore">
            {texts.restore}
          </button>
        </div>
      </li>
    );
  }
  return (
    <li data-testid="separate" data-state={state} data-name={alone?.name}>
      <p>
        {name} <span class="small quiet">{state === "waiting" ? "" : `${length} · ${begins}`}</span>
      </p>
      {note && <p class={state === "broken" ? "note" : "small"}>{note}</p>}
      {open && (
        <video
          class="recording-video"
          src={api.recordingVideo(id)}
          controls
          autoplay
          playsInline
          data-testid="separate-video"
          onError={() => {
            setOpen(false);
            say(own.unplayable, "fault");
          }}
        />
      )}
      {recording.ended !== null && (
        <div class="row">
          <button type="button" class="button" onClick={() => setOpen(!open)} data-testid="separate-play">
            {open ? texts.close : texts.play}
          </button>
          <a class="button" href={`${api.recordingVideo(id)}?download`} download data-testid="separate-download">
            {texts.download}
          </a>
          {!kept && (
            <button
              type="button"
              class="button"
              onClick={() => act(api.deleteRecording(id))}
              data-testid="separate-delete"
            >
              {texts.remove}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** All that was made beside one recording. */
export function List({ recordings, kept, changed }: { recordings: Recording[]; kept: boolean; changed(): void }) {
  if (recordings.length === 0) return null;
  return (
    <details class="separate" data-testid="separate-list">
      <summary>{fill(own.separate, { n: String(recordings.length) })}</summary>
      <p class="small quiet">{own.separate_text}</p>
      <ul>
        {recordings.map(one => (
          <Separate key={one.id} recording={one} kept={kept} changed={changed} />
        ))}
      </ul>
    </details>
  );
}

/** What was made beside recordings that are gone, as when somebody carried them away. */
export function Left({ all, changed }: { all: Recording[]; changed(): void }) {
  return <List recordings={all.filter(one => one.alone)} kept={false} changed={changed} />;
}
