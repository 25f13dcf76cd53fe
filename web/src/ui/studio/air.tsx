import { useState } from "preact/hooks";
import type { Slate, Studio } from "../../client";
import { count, locale, t } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { api } from "../parts/session";
import { Switch } from "../parts/switch";
import type { Directing } from "./model";
import { texts } from "./texts";

interface Parts {
  room: string;
  studio: Studio;
  directing: Directing;
}

/** Whether it is on air, and whether anybody is seen: what must not be overlooked. */
export function Status({ studio: { live, slate } }: { studio: Studio }) {
  const words = slate && fill(live ? texts.slate_stands : texts.slate_begins, { slate: texts.slates[slate] });
  return (
    <div
      class={live ? "banner studio-status on-air" : "banner studio-status"}
      role="status"
      data-testid="studio-status"
      data-state={live ? "live" : "off"}
      data-slate={slate ?? "none"}
    >
      <p>{live ? texts.on_air : texts.off_air}</p>
      {words && (
        <p>
          <strong>{words}</strong>
        </p>
      )}
    </div>
  );
}

/** Everybody, or what is shown instead of them. */
export function Slates({ studio, directing }: Omit<Parts, "room">) {
  const choices: (Slate | null)[] = [null, "soon", "back"];
  return (
    <section aria-labelledby="slate">
      <h2 id="slate">{texts.slate}</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset can't be laid out as these are */}
      <div class="segments" role="group" aria-labelledby="slate" aria-describedby="slate-text">
        {choices.map(slate => (
          <button
            key={slate}
            type="button"
            class="button"
            aria-pressed={studio.slate === slate}
            onClick={() => void directing.change({ slate })}
            data-testid={`studio-slate-${slate ?? "none"}`}
          >
            {texts.slates[slate ?? "none"]}
          </button>
        ))}
      </div>
      <p class="small quiet" id="slate-text">
        {texts.slate_text}
      </p>
    </section>
  );
}

function Title(props: { value: string; placeholder: string; set(text: string): void }) {
  return (
    <label class="field grow">
      <span>{texts.live_title}</span>
      <input
        value={props.value}
        maxLength={100}
        autocomplete="off"
        placeholder={props.placeholder}
        onInput={event => props.set(event.currentTarget.value)}
        data-testid="studio-title"
      />
    </label>
  );
}

function Off({ room, studio, directing }: Parts) {
  const [title, setTitle] = useState("");
  const [record, setRecord] = useState(false);
  const [each, setEach] = useState(false);
  const [busy, setBusy] = useState(false);
  const always = studio.auto_record;
  const eachAlways = always && studio.auto_separately;
  const separately = (record || always) && (each || eachAlways);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    // A slate that was chosen just now is there first: what is under way comes before.
    await directing.act(() =>
      api.goLive(room, { title: title.trim() || null, record: record || separately, separately }),
    );
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={submit}>
      <p>{t("go_live_text")}</p>
      <Title value={title} placeholder={studio.name} set={setTitle} />
      <div>
        <Switch label={texts.record} on={record || always} set={setRecord} disabled={always} testid="studio-record" />
        {(record || always) && (
          <p class="small quiet">
            {always && texts.record_always} {texts.record_text}
          </p>
        )}
        {(record || always) && (
          <Switch
            label={texts.separately}
            on={separately}
            set={setEach}
            disabled={eachAlways}
            testid="studio-separately"
          />
        )}
        {separately && <p class="small quiet">{texts.separately_text}</p>}
        <Switch
          label={texts.begin_slate}
          on={studio.slate !== null}
          set={on => void directing.change({ slate: on ? "soon" : null })}
          testid="studio-begin-slate"
        />
        {studio.slate && (
          <p class="small quiet">{fill(texts.begin_slate_text, { slate: texts.slates[studio.slate] })}</p>
        )}
      </div>
      <div class="row">
        <button type="submit" class="button primary" disabled={busy} data-testid="studio-live">
          <Icon name="air" />
          <span>{texts.go}</span>
        </button>
      </div>
    </form>
  );
}

/** The smaller pictures that are made for those who watch, and how many more there could be. */
function Rungs({ studio: { rungs, head } }: { studio: Studio }) {
  const lines = new Intl.ListFormat(locale).format(rungs);
  const made = fill(texts[rungs.length === 0 ? "rungs_none" : rungs.length === 1 ? "rungs_one" : "rungs_some"], {
    lines,
  });
  const more = head.hot ? texts.more_hot : head.more === 0 ? texts.more_none : fill(texts.more_some, { n: head.more });
  return (
    <p
      class="small quiet"
      data-testid="studio-rungs"
      data-rungs={rungs.join(" ")}
      data-more={head.more}
      data-hot={String(head.hot)}
    >
      {made} {more}
    </p>
  );
}

