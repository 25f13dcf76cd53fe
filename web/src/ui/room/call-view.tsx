import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CallChat } from "../chat/calling";
import { count, t } from "../i18n";
import { fill } from "../i18n/format";
import { useAwake } from "../parts/awake";
import { Icon } from "../parts/icons";
import { typing } from "../parts/keys";
import { Lantern } from "../parts/lantern";
import { OnAirSign } from "../parts/on-air";
import { say } from "../parts/toast";
import { AlsoSent, SlateShown } from "./also-sent";
import { BoxDialog } from "./box";
import type { Call } from "./call";
import { Consent } from "./consent";
import { devices, type Input, wantCamera, wantMicrophone } from "./devices";
import { GoLiveDialog } from "./go-live";
import { InviteDialog } from "./invites";
import { HandButton, OrderLines, toggleHand } from "./order";
import { PeopleDialog } from "./people";
import { troubleText } from "./pickers";
import { RingLine } from "./ring";
import { SettingsDialog } from "./settings";
import { ShareButton, SharingLine } from "./share";
import { Sounds } from "./sounds";
import { Stage } from "./stage";
import { texts } from "./texts";
import { nextLayout, ViewDialog } from "./view";

type Open = "settings" | "invite" | "box" | "go-live" | "view" | "people" | null;

/** What the connection is doing, if that is worth a line. */
function Connection({ call }: { call: Call }) {
  const phase = call.phase.value;
  const media = call.media.value;
  const text =
    phase === "reconnecting"
      ? t(media === "connected" ? "reconnecting_quiet" : "reconnecting")
      : media === "disconnected" || media === "failed"
        ? t("media_lost")
        : media !== "connected"
          ? t("media_connecting")
          : null;
  return (
    <div role="status" class="connection">
      {text && <p class="banner">{text}</p>}
    </div>
  );
}

function Top({ call, open }: { call: Call; open(what: Open): void }) {
  const live = call.live.value;
  const state = call.state.value;
  const people = Object.keys(state?.participants ?? {}).length;
  return (
    <header class="call-top">
      <Lantern lit={live !== null} />
      <h1>{state?.room.name ?? ""}</h1>
      {state?.room.locked && (
        <span class="fact small quiet" title={texts.locked} data-testid="locked">
          <Icon name="lock" />
          <span class="sr-only">{texts.locked}</span>
        </span>
      )}
      <span class="grow" />
      {live && (
        <>
          <span class="fact small quiet" title={count("viewers", live.viewers)}>
            <Icon name="eye" />
            <span aria-hidden="true">{live.viewers}</span>
            <span class="sr-only">{count("viewers", live.viewers)}</span>
          </span>
          {live.recording && <RecordSign call={call} runs={live.recording === "on"} />}
          <OnAirSign since={live.since} />
        </>
      )}
      <button
        type="button"
        class="button quiet top-view"
        onClick={() => open("people")}
        aria-label={count("people", people)}
        aria-keyshortcuts="P"
        data-testid="people-open"
      >
        <Icon name="people" />
        <span class="top-view-text">{people}</span>
      </button>
      <button type="button" class="button quiet top-view" onClick={() => open("view")} data-testid="view-open">
        <Icon name="layout" />
        <span class="top-view-text">{t("view")}</span>
      </button>
    </header>
  );
}

/** That what is on air is recorded, or for whose yes that waits. For everybody in the room. */
function RecordSign({ call, runs }: { call: Call; runs: boolean }) {
  const people = Object.values(call.state.value?.participants ?? {});
  const waits = people.filter(who => who.on_air === "yes" && who.recorded !== "yes").map(who => who.name);
  const separate = people.filter(who => who.separately === "yes").map(who => who.name);
  const text = runs
    ? separate.length > 0
      ? fill(texts.recording_on_separately, { names: separate.join(", ") })
      : texts.recording_on
    : waits.length > 0
      ? fill(texts.recording_waits_for, { names: waits.join(", ") })
      : texts.recording_waits;
  return (
    <span class={runs ? "mark rec on" : "mark rec"} role="status" title={text} data-testid="recording-sign">
      <span aria-hidden="true">●</span> <span class="recording-text">{text}</span>
    </span>
  );
}

