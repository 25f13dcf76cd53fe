import { language } from "../i18n";

/** The texts of cutting a part out of a recording, loaded with it alone. */
export interface Texts {
  text: string;
  from: string;
  from_here: string;
  to: string;
  to_here: string;
  jump_from: string;
  jump_to: string;
  length: string;
  unread: string;
  short: string;
  save: string;
  begun: string;
  problems: Record<string, string>;
}

export const en: Texts = {
  text: "The part becomes a recording of its own, and this recording stays as it is. Nothing is encoded anew: the part begins with the next picture that can be shown by itself, a second or two later at most.",
  from: "Beginning",
  from_here: "Begins here",
  to: "End",
  to_here: "Ends here",
  jump_from: "Show the beginning",
  jump_to: "Show the end",
  length: "The part lasts {time}.",
  unread: "Write the times like 1:23.5.",
  short: "The end has to be at least a second after the beginning, and both within the recording.",
  save: "Save this part as a recording of its own",
  begun: "The part is being copied. You find it in the list.",
  problems: {
    "bad-part": "This part can’t be cut out: it has to be at least a second long and lie within the recording.",
    "recording-trimming": "Another part is being copied. Wait until that is done.",
    "recordings-full": "There is too little room on the disk for this part. Delete a recording first.",
    "recordings-sd-card":
      "Recordings would be on the SD card, which wears out. Set recordings.folder to a folder on a disk.",
    "recordings-folder": "The folder for recordings can’t be used. The log of the box says why.",
    "no-recording": "This recording is not there any more.",
  },
};

export const de: Texts = {
  text: "Der Ausschnitt wird eine eigene Aufnahme, und diese Aufnahme bleibt, wie sie ist. Nichts wird neu kodiert: Der Ausschnitt beginnt mit dem nächsten Bild, das sich allein zeigen lässt, höchstens ein, zwei Sekunden später.",
  from: "Anfang",
  from_here: "Beginnt hier",
  to: "Ende",
  to_here: "Endet hier",
  jump_from: "Den Anfang zeigen",
  jump_to: "Das Ende zeigen",
  length: "Der Ausschnitt dauert {time}.",
  unread: "Schreib die Zeiten wie 1:23,5.",
  short: "Das Ende muss mindestens eine Sekunde nach dem Anfang liegen, und beide innerhalb der Aufnahme.",
  save: "Diesen Ausschnitt als eigene Aufnahme speichern",
  begun: "Der Ausschnitt wird kopiert. Du findest ihn in der Liste.",
  problems: {
    "bad-part":
      "Dieser Ausschnitt geht nicht: Er muss mindestens eine Sekunde lang sein und innerhalb der Aufnahme liegen.",
    "recording-trimming": "Ein anderer Ausschnitt wird gerade kopiert. Warte, bis das fertig ist.",
    "recordings-full": "Für diesen Ausschnitt ist auf dem Datenträger zu wenig Platz. Lösche vorher eine Aufnahme.",
    "recordings-sd-card":
      "Aufnahmen kämen auf die SD-Karte, und die nutzt sich ab. Setze recordings.folder auf einen Ordner auf einem Datenträger.",
    "recordings-folder": "Der Ordner für Aufnahmen ist nicht zu benutzen. Warum, steht im Protokoll der Box.",
    "no-recording": "Diese Aufnahme gibt es nicht mehr.",
  },
};

export const texts = language === "de" ? de : en;
