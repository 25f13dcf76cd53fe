import { useEffect, useState } from "preact/hooks";
import type { Broadcast, RoomSummary } from "../../client";
import { count, t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { OnAirSign } from "../parts/on-air";
import { explain, session } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { say } from "../parts/toast";
import { go } from "../router";
import { Box } from "./box";
import { closeRoom, createRoom, hasPlace, home, signOut, watchHome } from "./model";
import { PrivacyCard } from "./privacy";
import { RecordedSection } from "./recorded";
import { TelephoneSection } from "./telephone";
import { Thumbnail } from "./thumbnail";

function LiveCard({ broadcast }: { broadcast: Broadcast }) {
  return (
    <li class="card">
      <Thumbnail broadcast={broadcast} />
      <div class="card-text">
        <h3>{broadcast.title || t("untitled")}</h3>
        <p class="row small">
          <OnAirSign compact since={broadcast.since} />
          <span class="quiet">{count("viewers", broadcast.viewers)}</span>
          {broadcast.restricted && <span class="quiet">{t("for_invited")}</span>}
        </p>
      </div>
      <a href={`/b/${broadcast.id}`} class="button" aria-label={t("watch_what", { title: broadcast.title })}>
        {t("watch")}
      </a>
    </li>
  );
}

function RoomCard({ room }: { room: RoomSummary }) {
  const [asking, setAsking] = useState(false);
  const close = () =>
    closeRoom(room.id).then(
      () => setAsking(false),
      error => say(explain(error), "fault"),
    );
  return (
    <li class="card">
      <div class="card-text">
        <h3>{room.name}</h3>
        <p class="row small">
          {room.live && <OnAirSign compact />}
          <span class="quiet">{room.people === 0 ? t("nobody_here") : count("people", room.people)}</span>
        </p>
      </div>
      {session.value?.owner && (
        <>
          <a href={`/people/${room.id}`} class="button quiet" data-testid="room-people">
            {t("room_people")}
          </a>
          <a href={`/pushes/${room.id}`} class="button quiet" data-testid="room-pushes">
            {t("other_services")}
          </a>
          <button
            type="button"
            class="button quiet"
            onClick={() => setAsking(true)}
            aria-label={t("close_what", { room: room.name })}
          >
            {t("close_room")}
          </button>
        </>
      )}
      <a href={`/r/${room.id}`} class="button primary" aria-label={t("enter_what", { room: room.name })}>
        {t("enter")}
      </a>
      {asking && (
        <Dialog title={t("close_ask", { room: room.name })} close={() => setAsking(false)}>
          <p>{t("close_ask_text")}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {t("cancel")}
            </button>
            <button type="button" class="button danger" onClick={close}>
              {t("close_room")}
            </button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

function NewRoom() {
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("room") ?? "").trim();
    if (!name) return form.querySelector("input")?.focus();
    setBusy(true);
    try {
      go(`/r/${await createRoom(name)}`);
    } catch (error) {
      say(explain(error), "fault");
      setBusy(false);
    }
  };
  return (
    <form class="row new-room" onSubmit={submit}>
      <label class="field grow">
        <span>{t("new_room")}</span>
        <input name="room" maxLength={40} autocomplete="off" placeholder={t("new_room_hint")} data-testid="room-name" />
      </label>
      <button type="submit" class="button" disabled={busy} data-testid="room-create">
        {t("create_room")}
      </button>
    </form>
  );
}

function Rooms() {
  const rooms = home.rooms.value;
  const host = session.value?.owner ?? false;
  return (
    <section aria-labelledby="rooms">
      <h2 id="rooms">{t("rooms")}</h2>
      {rooms === null ? (
        <Skeleton label={t("loading")} />
      ) : rooms.length === 0 ? (
        <p class="empty">{host ? t("no_rooms_host") : t("no_rooms")}</p>
      ) : (
        <ul class="cards">
          {rooms.map(room => (
            <RoomCard key={room.id} room={room} />
          ))}
        </ul>
      )}
      {host && <NewRoom />}
    </section>
  );
}

export default function Home() {
  useEffect(() => {
    const off = new AbortController();
    void watchHome(off.signal);
    return () => off.abort();
  }, []);
  const broadcasts = home.broadcasts.value;
  const role = session.value?.role;
  const owner = session.value?.owner;
  const inside = hasPlace();
  const lit = (broadcasts?.length ?? 0) > 0;
  useTitle(home.node.value?.name ?? "", lit);
  return (
    <>
      <Header lit={lit}>
        {role && (session.value?.identity || role === "viewer") && (
          <a href={session.value?.identity ? "/me" : "/sign-in"} class="button quiet" data-testid="account">
            {session.value?.identity ? t("my_account") : t("sign_in")}
          </a>
        )}
        {inside && (
          <button type="button" class="button quiet" onClick={() => signOut().catch(e => say(explain(e), "fault"))}>
            <Icon name="leave" />
            <span>{t("sign_out")}</span>
          </button>
        )}
      </Header>
      <main class="page">
        <h1>{home.node.value?.name ?? "Porchlight"}</h1>
        {home.unreachable.value && (
          <p class="banner" role="alert">
            {t("unreachable")}
          </p>
        )}
        {home.node.value?.owned === false && (
          <Message title={t("unowned_title")} text={t("unowned_text")}>
            <a href="/sign-in" class="button primary" data-testid="unowned">
              {t("unowned")}
            </a>
          </Message>
        )}
        {home.linkRefused.value && (
          <Message tone="fault" title={t("link_refused_title")} text={t("link_refused_text")} />
        )}
        <section aria-labelledby="live">
          <h2 id="live">{t("live_now")}</h2>
          {broadcasts === null ? (
            <Skeleton label={t("loading")} lines={2} />
          ) : broadcasts.length === 0 ? (
            <p class="empty">{t("nothing_live")}</p>
          ) : (
            <ul class="cards">
              {broadcasts.map(broadcast => (
                <LiveCard key={broadcast.id} broadcast={broadcast} />
              ))}
            </ul>
          )}
        </section>
        <RecordedSection />
        {inside && <Rooms />}
        {role === "viewer" && !inside && !home.linkRefused.value && home.node.value?.owned && (
          <p class="empty" data-testid="outside">
            {t("viewer_hint")} {!session.value?.identity && <a href="/sign-in">{t("sign_in")}</a>}
          </p>
        )}
        {owner && home.node.value?.devices && (
          <p>
            <a href="/people" data-testid="people">
              {t("people_link")}
            </a>
          </p>
        )}
        {owner && <TelephoneSection />}
        {owner && <PrivacyCard />}
        <Box />
      </main>
    </>
  );
}
