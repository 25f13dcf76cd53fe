import { language } from "../i18n";

/** The texts about recordings of participants alone, loaded with them. */
export const en = {
  separate: "Participants alone: {n}",
  separate_text:
    "What each sent, in a file of their own, for editing. Laid as many seconds after the beginning of the recording as each says, they run together. They are kept and deleted with it.",
  screen_of: "{name}’s screen",
  begins: "begins at {time} s",
  unplayable: "This browser can’t play that file. Download it instead.",
};

export const de: typeof en = {
  separate: "Einzelne Teilnehmer: {n}",
  separate_text:
    "Was alle gesendet haben, jeweils in einer eigenen Datei, zum Schneiden. So viele Sekunden nach dem Anfang der Aufnahme angelegt, wie jeweils dabeisteht, laufen sie zusammen. Behalten und gelöscht werden sie mit ihr.",
  screen_of: "Bildschirm von {name}",
  begins: "beginnt bei {time} s",
  unplayable: "Dieser Browser kann die Datei nicht abspielen. Lade sie stattdessen herunter.",
};

export const texts = language === "de" ? de : en;
