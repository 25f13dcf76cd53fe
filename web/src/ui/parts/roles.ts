import type { Role } from "../../client/api-types";
import { language } from "../i18n";

const en: Record<Role, string> = { host: "Host", moderator: "Moderator", guest: "Guest", viewer: "Viewer" };
const de: Record<Role, string> = { host: "Gastgeber", moderator: "Moderator", guest: "Gast", viewer: "Zuschauer" };

/** What each role is called. */
export const roles = language === "de" ? de : en;

const en_may: Record<Role, string> = {
  host: "may do everything in the room",
  moderator: "keeps order, lets in, invites",
  guest: "is seen and heard",
  viewer: "watches and writes, can be brought on stage",
};
const de_may: Record<Role, string> = {
  host: "darf im Raum alles",
  moderator: "hält Ordnung, lässt ein, lädt ein",
  guest: "ist zu sehen und zu hören",
  viewer: "schaut zu und schreibt, kann auf die Bühne geholt werden",
};

/** What each may. */
export const mayWhat = language === "de" ? de_may : en_may;

export const ROLES: Role[] = ["host", "moderator", "guest", "viewer"];
