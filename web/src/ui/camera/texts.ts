import type { CameraNote, CameraTrouble, ControlGroup } from "../../client";
import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
export interface Texts {
  title: string;
  state: string;
  none: string;
  open: string;
  closed: string;
  mode: string;
  failed: string;
  notes: Record<CameraNote, string>;
  part: string;
  partText: string;
  zoom: string;
  pan: string;
  tilt: string;
  whole: string;
  presets: string;
  noPresets: string;
  keepAs: string;
  keepHint: string;
  keep: string;
  remove: string;
  removeWhat: string;
  inactive: string;
  noControls: string;
  troubles: Record<CameraTrouble, string>;
  reset: string;
  resetAsk: string;
  resetText: string;
  modes: string;
  modesText: string;
  groups: Record<ControlGroup, string>;
  /** By the box's word; what is not here is called as the camera calls it. */
  words: Record<string, string>;
  /** By the name that Linux gives them. */
  options: Record<string, string>;
}

export const en: Texts = {
  title: "Camera",
  state: "State",
  none: "There is no camera.",
  open: "It is open: somebody looks at its picture.",
  closed: "It is closed: nobody looks. What you set here holds from the next picture on.",
  mode: "It gives {width} × {height}, {rate} pictures a second, as {format}.",
  failed: "The camera has failed; a stand-in takes its place, and it is tried again every few seconds.",
  notes: {
    "mode-unknown":
      "The camera has no mode like the one of the configuration (endpoint.camera_mode). The one that suits best is used.",
    "mode-failed": "The camera gave no picture in the mode that was wanted. Another one is used.",
  },
  part: "Part of the picture",
  partText: "What others see. It is cut out of the camera's picture; the camera does not move.",
  zoom: "Zoom",
  pan: "Left and right",
  tilt: "Down and up",
  whole: "Show the whole picture",
  presets: "Presets",
  noPresets: "None yet. Choose a part, then give it a name.",
  keepAs: "Name for this part",
  keepHint: "Sofa",
  keep: "Keep",
  remove: "Remove",
  removeWhat: "Remove {name}",
  inactive: "The camera sets this itself at the moment.",
  noControls: "This camera has nothing else that can be set.",
  troubles: {
    away: "The camera is not plugged in. What you have set comes back with it.",
    refused: "The camera does not say what can be set. Another program may be using it.",
    unreadable: "What the camera says of its controls can't be read.",
    private: "Privacy mode: the camera is closed, so that nothing can be set on it.",
  },
  reset: "Reset all controls",
  resetAsk: "Reset all controls?",
  resetText: "The camera is set as it was when it was new. The part of the picture and the presets stay.",
  modes: "Sizes and rates that this camera has",
  modesText:
    "The box takes the one that suits best. Write another one into the configuration as endpoint.camera_mode if you want it.",
  groups: {
    exposure: "Brightness of the room",
    focus: "Focus",
    "white-balance": "White balance",
    picture: "Picture",
    motion: "The camera's own movement",
    other: "More of this camera",
  },
  words: {
    "exposure-auto": "Exposure",
    exposure: "Exposure time",
    "exposure-priority": "Fewer pictures in the dark",
    "gain-auto": "Automatic gain",
    gain: "Gain",
    backlight: "Backlight compensation",
    "power-line": "Flicker of lamps",
    "focus-auto": "Automatic focus",
    focus: "Distance",
    "white-balance-auto": "Automatic white balance",
    "white-balance": "Colour temperature",
    "red-balance": "Red",
    "blue-balance": "Blue",
    brightness: "Brightness",
    contrast: "Contrast",
    saturation: "Saturation",
    hue: "Hue",
    "hue-auto": "Automatic hue",
    sharpness: "Sharpness",
    gamma: "Gamma",
    mirror: "Mirrored",
    "upside-down": "Upside down",
    pan: "Pan",
    tilt: "Tilt",
    zoom: "Zoom",
  },
  options: {
    "Auto Mode": "Automatic",
    "Manual Mode": "By hand",
    "Shutter Priority Mode": "Time by hand",
    "Aperture Priority Mode": "Automatic",
    Disabled: "Off",
    "50 Hz": "50 Hz (Europe, Asia, Africa)",
    "60 Hz": "60 Hz (Americas)",
    Auto: "Automatic",
  },
};