/** Mutes or unmutes; says why where that is not possible. */
async function toggle(input: Input): Promise<void> {
  const on = devices[input].value !== null && devices.wanted[input].value;
  await (input === "microphone" ? wantMicrophone(!on) : wantCamera(!on));
  const trouble = devices.trouble[input].value;
  if (!on && trouble && devices[input].value === null) say(troubleText(trouble, input), "fault");
}

interface Writing {
  shown: boolean;
  unread: number;
  show(shown: boolean): void;
}

/** The chat, which is loaded when the call is there. */
function Chat({
  call,
  roomId,
  writing,
  unread,
}: {
  call: Call;
  roomId: string;
  writing: Writing;
  unread(n: number): void;
}) {
  const [Loaded, setLoaded] = useState<{ View: typeof CallChat } | null>(null);
  useEffect(() => {
    import("../chat/calling").then(
      ({ CallChat }) => setLoaded({ View: CallChat }),
      () => say(t("load_failed_title"), "fault"),
    );
  }, []);
  const room = call.state.value?.room;
  const name = call.me.value?.name;
  if (!Loaded || !room || !name) return null;
  return (
    <Loaded.View
      room={roomId}
      broadcast={room.broadcast}
      name={name}
      live={call.live.value !== null}
      shown={writing.shown}
      hand={up => call.ask(room => room.hand(up))}
      unread={unread}
      close={() => writing.show(false)}
    />
  );
}

function Controls({ call, open, writing }: { call: Call; open(what: Open): void; writing: Writing }) {
  const muted = !(devices.microphone.value !== null && devices.wanted.microphone.value);
  const dark = devices.camera.value === null;
  const broadcaster = call.may("broadcast");
  const acting = call.state.value?.room.acting === call.state.value?.you;
  return (
    <div class="controls" role="toolbar" aria-label={t("controls")}>
      {call.may("speak") && (
        <button
          type="button"
          class={muted ? "button control off" : "button control"}
          aria-pressed={muted}
          aria-keyshortcuts="M"
          onClick={() => toggle("microphone")}
          data-testid="mute"
        >
          <Icon name={muted ? "mic-off" : "mic"} />
          <span class="control-text">{t("mute")}</span>
        </button>
      )}
      {call.may("show_camera") && (
        <button
          type="button"
          class={dark ? "button control off" : "button control"}
          aria-pressed={dark}
          aria-keyshortcuts="V"
          onClick={() => toggle("camera")}
          data-testid="camera"
        >
          <Icon name={dark ? "camera-off" : "camera"} />
          <span class="control-text">{t("camera_off")}</span>
        </button>
      )}
      <ShareButton call={call} />
      {call.me.value?.role !== "host" && <HandButton call={call} />}
      <button type="button" class="button control" onClick={() => open("settings")} data-testid="settings-open">
        <Icon name="settings" />
        <span class="control-text">{t("settings")}</span>
      </button>
      <button
        type="button"
        class="button control"
        aria-pressed={writing.shown}
        aria-keyshortcuts="C"
        onClick={() => writing.show(!writing.shown)}
        data-testid="chat-toggle"
        data-unread={writing.unread}
      >
        <Icon name="chat" />
        <span class="control-text">{texts.chat}</span>
        {writing.unread > 0 && <span class="chat-count">{writing.unread}</span>}
      </button>
      {call.may("invite") && (
        <button type="button" class="button control" onClick={() => open("invite")} data-testid="invite-open">
          <Icon name="invite" />
          <span class="control-text">{t("invite")}</span>
        </button>
      )}
      {broadcaster && (
        <button type="button" class="button control" onClick={() => open("box")} data-testid="box-open">
          <Icon name="box" />
          <span class="control-text">{t("the_box")}</span>
        </button>
      )}
      {(broadcaster || (acting && call.live.value?.recording)) && call.live.value && (
        <button
          type="button"
          class={call.live.value.recording ? "button control off" : "button control"}
          aria-pressed={Boolean(call.live.value.recording)}
          onClick={() => call.ask(room => room.record(!call.live.value?.recording))}
          data-testid="record"
        >
          <Icon name="record" />
          <span class="control-text">{call.live.value.recording ? texts.record_stop : texts.record}</span>
        </button>
      )}
      {(broadcaster || (acting && call.live.value)) &&
        (call.live.value ? (
          <button
            type="button"
            class="button control danger"
            onClick={() => call.ask(room => room.endLive())}
            data-testid="end-live"
          >
            <Icon name="air" />
            <span class="control-text">{t("end_live")}</span>
          </button>
        ) : (
          <button type="button" class="button control primary" onClick={() => open("go-live")} data-testid="go-live">
            <Icon name="air" />
            <span class="control-text">{t("go_live")}</span>
          </button>
        ))}
      <button type="button" class="button control" onClick={() => call.leave()} data-testid="leave">
        <Icon name="leave" />
        <span class="control-text">{t("leave")}</span>
      </button>
    </div>
  );
}

