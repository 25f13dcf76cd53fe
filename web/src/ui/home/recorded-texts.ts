import { language } from "../i18n";

/** The texts about recordings that everybody may watch. */
export const en = { title: "To watch at any time" };

export const de: typeof en = { title: "Jederzeit zu sehen" };

export const texts = language === "de" ? de : en;
