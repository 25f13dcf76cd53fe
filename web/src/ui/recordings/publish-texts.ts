import { language } from "../i18n";

/** The texts of having everybody watch a recording, loaded with it alone. */
export interface Texts {
  ask: string;
  text: string;
  back: string;
  yes: string;
  link: string;
  open: string;
  shared: string;
}

export const en: Texts = {
  ask: "Publish “{title}”?",
  text: "Everybody who opens the start page of this box or has the link can watch this recording then, also people who were not there.",
  back: "You can take it back at any time.",
  yes: "Publish",
  link: "Link to this recording",
  open: "Open",
  shared: "Everybody with the link can watch it, and it is on the start page of the box.",
};

export const de: Texts = {
  ask: "„{title}“ veröffentlichen?",
  text: "Alle, die die Startseite dieser Box öffnen oder den Link haben, können diese Aufnahme dann ansehen, auch wer nicht dabei war.",
  back: "Du kannst das jederzeit zurücknehmen.",
  yes: "Veröffentlichen",
  link: "Link zu dieser Aufnahme",
  open: "Öffnen",
  shared: "Alle mit dem Link können sie ansehen, und sie steht auf der Startseite der Box.",
};

export const texts = language === "de" ? de : en;
