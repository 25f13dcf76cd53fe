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
  consent: "answered about being on air",
  end_live: "took the room off air",
  chat_approve: "let a message be shown",
  chat_delete: "deleted messages",
  chat_dismiss: "was done with a report",
  chat_hold: "held a message",
  chat_lift: "let write again",
  chat_refuse: "did not let a message be shown",
  chat_reopen: "opened a report again",
  chat_restore: "brought messages back",
  chat_rules: "changed the rules of the chat",
  chat_timeout: "does not let write for a while",
  go_live: "put the room on air",
  hand_over: "said who takes over",
  lock: "locked the room",
  unlock: "unlocked the room",
  mute: "muted",
  stop_camera: "stopped the camera of",
  stop_screen: "stopped the shared screen of",
  record: "changed what is recorded",
  refuse: "did not let in",
  remove: "removed",
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
  consent: "antwortete zum Auf-Sendung-Sein",
  end_live: "beendete die Sendung",
  chat_approve: "ließ eine Nachricht zeigen",
  chat_delete: "löschte Nachrichten",
  chat_dismiss: "erledigte eine Meldung",
  chat_hold: "hielt eine Nachricht zurück",
  chat_lift: "lässt wieder schreiben:",
  chat_refuse: "ließ eine Nachricht nicht zeigen",
  chat_reopen: "öffnete eine Meldung wieder",
  chat_restore: "holte Nachrichten zurück",
  chat_rules: "änderte die Regeln des Chats",
  chat_timeout: "lässt eine Weile nicht schreiben:",
  go_live: "ging mit dem Raum auf Sendung",
  hand_over: "bestimmte, wer übernimmt:",
  lock: "schloss den Raum ab",
  unlock: "schloss den Raum auf",
  mute: "schaltete stumm:",
  stop_camera: "schaltete die Kamera aus von",
  stop_screen: "beendete das Teilen von",
  record: "änderte die Aufnahme",
  refuse: "ließ nicht ein:",
  remove: "entfernte",
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
