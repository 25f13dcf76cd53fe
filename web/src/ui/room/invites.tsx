import { useEffect, useState } from "preact/hooks";
import type { Invite, NewInvite } from "../../client";
import type { Role } from "../../client/api-types";
import { count, locale, t } from "../i18n";
import { moment } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Link } from "../parts/link";
import { mayWhat, ROLES, roles } from "../parts/roles";
import { api, explain } from "../parts/session";
import { Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import type { Call } from "./call";

const HOURS = [
  [1, "hours_1"],
  [24, "hours_24"],
  [168, "hours_168"],
] as const;

const MOST = [
  [0, "invite_any"],
  [1, "invite_single"],
  [10, "invite_ten"],
] as const;

/** Makes, lists and revokes invite links; and the link for those who only watch. */
export function InviteDialog({ call, room, close }: { call: Call; room: string; close(): void }) {
  const [invites, setInvites] = useState<Invite[] | null>(null);
  const [hours, setHours] = useState(24);
  const [role, setRole] = useState<Role>("guest");
  const [most, setMost] = useState(0);
  const [lobby, setLobby] = useState(false);
  const [made, setMade] = useState<NewInvite | null>(null);
  const broadcast = call.state.value?.room.broadcast;
  const load = () =>
    api.invites(room).then(setInvites, error => {
      setInvites([]);
      say(explain(error), "fault");
    });
  useEffect(() => void load(), [room]);
  const create = async () => {
    try {
      setMade(await api.createInvite(room, { hours, role, most: most || null, lobby }));
      await load();
    } catch (error) {
      say(explain(error), "fault");
    }
  };
  const revoke = async (invite: string) => {
    try {
      await api.revokeInvite(room, invite);
      setMade(null);
      await load();
    } catch (error) {
      say(explain(error), "fault");
    }
  };
  return (
    <Dialog title={t("invite_title")} close={close}>
      <p>{t("invite_text")}</p>
      <div class="row bottom wrap">
        <label class="field grow">
          <span>{t("invite_role")}</span>
          <select value={role} onChange={event => setRole(event.currentTarget.value as Role)} data-testid="invite-role">
            {ROLES.map(one => (
              <option key={one} value={one}>
                {roles[one]}: {mayWhat[one]}
              </option>
            ))}
          </select>
        </label>
        <label class="field grow">
          <span>{t("invite_most")}</span>
          <select value={String(most)} onChange={event => setMost(Number(event.currentTarget.value))}>
            {MOST.map(([value, key]) => (
              <option key={value} value={String(value)}>
                {t(key)}
              </option>
            ))}
          </select>
        </label>
        <label class="field grow">
          <span>{t("valid_for")}</span>
          <select value={String(hours)} onChange={event => setHours(Number(event.currentTarget.value))}>
            {HOURS.map(([value, key]) => (
              <option key={value} value={String(value)}>
                {t(key)}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={lobby}
            onChange={event => setLobby(event.currentTarget.checked)}
            data-testid="invite-lobby"
          />
          <span>{t("invite_lobby")}</span>
        </label>
        <button type="button" class="button primary" onClick={create} data-testid="invite-create">
          {t("invite_create")}
        </button>
      </div>
      {made && (
        <div class="stack tight">
          <Link url={made.url} label={t("invite_link")} testid="invite-url" />
          <img
            class="qr"
            src={`data:image/svg+xml,${encodeURIComponent(made.qr)}`}
            width="180"
            height="180"
            alt={t("invite_qr")}
          />
          <p class="small quiet">
            {t("invite_once")} {t("invite_trust")}{" "}
            <a href="/trust" target="_blank" rel="noopener">
              {t("to_trust")}
            </a>
          </p>
        </div>
      )}
      <h3>{t("invites_open")}</h3>
      {invites === null ? (
        <Skeleton label={t("loading")} lines={2} />
      ) : invites.length === 0 ? (
        <p class="empty">{t("invites_none")}</p>
      ) : (
        <ul class="lines">
          {invites.map(invite => (
            <li key={invite.id} class="line" data-testid="invite">
              <span class="grow">
                {t("valid_until", { when: moment(invite.expires, locale) })}
                <span class="small quiet block">
                  {roles[invite.role]} · {count("used", invite.used ?? 0)}
                  {invite.lobby && ` · ${t("invite_lobby")}`}
                </span>
              </span>
              <button
                type="button"
                class="button danger"
                onClick={() => revoke(invite.id)}
                aria-label={t("revoke_what", { when: moment(invite.expires, locale) })}
                data-testid="invite-revoke"
              >
                {t("revoke")}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="small quiet">{t("revoke_text")}</p>
      {broadcast && (
        <>
          <h3>{t("watch_link_title")}</h3>
          <p class="small quiet">{t("watch_link_text")}</p>
          <Link url={`${location.origin}/b/${broadcast}`} label={t("watch_link_title")} testid="watch-url" />
        </>
      )}
    </Dialog>
  );
}
