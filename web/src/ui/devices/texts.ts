import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
interface Texts {
  title: string;
  again: string;
  looking: string;
  findings: string;
  there: string;
  kind: string;
  used: string;
  others: string;
  nothing: string;
  stand_in: string;
  left_out: string;
  encoder: string;
  codes: string;
  unmeasured: string;
  more: string;
  kinds: Record<"camera" | "microphone" | "speaker" | "screen", string>;
}

const en: Texts = {
  title: "What is plugged in",
  again: "Look again",
  looking: "Looking at everything …",
  findings: "What this means",
  there: "Devices",
  kind: "What for",
  used: "Used",
  others: "Also there",
  nothing: "nothing",
  stand_in: "{name} (stands in for one)",
  left_out: "Left out",
  encoder: "Encoder",
  codes: "{encoder} codes {pictures} pictures of 1280 × 720 a second.",
  unmeasured: "{encoder}; how fast it is was not measured.",
  more: "How the room sounds is tried on the home page, and how the box is reached on a page of its own:",
  kinds: { camera: "Camera", microphone: "Microphone", speaker: "Speaker", screen: "Screen" },
};

const de: Texts = {
  title: "Was angeschlossen ist",
  again: "Noch einmal nachsehen",
  looking: "Alles wird angesehen …",
  findings: "Was das heißt",
  there: "Geräte",
  kind: "Wofür",
  used: "Benutzt",
  others: "Auch da",
  nothing: "nichts",
  stand_in: "{name} (steht für ein echtes)",
  left_out: "Nicht benutzt",
  encoder: "Encoder",
  codes: "{encoder} codiert {pictures} Bilder von 1280 × 720 in der Sekunde.",
  unmeasured: "{encoder}; wie schnell er ist, wurde nicht gemessen.",
  more: "Wie der Raum klingt, prüft die Startseite, und wie die Box erreicht wird, eine eigene Seite:",
  kinds: { camera: "Kamera", microphone: "Mikrofon", speaker: "Lautsprecher", screen: "Bildschirm" },
};

export const texts = language === "de" ? de : en;
