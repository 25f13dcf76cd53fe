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
  separate_missing:
    "Not everybody who agreed to it is recorded in a file of their own: the box writes no more of them at a time, or the disk failed.",
  separately: "Each in a file of their own as well",
  separately_text:
    "Camera, microphone and shared screen of everybody who agrees to that, for editing. It is asked for separately.",
  consent_separately_text:
    "Beside that, each is to be recorded in a file of their own, for editing: what your camera, your microphone and the screen you share send, and nobody else. That needs a yes of its own.",
  consent_all: "Yes, and in a file of my own",
  record_all: "Yes, and in a file of my own",
  separately_title: "May there be a file of you alone?",
  separately_yes: "Yes, a file of my own",
  separately_no: "No, only the recording",
  separately_withdraw: "No file of my own any more",
  separately_agree: "A file of my own as well",
  you_recorded_separately:
    "Everybody who watches sees and hears you; it is recorded, and you in a file of your own as well.",
  recording_on: "Recorded",
  recording_on_separately: "Recorded, each in a file of their own: {names}",
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
  separate_missing:
    "Nicht alle, die zugestimmt haben, werden einzeln aufgenommen: Mehr Dateien schreibt die Box nicht auf einmal, oder der Datenträger versagt.",
  separately: "Alle auch einzeln aufnehmen",
  separately_text:
    "Kamera, Mikrofon und geteilter Bildschirm von allen, die zustimmen, jeweils in einer eigenen Datei, zum Schneiden. Danach wird eigens gefragt.",
  consent_separately_text:
    "Außerdem sollen alle einzeln aufgenommen werden, jeweils in einer eigenen Datei, zum Schneiden: was deine Kamera, dein Mikrofon und dein geteilter Bildschirm senden, und sonst niemand. Dafür braucht es ein eigenes Ja.",
  consent_all: "Ja, und auch einzeln",
  record_all: "Ja, und auch einzeln",
  separately_title: "Darf es eine Datei nur mit dir geben?",
  separately_yes: "Ja, auch einzeln",
  separately_no: "Nein, nur die Aufnahme",
  separately_withdraw: "Mich nicht mehr einzeln aufnehmen",
  separately_agree: "Mich auch einzeln aufnehmen",
  you_recorded_separately:
    "Alle, die zuschauen, sehen und hören dich; es wird aufgenommen, und du auch einzeln in einer eigenen Datei.",
  recording_on: "Aufnahme",
  recording_on_separately: "Aufnahme, einzeln auch: {names}",
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
