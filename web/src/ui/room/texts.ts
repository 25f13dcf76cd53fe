import { language } from "../i18n";

/** Texts of the room about recordings and the box's screen, loaded with it alone. */
const en = {
  record: "Record",
  record_stop: "Stop recording",
  record_it: "Record it",
  record_text: "It is kept on the box. Nothing is kept while somebody is on air who does not want that.",
  restricted: "Only those who were invited to this room can watch; the studio has the switch for that.",
  record_always: "This room is recorded whenever it is on air; the studio has the switch for that.",
  record_title: "A recording is wanted. May it hold you?",
  record_yes: "Yes, record me",
  record_no: "No, not me",
  record_withdraw: "Don't record me any more",
  record_agree: "Record me",
  consent_recorded_text:
    "What is on air is recorded and kept on the box. Nothing is kept while somebody is on air who said no.",
  consent_both: "Yes, on air and recorded",
  consent_unrecorded: "On air, not recorded",
  you_recorded: "Everybody who watches sees and hears you, and it is recorded.",
  you_not_recorded: "You are on air. The recording waits, since you don't want to be in it.",
  go_on_air_recorded: "Put me on air, recorded",
  recording_stopped: "The recording stopped: the box's disk failed or is full. The broadcast goes on.",
  recording_on: "Recorded",
  recording_waits: "Recording waits",
  recording_waits_for: "Recording waits for {names}",
  to_studio: "Studio: decide how it looks to those who watch",
  studio: "Studio",
  slate_shown: "Those who watch see a slate: nobody is seen or heard outside.",
  you_after_slate: "You are on air: once the slate is gone, everybody who watches sees and hears you.",
  box_screen: "On the box's screen",
  screen_speaker: "Whoever speaks in front",
  screen_own: "Our own picture in the corner",
  screen_asleep: "The television is off: no pictures are made for it.",
};

const de: typeof en = {
  record: "Aufnehmen",
  record_stop: "Aufnahme beenden",
  record_it: "Aufnehmen",
  record_text:
    "Die Aufnahme bleibt auf der Box. Nichts wird aufgenommen, solange jemand auf Sendung ist, der das nicht möchte.",
  restricted: "Nur wer in diesen Raum eingeladen ist, kann zusehen; den Schalter dafür hat das Studio.",
  record_always: "Dieser Raum wird immer aufgenommen, wenn er auf Sendung ist; den Schalter dafür hat das Studio.",
  record_title: "Es soll aufgenommen werden. Darfst du darauf sein?",
  record_yes: "Ja, nehmt mich auf",
  record_no: "Nein, mich nicht",
  record_withdraw: "Mich nicht mehr aufnehmen",
  record_agree: "Mich aufnehmen",
  consent_recorded_text:
    "Was auf Sendung ist, wird aufgenommen und bleibt auf der Box. Nichts wird aufgenommen, solange jemand auf Sendung ist, der Nein gesagt hat.",
  consent_both: "Ja, auf Sendung und aufgenommen",
  consent_unrecorded: "Auf Sendung, ohne Aufnahme",
  you_recorded: "Alle, die zuschauen, sehen und hören dich, und es wird aufgenommen.",
  you_not_recorded: "Du bist auf Sendung. Die Aufnahme wartet, weil du nicht darauf sein möchtest.",
  go_on_air_recorded: "Mich auf Sendung nehmen, mit Aufnahme",
  recording_stopped:
    "Die Aufnahme hat aufgehört: Der Datenträger der Box versagt oder ist voll. Die Sendung geht weiter.",
  recording_on: "Aufnahme",
  recording_waits: "Aufnahme wartet",
  recording_waits_for: "Aufnahme wartet auf {names}",
  to_studio: "Studio: festlegen, wie es für die aussieht, die zuschauen",
  studio: "Studio",
  slate_shown: "Wer zuschaut, sieht eine Tafel: Draußen ist niemand zu sehen oder zu hören.",
  you_after_slate: "Du bist auf Sendung: Sobald die Tafel weg ist, sehen und hören dich alle, die zuschauen.",
  box_screen: "Auf dem Bildschirm der Box",
  screen_speaker: "Wer spricht, ist vorn",
  screen_own: "Unser eigenes Bild in der Ecke",
  screen_asleep: "Der Fernseher ist aus: Für ihn werden keine Bilder gemacht.",
};

export const texts = language === "de" ? de : en;
