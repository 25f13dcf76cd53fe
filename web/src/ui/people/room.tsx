import { useState } from "preact/hooks";
import type { Member, Rules } from "../../client/account";
import type { Role, Verbs } from "../../client/api-types";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { AirHeader } from "../parts/air";
import { people } from "../parts/people";
import { mayWhat, ROLES, roles } from "../parts/roles";
import { api, refreshSession, session } from "../parts/session";
import { Message, Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import { Ask } from "./ask";
import { useLoaded } from "./load";
import { texts } from "./texts";

type Verb = Verbs[number];

/** What can be taken from a role, and who has it in general. */
const TAKEN: [Verb, keyof Rules, keyof typeof texts][] = [
  ["chat", "viewer", "chat"],
  ["chat", "guest", "chat"],
  ["speak", "guest", "speak"],
  ["show_camera", "guest", "show_camera"],
  ["share_screen", "guest", "share_screen"],
  ["invite", "moderator", "invite"],
];

function Line({ room, one, act }: { room: string; one: Member; act(action: Promise<unknown>): void }) {
  const [asks, setAsks] = useState(false);
  const name = one.name ?? texts.unnamed;
  const change = (wanted: Parameters<typeof people.changeMember>[2]) =>
    act(people.changeMember(room, one.subject, wanted));
  return (
    <li class="someone" data-testid="member">
      <p>
        <strong class="wrap-anywhere">{name}</strong> {one.waits && <span class="mark">{texts.waits}</span>}{" "}
        {one.banned && <span class="mark">{texts.banned}</span>}
        <span class="small quiet block">{mayWhat[one.role]}</span>
      </p>
      <div class="row wrap">
        <select
          aria-label={fill(texts.role_of, { name })}
          value={one.role}
          onChange={event => change({ role: event.currentTarget.value as Role })}
          data-testid="member-role"
        >
          {ROLES.map(role => (
            <option key={role} value={role}>
              {roles[role]}
            </option>
          ))}
        </select>
        {one.waits && (
          <button type="button" class="button primary" onClick={() => change({ waits: false })} data-testid="member-in">
            {texts.let_in}
          </button>
        )}
        <button
          type="button"
          class="button danger"
          onClick={() => change({ banned: !one.banned })}
          data-testid="member-ban"
        >
          {one.banned ? texts.unban : texts.ban}
        </button>
        <button type="button" class="button danger" onClick={() => setAsks(true)} data-testid="member-out">
          {texts.out}
        </button>
      </div>
      {asks && (
        <Ask
          title={fill(texts.out_ask, { name })}
          text={texts.out_text}
          yes={texts.out}
          act={() => act(people.putOut(room, one.subject))}
          close={() => setAsks(false)}
          testid="member-out-yes"
        />
      )}
    </li>
  );
}

function RoomRules({ room, rules, act }: { room: string; rules: Rules; act(action: Promise<unknown>): void }) {
  const owner = session.value?.owner === true;
  const set = (role: keyof Rules, verb: Verb, may: boolean) => {
    const deny = rules[role].deny.filter(one => one !== verb);
    const change = { ...rules[role], deny: may ? deny : [...deny, verb] };
    act(people.setRules(room, { ...rules, [role]: change }).then(() => say(texts.saved)));
  };
  return (
    <section aria-labelledby="rules">
      <h2 id="rules">{texts.rules}</h2>
      <p class="quiet">{owner ? texts.rules_text : texts.rules_owner}</p>
      {(["moderator", "guest", "viewer"] as const).map(role => (
        <fieldset key={role} class="plain" disabled={!owner}>
          <legend>{roles[role]}</legend>
          {TAKEN.filter(([, of]) => of === role).map(([verb, , word]) => (
            <label key={verb} class="check">
              <input
                type="checkbox"
                checked={!rules[role].deny.includes(verb)}
                onChange={event => set(role, verb, event.currentTarget.checked)}
                data-testid={`rule-${role}-${verb}`}
              />
              <span>{texts[word]}</span>
            </label>
          ))}
        </fieldset>
      ))}
    </section>
  );
}

/** Who has a place in a room, for its moderators. */
export function Room({ id }: { id: string }) {
  const { found, problem, refused, act } = useLoaded(async () => {
    await refreshSession();
    const [room, members, rules] = await Promise.all([api.room(id), people.members(id), people.rules(id)]);
    return { room, members, rules };
  });
  return (
    <>
      <AirHeader title={texts.title} room={id} />
      <main class="page">
        <h1>{found ? fill(texts.room_title, { room: found.room.name }) : texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {refused && <Message title={texts.room_not_yours} />}
        {!found && !problem && !refused && <Skeleton label={t("loading")} />}
        {found && !refused && (
          <>
            <p>{texts.room_text}</p>
            {found.members.length === 0 && <p class="empty">{texts.none}</p>}
            <ul class="people">
              {found.members.map(one => (
                <Line key={one.subject} room={id} one={one} act={act} />
              ))}
            </ul>
            <RoomRules room={id} rules={found.rules} act={act} />
            <p class="row wrap">
              <a class="button" href={`/r/${id}`}>
                {texts.to_room}
              </a>
              <a class="button" href={`/audit?room=${id}`} data-testid="room-audit">
                {texts.room_audit}
              </a>
            </p>
          </>
        )}
      </main>
    </>
  );
}