/** The statistics, which are loaded when somebody wants to see them. */
function Overlay(props: { call: Call; close(): void }) {
  const [Loaded, setLoaded] = useState<{ View: ComponentType<typeof props> } | null>(null);
  useEffect(() => {
    import("./overlay").then(
      module => setLoaded({ View: module.default }),
      () => say(t("load_failed_title"), "fault"),
    );
  }, []);
  return Loaded && <Loaded.View {...props} />;
}

/** The call itself. */
export function CallView({ call, roomId }: { call: Call; roomId: string }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const [overlay, setOverlay] = useState(false);
  const [shown, show] = useState(false);
  const [unread, setUnread] = useState(0);
  const writing: Writing = { shown, unread, show };
  useAwake();
  const asked = [call.me.value?.on_air, call.me.value?.recorded, call.me.value?.separately].includes("asked");
  // The question comes before whatever else is open.
  useEffect(() => {
    if (!asked) return;
    setOpen(null);
    // Where there is no room beside the pictures the chat lies over the question.
    if (!matchMedia("(min-width: 900px)").matches) show(false);
  }, [asked]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event)) return;
      const key = event.key.toLowerCase();
      if (key === "m" && call.may("speak")) void toggle("microphone");
      if (key === "v" && call.may("show_camera")) void toggle("camera");
      if (key === "h" && call.me.value?.role !== "host") toggleHand(call);
      if (key === "p") setOpen("people");
      if (key === "l") nextLayout(call);
      if (key === "c") show(now => !now);
      if (key === "s") setOverlay(shown => !shown);
      if (event.key === "Escape") setOverlay(false);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [call]);
  return (
    <div class="call" data-testid="call" data-phase={call.phase.value} data-media={call.media.value}>
      <Top call={call} open={setOpen} />
      <main class="call-main">
        <Connection call={call} />
        <SlateShown call={call} />
        <AlsoSent call={call} room={roomId} />
        {call.soundBlocked.value && (
          <button
            type="button"
            class="button primary start-sound"
            onClick={() => call.startSound()}
            data-testid="start-sound"
          >
            <Icon name="volume" />
            <span>{t("start_sound")}</span>
          </button>
        )}
        <Consent call={call} room={roomId} />
        <OrderLines call={call} see={() => setOpen("people")} />
        <RingLine call={call} />
        <SharingLine />
        <Stage call={call} />
        {overlay && <Overlay call={call} close={() => setOverlay(false)} />}
      </main>
      <Sounds call={call} />
      <Chat call={call} roomId={roomId} writing={writing} unread={setUnread} />
      <Controls call={call} open={setOpen} writing={writing} />
      {open === "view" && (
        <ViewDialog
          call={call}
          close={close}
          overlay={() => {
            close();
            setOverlay(true);
          }}
        />
      )}
      {open === "people" && <PeopleDialog call={call} close={close} />}
      {open === "settings" && <SettingsDialog close={close} />}
      {open === "invite" && <InviteDialog call={call} room={roomId} close={close} />}
      {open === "box" && <BoxDialog call={call} room={roomId} close={close} />}
      {open === "go-live" && <GoLiveDialog call={call} room={roomId} close={close} />}
    </div>
  );
}
