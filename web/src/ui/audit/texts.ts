import { language } from "../i18n";

const en = {
  title: "What was done",
  text: "Kept for 180 days, on the box alone. It holds nothing that anybody said or wrote.",
  none: "Nothing was done yet.",
  not_yours: "This page is for owners of the box, and for moderators of a room",
  more: "Older ones",
  box: "The box",
};
const de: typeof en = {
  title: "Was getan wurde",
  text: "180 Tage lang aufbewahrt, nur auf der Box. Nichts davon, was jemand gesagt oder geschrieben hat.",
  none: "Noch wurde nichts getan.",
  not_yours: "Diese Seite ist für die, denen die Box gehört, und für Moderatoren eines Raums",
  more: "Ältere",
  box: "Die Box",
};

/** What each action is called: the words of docs/reference/audit.md. */
const en_actions: Record<string, string> = {
  ban: "banned",
  change_identity: "changed",
  device_code: "made a code for a device of",
  forget: "had the box forget",
  invite: "made an invite",
  know: "had the box know",
  let_in: "let in",
  own: "became the owner",
  permit: "changed the rights of",
  put_out: "took the place away of",
  recover: "signed in by a recovery code",
  revoke: "took an invite back",
  rules: "changed what roles may",
  unban: "took a ban back of",
};
const de_actions: Record<string, string> = {
  ban: "sperrte",
  change_identity: "änderte",
  device_code: "machte einen Code für ein Gerät von",
  forget: "ließ die Box vergessen:",
  invite: "machte eine Einladung",
  know: "ließ die Box kennenlernen:",
  let_in: "ließ ein:",
  own: "wurde Besitzer",
  permit: "änderte die Rechte von",
  put_out: "nahm den Platz von",
  recover: "meldete sich mit einem Wiederherstellungscode an",
  revoke: "nahm eine Einladung zurück",
  rules: "änderte, was Rollen dürfen",
  unban: "hob die Sperre auf von",
};

export const texts = language === "de" ? de : en;
const actions = language === "de" ? de_actions : en_actions;

/** The words for an action; one that is newer than this page is shown as it is. */
export function action(word: string): string {
  return actions[word] ?? word.replace(/_/g, " ");
}