export const de: Texts = {
  title: "Kamera",
  state: "Zustand",
  none: "Es gibt keine Kamera.",
  open: "Sie ist offen: Jemand sieht ihr Bild.",
  closed: "Sie ist geschlossen: Niemand sieht zu. Was du hier einstellst, gilt ab dem nächsten Bild.",
  mode: "Sie gibt {width} × {height}, {rate} Bilder in der Sekunde, als {format}.",
  failed: "Die Kamera ist ausgefallen; ein Platzhalter vertritt sie, und alle paar Sekunden wird sie wieder versucht.",
  notes: {
    "mode-unknown":
      "Die Kamera hat keinen Modus wie den der Konfiguration (endpoint.camera_mode). Genommen wird der, der am besten passt.",
    "mode-failed": "In dem gewünschten Modus gab die Kamera kein Bild. Ein anderer wird genommen.",
  },
  part: "Bildausschnitt",
  partText: "Was andere sehen. Er wird aus dem Bild der Kamera geschnitten; die Kamera bewegt sich nicht.",
  zoom: "Zoom",
  pan: "Links und rechts",
  tilt: "Unten und oben",
  whole: "Das ganze Bild zeigen",
  presets: "Gemerkte Ausschnitte",
  noPresets: "Noch keine. Wähle einen Ausschnitt und gib ihm einen Namen.",
  keepAs: "Name für diesen Ausschnitt",
  keepHint: "Sofa",
  keep: "Merken",
  remove: "Entfernen",
  removeWhat: "{name} entfernen",
  inactive: "Das stellt die Kamera gerade selbst ein.",
  noControls: "Mehr lässt sich an dieser Kamera nicht einstellen.",
  troubles: {
    away: "Die Kamera ist nicht angeschlossen. Was du eingestellt hast, kommt mit ihr zurück.",
    refused: "Die Kamera sagt nicht, was sich einstellen lässt. Vielleicht benutzt sie ein anderes Programm.",
    unreadable: "Was die Kamera über ihre Regler sagt, lässt sich nicht lesen.",
    private: "Privatmodus: Die Kamera ist zu, also lässt sich an ihr nichts einstellen.",
  },
  reset: "Alle Regler zurücksetzen",
  resetAsk: "Alle Regler zurücksetzen?",
  resetText: "Die Kamera wird eingestellt, wie sie neu war. Der Bildausschnitt und die gemerkten bleiben.",
  modes: "Größen und Raten, die diese Kamera hat",
  modesText:
    "Die Box nimmt, was am besten passt. Wenn du etwas anderes willst, schreib es als endpoint.camera_mode in die Konfiguration.",
  groups: {
    exposure: "Helligkeit des Raums",
    focus: "Schärfe",
    "white-balance": "Weißabgleich",
    picture: "Bild",
    motion: "Eigene Bewegung der Kamera",
    other: "Mehr von dieser Kamera",
  },
  words: {
    "exposure-auto": "Belichtung",
    exposure: "Belichtungszeit",
    "exposure-priority": "Im Dunkeln weniger Bilder",
    "gain-auto": "Automatische Verstärkung",
    gain: "Verstärkung",
    backlight: "Ausgleich von Gegenlicht",
    "power-line": "Flimmern von Lampen",
    "focus-auto": "Automatische Schärfe",
    focus: "Entfernung",
    "white-balance-auto": "Automatischer Weißabgleich",
    "white-balance": "Farbtemperatur",
    "red-balance": "Rot",
    "blue-balance": "Blau",
    brightness: "Helligkeit",
    contrast: "Kontrast",
    saturation: "Sättigung",
    hue: "Farbton",
    "hue-auto": "Automatischer Farbton",
    sharpness: "Konturen",
    gamma: "Gamma",
    mirror: "Gespiegelt",
    "upside-down": "Auf dem Kopf",
    pan: "Schwenken",
    tilt: "Neigen",
    zoom: "Zoom",
  },
  options: {
    "Auto Mode": "Automatisch",
    "Manual Mode": "Von Hand",
    "Shutter Priority Mode": "Zeit von Hand",
    "Aperture Priority Mode": "Automatisch",
    Disabled: "Aus",
    "50 Hz": "50 Hz (Europa, Asien, Afrika)",
    "60 Hz": "60 Hz (Amerika)",
    Auto: "Automatisch",
  },
};

export const texts: Texts = { en, de }[language];
