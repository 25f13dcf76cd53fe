import { language } from "../i18n";

/** The texts of a recording that everybody may watch, loaded with it alone. */
export interface Texts {
  gone_title: string;
  gone_text: string;
  full_title: string;
  full_text: string;
  failed_title: string;
  failed_text: string;
}

export const en: Texts = {
  gone_title: "This recording is not here any more",
  gone_text: "Whoever published it has taken it back.",
  full_title: "No more can watch now",
  full_text: "As many watch recordings as this box can serve. Try again in a while.",
  failed_title: "The recording does not come",
  failed_text: "The connection to the box failed on the way. Try again in a moment.",
};

export const de: Texts = {
  gone_title: "Diese Aufnahme ist nicht mehr hier",
  gone_text: "Wer sie veröffentlicht hat, hat sie zurückgenommen.",
  full_title: "Mehr können gerade nicht zusehen",
  full_text: "Es sehen schon so viele zu, wie diese Box bedienen kann. Versuch es in einer Weile noch einmal.",
  failed_title: "Die Aufnahme kommt nicht an",
  failed_text: "Die Verbindung zur Box ist unterwegs abgebrochen. Versuch es gleich noch einmal.",
};

export const texts = language === "de" ? de : en;
