import { Problem, type RoomSummary } from "../../client";
import { t } from "../i18n";
import { api, refreshSession, session } from "../parts/session";
import { remembered } from "../parts/storage";
import { clearFragment, fragment } from "../router";
import { texts } from "./texts";

/** Why somebody does not get as far as the door. */
export type Refusal = "invite" | "uninvited" | "unknown" | "unreachable";

export type Entry =
  /** `lobby`: somebody in it has to let them in; nothing is known of the room before. */
  | { room: Pick<RoomSummary, "id" | "name" | "people" | "live">; lobby?: true; refusal?: undefined }
  | { room?: undefined; refusal: Refusal };

/** The name somebody joins by when they give none. */
export function usualName(): string {
  return remembered("name") ?? session.value?.name ?? (session.value?.owner ? t("name_host") : t("name_guest"));
}

/**
 * Goes to the door of a room: signs in by the invite in the address, if there is one, and looks the room up. An owner needs
 * no invite and keeps being the owner.
 */
export async function enter(id: string): Promise<Entry> {
  try {
    const { owner } = await refreshSession();
    const invite = fragment("invite");
    if (invite && !owner) {
      try {
        session.value = await api.signInByInvite(invite, usualName());
      } catch (error) {
        if (error instanceof Problem && error.status >= 400 && error.status < 500) {
          clearFragment();
          return { refusal: "invite" };
        }
        throw error;
      }
    }
    if (invite) clearFragment();
    return { room: await api.room(id) };
  } catch (error) {
    if (error instanceof Problem && error.type === "lobby") {
      return { room: { id, name: texts.lobby_door, people: 0, live: false }, lobby: true };
    }
    const status = error instanceof Problem ? error.status : 0;
    if (status === 404 || status === 410) return { refusal: "unknown" };
    if (status === 401 || status === 403) return { refusal: "uninvited" };
    return { refusal: "unreachable" };
  }
}
