import { useEffect, useState } from "preact/hooks";
import type { Invite } from "../../client";
import { count, locale, t } from "../i18n";
import { moment } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Link } from "../parts/link";
import { api, explain } from "../parts/session";
import { Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import type { Call } from "./call";

const HOURS = [
  [1, "hours_1"],
  [24, "hours_24"],
  [168, "hours_168"],
] as const;

/** Makes, lists and revokes invite links; and the link for those who only watch. */
export function InviteDialog({ call, room, close }: { call: Call; room: string; close(): void }) {
  const [invites, setInvites] = useState<Invite[] | null>(null);
  const [hours, setHours] = useState(24);
  const [url, setUrl] = useState<string | null>(null);
  const broadcast = call.state.value?.room.broadcast;
  const load = () =>
    api.invites(room).then(setInvites, error => {
      setInvites([]);
      say(explain(error), "fault");
    });
  useEffect(() => void load(), [room]);
  const create = async () => {
    try {
      setUrl((await api.createInvite(room, hours)).url);
      await load();
    } catch (error) {
      say(explain(error), "fault");
    }
  };
  const revoke = async (invite: string) => {
    try {
      await api.revokeInvite(room, invite);
      setUrl(null);
      await load();
    } catch (error) {
      say(explain(error), "fault");
    }
  };
  return (
    <Dialog title={t("invite_title")} close={close}>
      <p>{t("invite_text")}</p>
      <div class="row bottom">
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
        <button type="button" class="button primary" onClick={create} data-testid="invite-create">
          {t("invite_create")}
        </button>
      </div>
      {url && (
        <div class="stack tight">
          <Link url={url} label={t("invite_link")} testid="invite-url" />
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
                <span class="small quiet block">{count("used", invite.used ?? 0)}</span>
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