function On({ room, studio, directing, live }: Parts & { live: NonNullable<Studio["live"]> }) {
  const [title, setTitle] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(new Date(live.since));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = (title ?? live.title).trim() || null;
    if (await directing.act(() => api.goLive(room, { title: wanted }))) setTitle(null);
  };
  const end = async () => {
    const over = async () => {
      await api.endLive(room);
      return undefined;
    };
    if (await directing.act(over)) setAsking(false);
  };
  return (
    <div class="stack">
      <p class="row small">
        <span>{fill(texts.on_air_since, { time })}</span>
        <span class="fact">
          <Icon name="eye" />
          <span data-testid="studio-viewers" data-count={live.viewers}>
            {count("viewers", live.viewers)}
          </span>
        </span>
        {live.recording && (
          <span
            class={live.recording === "on" ? "studio-recording mark rec on" : "studio-recording mark rec"}
            data-testid="studio-recording"
            data-state={live.recording}
          >
            <span aria-hidden="true">●</span> {texts.recording[live.recording]}
          </span>
        )}
      </p>
      <Rungs studio={studio} />
      <div>
        <Switch
          label={texts.record}
          on={live.recording !== null}
          set={record => void directing.act(() => api.goLive(room, { record }))}
          testid="studio-record"
        />
        {live.recording && <p class="small quiet">{texts.record_text}</p>}
        {live.recording && (
          <Switch
            label={texts.separately}
            on={live.separately}
            set={separately => void directing.act(() => api.goLive(room, { separately }))}
            testid="studio-separately"
          />
        )}
        {live.separately && <p class="small quiet">{texts.separately_text}</p>}
      </div>
      <form class="row bottom" onSubmit={submit}>
        <Title value={title ?? live.title} placeholder={studio.name} set={setTitle} />
        <button
          type="submit"
          class="button"
          disabled={title === null || title.trim() === live.title}
          data-testid="studio-title-set"
        >
          {texts.change_title}
        </button>
      </form>
      <div class="row">
        <button type="button" class="button danger" onClick={() => setAsking(true)} data-testid="studio-end">
          <Icon name="air" />
          <span>{texts.end}</span>
        </button>
      </div>
      {asking && (
        <Dialog title={texts.end_ask} close={() => setAsking(false)}>
          <p>{texts.end_text}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {t("cancel")}
            </button>
            <button type="button" class="button danger" onClick={end} data-testid="studio-end-yes">
              {texts.end}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** On air or not, and under which title. */
export function Air(parts: Parts) {
  const { live } = parts.studio;
  return (
    <section aria-labelledby="live">
      <h2 id="live">{texts.live}</h2>
      {live ? <On {...parts} live={live} /> : <Off {...parts} />}
    </section>
  );
}

/** Something that is on or off, and what that means. */
function Choice(props: { label: string; text: string; on: boolean; set(on: boolean): void; testid: string }) {
  const { text, ...rest } = props;
  return (
    <div>
      <Switch {...rest} />
      <p class="small quiet">{text}</p>
    </div>
  );
}

/** Who may watch. Takes effect at once, also on those who watch already. */
export function Audience({ studio, directing }: Omit<Parts, "room">) {
  return (
    <section aria-labelledby="audience">
      <h2 id="audience">{texts.audience}</h2>
      <Choice
        label={texts.restricted}
        text={studio.restricted ? texts.restricted_text : texts.everybody_text}
        on={studio.restricted}
        set={restricted => void directing.change({ restricted })}
        testid="restricted"
      />
    </section>
  );
}

/** What the room does without anybody saying so. Shown once the box has it: it is about who is seen, and what is kept. */
export function ByItself({ studio, directing }: Omit<Parts, "room">) {
  return (
    <section aria-labelledby="itself">
      <h2 id="itself">{texts.itself}</h2>
      <Choice
        label={texts.auto_live}
        text={texts.auto_live_text}
        on={studio.auto_live}
        set={auto_live => void directing.change({ auto_live })}
        testid="auto-live"
      />
      <Choice
        label={texts.auto_record}
        text={texts.auto_record_text}
        on={studio.auto_record}
        set={auto_record => void directing.change({ auto_record })}
        testid="auto-record"
      />
      {studio.auto_record && (
        <Choice
          label={texts.auto_separately}
          text={texts.separately_text}
          on={studio.auto_separately}
          set={auto_separately => void directing.change({ auto_separately })}
          testid="auto-separately"
        />
      )}
    </section>
  );
}
