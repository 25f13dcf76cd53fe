import { de } from "./de";
import { en } from "./en";
import { fill } from "./format";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Language = "en" | "de";

export const catalogues: Record<Language, Catalogue> = { en, de };

/** The first of the reader's languages that there is a catalogue for. */
export function pickLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "en" || base === "de") return base;
  }
  return "en";
}

const wanted: readonly string[] = globalThis.navigator?.languages ?? [];

export const language: Language = pickLanguage(wanted);

/** The reader's own way of writing dates and numbers in that language: `en-GB` rather than `en`. */
export const locale: string = wanted.find(tag => tag.toLowerCase().split("-")[0] === language) ?? language;

/** The text of a key in the reader's language, its `{placeholders}` filled. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(catalogues[language][key], values);
}

const rules = new Intl.PluralRules(language);

/** The text for a number of things: `<key>_one` or `<key>_other`, with `{n}`. */
export function count<K extends string>(key: K & (`${K}_one` extends Key ? K : never), n: number): string {
  const form = rules.select(n) === "one" ? "one" : "other";
  return t(`${key}_${form}` as Key, { n });
}
