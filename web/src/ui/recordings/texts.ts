import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
export interface Texts {
  title: string;
  loading: string;
  none: string;
  free: string;
  lasts: string;
  trouble: string;
  now: string;
  waiting: string;
  recovered: string;
  broken: string;
  trimming: string;
  uncopied: string;
  length: string;
  play: string;
  close: string;
  download: string;
  trim: string;
  publish: string;
  published: string;
  unpublish: string;
  rename: string;
  name: string;
  save: string;
  protect: string;
  protected: string;
  unprotect: string;
  remove: string;
  removed: string;
  restore: string;
  chapters: string;
}

export const en: Texts = {
  title: "Recordings",
  loading: "Loading the recordings …",
  none: "Nothing was recorded yet. Record a broadcast from its room: it is kept here, on the box.",
  free: "{free} GB free on the disk.",
  lasts: "At this rate there is room for {time}.",
  trouble: "Nothing can be recorded: {why}.",
  now: "It is being recorded.",
  waiting: "It waits until everybody who is on air agrees.",
  recovered: "The box went out while it was recorded: it may end two seconds early.",
  broken: "The disk failed or was full: it ends where that happened.",
  trimming: "It is being copied.",
  uncopied: "It could not be copied: the disk failed or was full.",
  length: "{time}, {size} MB",
  play: "Play",
  close: "Close the video",
  download: "Download",
  trim: "Trim",
  publish: "Publish",
  published: "Published",
  unpublish: "Unpublish",
  rename: "Rename",
  name: "Name",
  save: "Save",
  protect: "Keep for ever",
  protected: "Kept for ever",
  unprotect: "Keep no longer than others",
  remove: "Delete",
  removed: "Deleted. It can be had back for ten minutes.",
  restore: "Have it back",
  chapters: "Chapters",
};

export const de: Texts = {
  title: "Aufnahmen",
  loading: "Aufnahmen werden geladen …",
  none: "Noch wurde nichts aufgenommen. Nimm eine Sendung in ihrem Raum auf: Sie bleibt hier, auf der Box.",
  free: "{free} GB sind auf dem Datenträger frei.",
  lasts: "So reicht der Platz noch für {time}.",
  trouble: "Es kann nichts aufgenommen werden: {why}.",
  now: "Sie wird gerade aufgenommen.",
  waiting: "Sie wartet, bis alle zustimmen, die auf Sendung sind.",
  recovered: "Die Box ging während der Aufnahme aus: Sie endet vielleicht zwei Sekunden zu früh.",
  broken: "Der Datenträger versagte oder war voll: Sie endet an dieser Stelle.",
  trimming: "Sie wird kopiert.",
  uncopied: "Sie konnte nicht kopiert werden: Der Datenträger versagte oder war voll.",
  length: "{time}, {size} MB",
  play: "Abspielen",
  close: "Video schließen",
  download: "Herunterladen",
  trim: "Ausschneiden",
  publish: "Veröffentlichen",
  published: "Veröffentlicht",
  unpublish: "Nicht mehr veröffentlichen",
  rename: "Umbenennen",
  name: "Name",
  save: "Speichern",
  protect: "Für immer behalten",
  protected: "Wird für immer behalten",
  unprotect: "Nicht länger als andere behalten",
  remove: "Löschen",
  removed: "Gelöscht. Zehn Minuten lang kannst du sie zurückholen.",
  restore: "Zurückholen",
  chapters: "Kapitel",
};

export const texts = language === "de" ? de : en;
