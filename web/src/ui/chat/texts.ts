import type { Reaction } from "../../client/chat";
import { language } from "../i18n";

/** The texts of the chat, loaded with it alone. */
export interface Texts {
  chat: string;
  call: string;
  audience: string;
  hide: string;
  show: string;
  unread: string;
  empty_call: string;
  empty_audience: string;
  earlier: string;
  newest: string;
  write: string;
  send: string;
  your_name: string;
  name_why: string;
  name_take: string;
  answering: string;
  answer_none: string;
  answer_gone: string;
  held: string;
  held_mark: string;
  refused_mark: string;
  deleted_mark: string;
  reported_mark: string;
  why_review: string;
  why_word: string;
  why_link: string;
  actions: string;
  reply: string;
  report: string;
  reported: string;
  erase: string;
  delete: string;
  restore: string;
  approve: string;
  refuse: string;
  dismiss: string;
  pause: string;
  pause_clear: string;
  ban: string;
  host: string;
  moderator: string;
  look_at: string;
  undo: string;
  lost: string;
  unsaved: string;
  ended: string;
  only_invited: string;
  only_moderators: string;
  timed_out: string;
  not_permitted: string;
  slow: string;
  review_on: string;
  settings: string;
  writers: string;
  everybody: string;
  invited: string;
  moderators: string;
  slow_mode: string;
  off: string;
  seconds: string;
  review: string;
  links: string;
  words: string;
  words_hint: string;
  word_deal: string;
  allow: string;
  hold: string;
  refuse_them: string;
  save: string;
  saved: string;
  timeouts: string;
  no_timeouts: string;
  lift: string;
  search: string;
  search_label: string;
  found_none: string;
  help: string;
  help_moderators: string;
  did: Record<string, string>;
  problems: Record<string, string>;
  reactions: Record<Reaction, string>;
}

export const en: Texts = {
  chat: "Chat",
  call: "In the call",
  audience: "With viewers",
  hide: "Hide the chat",
  show: "Show the chat",
  unread: "{n} new",
  empty_call: "Nobody has written yet. What is written here is seen by those in the call.",
  empty_audience: "Nobody has written yet. What is written here is seen by everybody who watches.",
  earlier: "Earlier messages",
  newest: "To the newest",
  write: "Write a message",
  send: "Send",
  your_name: "Your name",
  name_why: "To write, say what the others should call you.",
  name_take: "Use this name",
  answering: "Answer to {name}",
  answer_none: "Write without answering",
  answer_gone: "a message that is not here",
  held: "A moderator looks at your message before the others see it.",
  held_mark: "Waits for a moderator",
  refused_mark: "Refused",
  deleted_mark: "Deleted",
  reported_mark: "Reported by {n}",
  why_review: "every message is looked at",
  why_word: "an unwanted word",
  why_link: "a link",
  actions: "What to do with this message",
  reply: "Answer",
  report: "Report",
  reported: "The moderators look at it. Thank you.",
  erase: "Delete for good",
  delete: "Delete",
  restore: "Show again",
  approve: "Show",
  refuse: "Refuse",
  dismiss: "Leave it",
  pause: "Pause {name} for 10 minutes",
  pause_clear: "Pause and delete all",
  ban: "Ban {name}",
  host: "Host",
  moderator: "Moderator",
  look_at: "{n} to look at",
  undo: "Undo",
  lost: "No connection. It comes back by itself.",
  unsaved: "The box can't store messages at the moment. They are lost if it restarts.",
  ended: "This chat is over for you.",
  only_invited: "Only people who were invited may write here.",
  only_moderators: "Only moderators may write here.",
  timed_out: "A moderator has paused you. You may write again in {time}.",
  not_permitted: "You may not write here.",
  slow: "Slow mode: one message every {n} seconds.",
  review_on: "A moderator looks at every message first.",
  settings: "Keep order",
  writers: "Who may write",
  everybody: "Everybody",
  invited: "Invited people",
  moderators: "Moderators",
  slow_mode: "Slow mode",
  off: "Off",
  seconds: "One message every {n} seconds",
  review: "Look at every message first",
  links: "Messages with links",
  words: "Unwanted words",
  words_hint: "One on each line. Upper and lower case are the same.",
  word_deal: "Messages with these words",
  allow: "Show",
  hold: "Hold until somebody has looked",
  refuse_them: "Refuse",
  save: "Save",
  saved: "Saved.",
  timeouts: "Paused",
  no_timeouts: "Nobody is paused.",
  lift: "Let {name} write",
  search: "Search",
  search_label: "Text or name",
  found_none: "Nothing was found.",
  help: "/me what you do · /hand · /lower",
  help_moderators:
    "/delete name · /timeout name 10m · /untimeout name · /ban name · /unban name · /slow 10s · /slow off · /write everybody · /write invited · /write moderators · /review on · /review off · /mute name · /camera name · /screen name · /remove name · /stage name · /backstage name · /lock · /unlock",
  did: {
    delete: "Deleted.",
    restore: "Shown again.",
    approve: "Shown.",
    refuse: "Refused.",
    hold: "Held.",
    dismiss: "The report is done with.",
    reopen: "The report is open again.",
    clear: "Deleted what {name} wrote.",
    timeout: "{name} is paused.",
    lift: "{name} may write again.",
    ban: "{name} is banned.",
    unban: "{name} is not banned any more.",
    rules: "Other rules hold.",
    mute: "{name} is muted.",
    camera: "The camera of {name} is stopped.",
    screen: "{name} shares no screen any more.",
    remove: "{name} was removed.",
    stage: "{name} is on stage.",
    backstage: "{name} looks on.",
    lock: "The room is locked.",
    unlock: "The room is not locked any more.",
    hand: "Your hand is raised.",
    lower: "Your hand is lowered.",
  },
  problems: {
    "too-fast": "That was very fast. Try again in a moment.",
    "slow-mode": "Slow mode is on. Wait a little.",
    "unwanted-word": "There is a word in this that is not wanted here. It was not sent.",
    "unwanted-link": "Links are not wanted here. It was not sent.",
    "no-message": "This message is not there any more.",
    "not-permitted": "You may not do this here.",
    nobody: "Nobody wrote here under this name.",
    several: "Several wrote here under this name. Use the menu of one of their messages.",
    "not-here": "Nobody of this name is in the call.",
    "name-first": "Say what you want to be called first.",
  },
  reactions: {
    thumbs_up: "Thumbs up",
    heart: "Heart",
    laugh: "Laughing",
    surprised: "Surprised",
    sad: "Sad",
    clap: "Applause",
    party: "Celebrating",
  },
};

