import { useState } from "preact/hooks";
import type { Order, Outsider, Participant, RoomState } from "../../client";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { Switch } from "../parts/switch";
import { say } from "../parts/toast";
import type { Call } from "./call";
import { texts } from "./order-texts";
import { texts as common } from "./texts";

/** Asks for it, and says what was done. */
async function order(call: Call, what: Order, { id, name }: { id: string; name: string }): Promise<void> {
  if (await call.ask(room => room.order(what, id))) say(fill(texts.done[what], { name }));
}

/** What may be done with regard to somebody, one button for each. */
function Acts({ call, id, who, state }: { call: Call; id: string; who: Participant; state: RoomState }) {
  const me = call.me.value;
  const runs = me?.role === "host";
  const person = who.kind === "person";
  const button = (what: string, words: string, act: () => unknown, danger = false) => (
    <button type="button" class={danger ? "button danger" : "button"} onClick={act} data-testid={`act-${what}`}>
      {words}
    </button>
  );
  const ordered = (what: Order, danger = false) =>
    button(what, texts[what as "mute"], () => order(call, what, { id, name: who.name }), danger);
  const named = state.room.host_next === id;
  return (
    <div class="row" data-testid="acts">
      {who.microphone && ordered("mute")}
      {who.camera && ordered("stop_camera")}
      {who.screen && ordered("stop_screen")}
      {who.hand && ordered("lower_hand")}
      {who.role === "viewer" && button("stage", texts.stage_on, () => call.ask(room => room.stage(id, true)))}
      {who.role === "guest" && button("stage", texts.stage_off, () => call.ask(room => room.stage(id, false)))}
      {runs && person && (
        <>
          {who.role === "moderator"
            ? button("moderator", texts.moderator_off, () => call.ask(room => room.moderator(id, false)))
            : who.role !== "host" &&
              button("moderator", texts.moderator_on, () => call.ask(room => room.moderator(id, true)))}
          {who.role !== "host" &&
            button("hand_over", named ? texts.host_next_not : texts.host_next, () =>
              call.ask(room => room.order("hand_over", id)),
            )}
        </>
      )}
      {person && (
        <>
          {ordered("remove", true)}
          {ordered("ban", true)}
        </>
      )}
    </div>
  );
}

function Person({ call, id, who, state }: { call: Call; id: string; who: Participant; state: RoomState }) {
  const [open, setOpen] = useState(false);
  const self = id === state.you;
  const above = who.role === "host" && call.me.value?.role !== "host";
  const acts = call.may("moderate") && !self && !above;
  return (
    <li class="line" data-testid="person" data-name={who.name} data-role={who.role}>
      <span class="grow stack tight">
        <span class="row">
          <span class="grow">
            {self ? fill(texts.you, { name: who.name }) : who.name}
            <span class="small quiet block">
              {[
                who.kind === "box" ? texts.box : texts[who.role],
                who.hand && common.hand_up,
                state.room.host_next === id && texts.host_next_mark,
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </span>
          <span class="row">
            {!who.microphone && (
              <span class="quiet" title={texts.muted}>
                <Icon name="mic-off" />
                <span class="sr-only">{texts.muted}</span>
              </span>
            )}
            {acts && (
              <button
                type="button"
                class="button"
                aria-expanded={open}
                aria-label={fill(texts.acts_for, { name: who.name })}
                onClick={() => setOpen(!open)}
                data-testid="acts-open"
              >
                {texts.acts}
              </button>
            )}
          </span>
        </span>
        {acts && open && <Acts call={call} id={id} who={who} state={state} />}
      </span>
    </li>
  );
}

function Outside({ call, one }: { call: Call; one: Outsider }) {
  const back = one.why === "banned" ? texts.unban : texts.let_in_again;
  return (
    <li class="line row" data-testid="outsider" data-name={one.name} data-why={one.why}>
      <span class="grow">
        {one.name}
        {one.why !== "waits" && <span class="small quiet block">{texts[one.why]}</span>}
      </span>
      <span class="row">
        <button
          type="button"
          class={one.why === "waits" ? "button primary" : "button"}
          onClick={() => order(call, "let_in", one)}
          data-testid="let-in"
        >
          {one.why === "waits" ? common.let_in : back}
        </button>
        {one.why === "waits" && (
          <button type="button" class="button danger" onClick={() => order(call, "refuse", one)} data-testid="refuse">
            {common.refuse}
          </button>
        )}
      </span>
    </li>
  );
}

/** Those with a raised hand first, in the order in which they raised it; the others as they came. */
function ordered(state: RoomState): [string, Participant][] {
  const hand = (who: Participant) => who.hand ?? Number.POSITIVE_INFINITY;
  const all = Object.entries(state.participants);
  return all.sort(([, a], [, b]) => (hand(a) === hand(b) ? 0 : hand(a) - hand(b)));
}

/** Who is in the room and who waits to be, and what may be done about it. */
export function PeopleDialog({ call, close }: { call: Call; close(): void }) {
  const state = call.state.value;
  if (!state) return null;
  const keeps = call.may("moderate");
  const outside = state.outside ?? [];
  const waits = outside.filter(one => one.why === "waits");
  const out = outside.filter(one => one.why !== "waits");
  return (
    <Dialog title={common.people} close={close}>
      {keeps && (
        <div class="stack tight">
          <Switch
            label={texts.lock}
            on={state.room.locked ?? false}
            set={on => call.ask(room => room.lock(on))}
            testid="lock"
          />
          <p class="small quiet">{texts.lock_text}</p>
        </div>
      )}
      {waits.length > 0 && (
        <>
          <h3>{texts.waiting}</h3>
          <ul class="lines">
            {waits.map(one => (
              <Outside key={one.id} call={call} one={one} />
            ))}
          </ul>
        </>
      )}
      <h3>{texts.in_room}</h3>
      <ul class="lines">
        {ordered(state).map(([id, who]) => (
          <Person key={id} call={call} id={id} who={who} state={state} />
        ))}
      </ul>
      {call.me.value?.role === "host" && <p class="small quiet">{texts.host_next_text}</p>}
      {out.length > 0 && (
        <>
          <h3>{texts.put_out}</h3>
          <ul class="lines">
            {out.map(one => (
              <Outside key={one.id} call={call} one={one} />
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
