import { useCallback, useEffect, useState } from "preact/hooks";
import type { NewPush, Push, PushPreset, RoomSummary } from "../../client";
import { locale, t } from "../i18n";
import { fill } from "../i18n/format";
import { AirHeader } from "../parts/air";
import { Dialog } from "../parts/dialog";
import { api, explain, refreshSession } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { Switch } from "../parts/switch";
import { say } from "../parts/toast";
import { isSrt } from "./change";
import { Edit } from "./edit";
import { Address, Secrets } from "./fields";
import { texts } from "./texts";

/** Milliseconds between two looks at how they are. */
const LOOK = 2_000;
const MOST = 8;
const PRESETS: PushPreset[] = ["youtube", "twitch", "peertube", "owncast", "whip", "custom"];
/** Where a service is that has one address for everybody. */
const ADDRESSES: Partial<Record<PushPreset, string>> = {
  youtube: "rtmps://a.rtmps.youtube.com/live2",
  twitch: "rtmps://live.twitch.tv/app",
};

function time(rfc3339: string): string {
  const wanted = { hour: "numeric", minute: "2-digit", second: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale, wanted).format(new Date(rfc3339));
}

type Act = (what: Promise<unknown>) => Promise<boolean>;

function State({ push }: { push: Push }) {
  const error = push.error && push.state !== "off" && push.state !== "live" ? texts.errors[push.error.code] : null;
  const dropped = push.dropped === 1 ? texts.dropped_one : fill(texts.dropped_other, { n: push.dropped });
  return (
    <div class="small" role="status" data-testid="push-state" data-state={push.state}>
      <p class="quiet">
        {texts.states[push.state]}
        {push.state === "live" && push.since && ` ${fill(texts.since, { time: time(push.since) })}`}
      </p>
      {error && (
        <p data-testid="push-error" data-code={push.error?.code}>
          {error} {push.again && fill(texts.again, { time: time(push.again) })}
        </p>
      )}
      {push.state === "live" && push.dropped > 0 && <p class="quiet">{dropped}</p>}
    </div>
  );
}

function Row({ push, room, act }: { push: Push; room: string; act: Act }) {
  const [asking, setAsking] = useState(false);
  const [editing, setEditing] = useState(false);
  return (
    <li class="card" data-testid="push" data-name={push.name}>
      <div class="card-text grow">
        <h3>{push.name}</h3>
        <p class="small quiet">
          <code>{push.address}</code>
        </p>
        <State push={push} />
      </div>
      <Switch
        label={fill(texts.send, { name: push.name })}
        on={push.enabled}
        set={enabled => void act(api.changePush(room, push.id, { enabled }))}
        testid="push-switch"
      />
      <button
        type="button"
        class="button quiet"
        onClick={() => setEditing(true)}
        aria-label={fill(texts.edit_what, { name: push.name })}
        data-testid="push-edit"
      >
        {texts.edit}
      </button>
      <button
        type="button"
        class="button quiet"
        onClick={() => setAsking(true)}
        aria-label={fill(texts.remove_what, { name: push.name })}
        data-testid="push-remove"
      >
        {texts.remove}
      </button>
      {editing && (
        <Edit push={push} close={() => setEditing(false)} save={change => act(api.changePush(room, push.id, change))} />
      )}
      {asking && (
        <Dialog title={`${fill(texts.remove_what, { name: push.name })}?`} close={() => setAsking(false)}>
          <p>{texts.remove_text}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {t("cancel")}
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() => void act(api.removePush(room, push.id)).then(done => done && setAsking(false))}
              data-testid="push-remove-yes"
            >
              {texts.remove}
            </button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

function Add({ room, act }: { room: string; act: Act }) {
  const [preset, setPreset] = useState<PushPreset>("youtube");
  const [address, setAddress] = useState(ADDRESSES.youtube ?? "");
  const [busy, setBusy] = useState(false);
  const srt = isSrt(address);
  const choose = (chosen: PushPreset) => {
    setPreset(chosen);
    setAddress(ADDRESSES[chosen] ?? "");
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const text = (field: string) => String(fields.get(field) ?? "").trim();
    const name = text("name") || texts.presets[preset];
    const wanted: NewPush = { name, preset, address: address.trim(), key: text("key") || null, enabled: true };
    if (srt) wanted.passphrase = text("passphrase") || null;
    setBusy(true);
    if (await act(api.addPush(room, wanted))) {
      form.reset();
      choose(preset);
    }
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={submit} data-testid="push-add">
      <label class="menu-choice">
        <span>{texts.service}</span>
        <select
          value={preset}
          onChange={event => choose(event.currentTarget.value as PushPreset)}
          data-testid="push-preset"
        >
          {PRESETS.map(one => (
            <option key={one} value={one}>
              {texts.presets[one]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{texts.name}</span>
        <input
          name="name"
          maxLength={40}
          autocomplete="off"
          placeholder={texts.presets[preset]}
          data-testid="push-name"
        />
      </label>
      <Address value={address} set={setAddress} hint={texts.address_hint[preset]} testid="push-address" />
      <Secrets address={address} />
      <div class="row end">
        <button type="submit" class="button primary" disabled={busy} data-testid="push-add-yes">
          {texts.add}
        </button>
      </div>
    </form>
  );
}

/** Where else a room's broadcast is sent, for the owner. */
export default function PushesPage({ id }: { id: string }) {
  const [room, setRoom] = useState<RoomSummary | null>(null);
  const [pushes, setPushes] = useState<Push[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  const look = useCallback(async () => {
    try {
      setPushes(await api.pushes(id));
      setProblem(null);
    } catch (error) {
      setProblem(explain(error));
    }
  }, [id]);
  useEffect(() => {
    let timer = 0;
    let over = false;
    const again = async () => {
      if (!document.hidden) await look();
      if (!over) timer = setTimeout(again, LOOK) as unknown as number;
    };
    const start = async () => {
      const { owner } = await refreshSession();
      if (!owner) return setRefused(true);
      setRoom(await api.room(id));
      await again();
    };
    start().catch(error => setProblem(explain(error)));
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [id, look]);
  const act: Act = async what => {
    try {
      await what;
      await look();
      return true;
    } catch (error) {
      say(explain(error), "fault");
      return false;
    }
  };
  return (
    <>
      <AirHeader title={texts.title} room={id} />
      <main class="page">
        {refused ? (
          <Message tone="fault" title={t("stats_refused_title")} text={t("stats_refused_text")} />
        ) : (
          <>
            <h1>{texts.title}</h1>
            {room && <p class="quiet">{fill(texts.of, { room: room.name })}</p>}
            <p>{texts.text}</p>
            {problem && (
              <p class="banner fault" role="alert">
                {problem}
              </p>
            )}
            {!pushes && !problem && <Skeleton label={t("loading")} />}
            {pushes && (
              <>
                <section aria-labelledby="services">
                  <h2 id="services">{texts.list}</h2>
                  {pushes.length === 0 && <p class="empty">{texts.none}</p>}
                  <ul class="cards">
                    {pushes.map(push => (
                      <Row key={push.id} push={push} room={id} act={act} />
                    ))}
                  </ul>
                </section>
                <section aria-labelledby="add">
                  <h2 id="add">{texts.add}</h2>
                  {pushes.length >= MOST ? <p>{texts.full}</p> : <Add room={id} act={act} />}
                </section>
                <p>
                  <a href={`/r/${id}`}>{texts.back}</a>
                </p>
              </>
            )}
          </>
        )}
      </main>
    </>
  );
}