export const de: Texts = {
  chat: "Chat",
  call: "Gespräch",
  audience: "Zuschauer",
  hide: "Chat ausblenden",
  show: "Chat einblenden",
  unread: "{n} neu",
  empty_call: "Noch hat niemand geschrieben. Was hier steht, sehen alle im Gespräch.",
  empty_audience: "Noch hat niemand geschrieben. Was hier steht, sehen alle, die zuschauen.",
  earlier: "Frühere Nachrichten",
  newest: "Zu den neuesten",
  write: "Nachricht schreiben",
  send: "Senden",
  your_name: "Dein Name",
  name_why: "Zum Schreiben sag, wie die anderen dich nennen sollen.",
  name_take: "Diesen Namen nehmen",
  answering: "Antwort an {name}",
  answer_none: "Ohne Antwort schreiben",
  answer_gone: "eine Nachricht, die nicht hier ist",
  held: "Jemand von der Moderation sieht deine Nachricht an, bevor die anderen sie sehen.",
  held_mark: "Wartet auf die Moderation",
  refused_mark: "Abgelehnt",
  deleted_mark: "Gelöscht",
  reported_mark: "Gemeldet von {n}",
  why_review: "jede Nachricht wird angesehen",
  why_word: "ein unerwünschtes Wort",
  why_link: "ein Link",
  actions: "Was mit dieser Nachricht geschehen soll",
  reply: "Antworten",
  report: "Melden",
  reported: "Die Moderation sieht sich das an. Danke.",
  erase: "Endgültig löschen",
  delete: "Löschen",
  restore: "Wieder zeigen",
  approve: "Zeigen",
  refuse: "Ablehnen",
  dismiss: "So lassen",
  pause: "{name} 10 Minuten pausieren",
  pause_clear: "Pausieren und alles löschen",
  ban: "{name} sperren",
  host: "Host",
  moderator: "Moderation",
  look_at: "{n} anzusehen",
  undo: "Rückgängig",
  lost: "Keine Verbindung. Sie kommt von selbst wieder.",
  unsaved: "Die Box kann Nachrichten gerade nicht speichern. Bei einem Neustart gehen sie verloren.",
  ended: "Dieser Chat ist für dich zu Ende.",
  only_invited: "Hier schreiben nur Eingeladene.",
  only_moderators: "Hier schreibt nur die Moderation.",
  timed_out: "Die Moderation hat dich pausiert. In {time} kannst du wieder schreiben.",
  not_permitted: "Du darfst hier nicht schreiben.",
  slow: "Langsamer Modus: alle {n} Sekunden eine Nachricht.",
  review_on: "Jede Nachricht wird erst von der Moderation angesehen.",
  settings: "Ordnung halten",
  writers: "Wer schreiben darf",
  everybody: "Alle",
  invited: "Eingeladene",
  moderators: "Moderation",
  slow_mode: "Langsamer Modus",
  off: "Aus",
  seconds: "Alle {n} Sekunden eine Nachricht",
  review: "Jede Nachricht erst ansehen",
  links: "Nachrichten mit Links",
  words: "Unerwünschte Wörter",
  words_hint: "Eins je Zeile. Groß und klein gilt als gleich.",
  word_deal: "Nachrichten mit diesen Wörtern",
  allow: "Zeigen",
  hold: "Zurückhalten, bis jemand sie angesehen hat",
  refuse_them: "Ablehnen",
  save: "Speichern",
  saved: "Gespeichert.",
  timeouts: "Pausiert",
  no_timeouts: "Niemand ist pausiert.",
  lift: "{name} schreiben lassen",
  search: "Suchen",
  search_label: "Text oder Name",
  found_none: "Es wurde nichts gefunden.",
  help: "/me was du tust · /hand · /lower",
  help_moderators:
    "/delete Name · /timeout Name 10m · /untimeout Name · /ban Name · /unban Name · /slow 10s · /slow off · /write everybody · /write invited · /write moderators · /review on · /review off · /mute name · /camera name · /screen name · /remove name · /stage name · /backstage name · /lock · /unlock",
  did: {
    delete: "Gelöscht.",
    restore: "Wieder gezeigt.",
    approve: "Gezeigt.",
    refuse: "Abgelehnt.",
    hold: "Zurückgehalten.",
    dismiss: "Die Meldung ist erledigt.",
    reopen: "Die Meldung ist wieder offen.",
    clear: "Gelöscht, was {name} geschrieben hat.",
    timeout: "{name} ist pausiert.",
    lift: "{name} darf wieder schreiben.",
    ban: "{name} ist gesperrt.",
    unban: "{name} ist nicht mehr gesperrt.",
    rules: "Andere Regeln gelten.",
    mute: "{name} ist stumm.",
    camera: "Die Kamera von {name} ist aus.",
    screen: "{name} teilt keinen Bildschirm mehr.",
    remove: "{name} wurde entfernt.",
    stage: "{name} ist auf der Bühne.",
    backstage: "{name} schaut zu.",
    lock: "Der Raum ist abgeschlossen.",
    unlock: "Der Raum ist nicht mehr abgeschlossen.",
    hand: "Deine Hand ist oben.",
    lower: "Deine Hand ist unten.",
  },
  problems: {
    "too-fast": "Das war sehr schnell. Versuch es gleich noch einmal.",
    "slow-mode": "Der langsame Modus ist an. Warte ein wenig.",
    "unwanted-word": "Darin steht ein Wort, das hier nicht erwünscht ist. Es wurde nicht gesendet.",
    "unwanted-link": "Links sind hier nicht erwünscht. Es wurde nicht gesendet.",
    "no-message": "Diese Nachricht ist nicht mehr da.",
    "not-permitted": "Das darfst du hier nicht.",
    nobody: "Unter diesem Namen hat hier niemand geschrieben.",
    several: "Unter diesem Namen haben hier mehrere geschrieben. Nimm das Menü einer ihrer Nachrichten.",
    "not-here": "Niemand mit diesem Namen ist im Gespräch.",
    "name-first": "Sag zuerst, wie du heißen willst.",
  },
  reactions: {
    thumbs_up: "Daumen hoch",
    heart: "Herz",
    laugh: "Lachend",
    surprised: "Erstaunt",
    sad: "Traurig",
    clap: "Applaus",
    party: "Feiernd",
  },
};

export const texts: Texts = { en, de }[language];
