import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
export interface Texts {
  menu: string;
  picture: string;
  auto: string;
  source: string;
  lines: string;
  sound: string;
  sound_now: string;
  reading: string;
  unread: string;
  making: string;
  chosen: string;
  narrow: string;
  delay: string;
  closest: string;
  closest_text: string;
  smooth: string;
  smooth_text: string;
  live: string;
  closest_now: string;
  smooth_now: string;
  pause: string;
  pip: string;
  keys: string;
  space: string;
  key_pause: string;
  key_sound: string;
  key_back: string;
  full_title: string;
  full_text: string;
  restricted_title: string;
  restricted_text: string;
  come_in: string;
}

export const en: Texts = {
  menu: "Picture and delay",
  picture: "Picture",
  auto: "Automatic",
  source: "As it is on air",
  lines: "{lines}p",
  sound: "Sound only",
  sound_now: "You hear the sound only.",
  reading: "Looking which sizes there are …",
  unread: "Which sizes there are can't be found out now.",
  making: "The box begins with {lines}p. That takes a few seconds.",
  chosen: "The box can't make this size now.",
  narrow: "Your line is narrow, and the box can't make a smaller picture now.",
  delay: "Delay",
  closest: "Closest",
  closest_text: "As little behind as possible",
  smooth: "Smooth",
  smooth_text: "Some seconds behind, for a line that stutters",
  live: "live",
  closest_now: "closest to live",
  smooth_now: "smooth",
  pause: "Pause",
  pip: "Picture in picture",
  keys: "Keys",
  space: "Space",
  key_pause: "Pause, go on",
  key_sound: "Sound off, on",
  key_back: "Back and on",
  full_title: "No more can watch now",
  full_text: "As many watch as the line of this box carries. The page tries again by itself.",
  restricted_title: "This broadcast is for invited people",
  restricted_text: "Open your invite link to its room, then come back to this page.",
  come_in: "Come into the room and raise a hand",
};

export const de: Texts = {
  menu: "Bild und Verzögerung",
  picture: "Bild",
  auto: "Automatisch",
  source: "Wie gesendet",
  lines: "{lines}p",
  sound: "Nur Ton",
  sound_now: "Du hörst nur den Ton.",
  reading: "Welche Größen es gibt, wird nachgesehen …",
  unread: "Welche Größen es gibt, ist gerade nicht herauszufinden.",
  making: "Die Box beginnt mit {lines}p. Das dauert ein paar Sekunden.",
  chosen: "Diese Größe kann die Box gerade nicht liefern.",
  narrow: "Deine Leitung ist schmal, und die Box kann gerade kein kleineres Bild liefern.",
  delay: "Verzögerung",
  closest: "So nah wie möglich",
  closest_text: "So wenig verzögert wie möglich",
  smooth: "Gleichmäßig",
  smooth_text: "Einige Sekunden verzögert, wenn es sonst stockt",
  live: "live",
  closest_now: "so nah wie möglich",
  smooth_now: "gleichmäßig",
  pause: "Anhalten",
  pip: "Bild im Bild",
  keys: "Tasten",
  space: "Leertaste",
  key_pause: "Anhalten, weiter",
  key_sound: "Ton aus, an",
  key_back: "Zurück und vor",
  full_title: "Mehr können gerade nicht zusehen",
  full_text: "Es sehen so viele zu, wie die Leitung dieser Box trägt. Die Seite versucht es von selbst wieder.",
  restricted_title: "Diese Sendung ist für Eingeladene",
  restricted_text: "Öffne deinen Einladungslink in ihren Raum und komm dann auf diese Seite zurück.",
  come_in: "Hereinkommen und Hand heben",
};

export const texts = language === "de" ? de : en;
