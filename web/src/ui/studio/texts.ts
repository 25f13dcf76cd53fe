import type { ProgramLayout, Slate } from "../../client";
import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
interface Texts {
  title: string;
  of: string;
  preview: string;
  preview_off: string;
  hear: string;
  unhear: string;
  off_air: string;
  on_air: string;
  on_air_since: string;
  slate_stands: string;
  slate_begins: string;
  live: string;
  live_title: string;
  change_title: string;
  record: string;
  record_text: string;
  record_always: string;
  recording: { on: string; waits: string };
  audience: string;
  restricted: string;
  restricted_text: string;
  everybody_text: string;
  itself: string;
  auto_live: string;
  auto_live_text: string;
  auto_record: string;
  auto_record_text: string;
  auto_separately: string;
  separately: string;
  separately_text: string;
  begin_slate: string;
  begin_slate_text: string;
  rungs_none: string;
  rungs_one: string;
  rungs_some: string;
  more_none: string;
  more_some: string;
  more_hot: string;
  go: string;
  end: string;
  end_ask: string;
  end_text: string;
  slate: string;
  slate_text: string;
  slates: Record<Slate | "none", string>;
  layout: string;
  layouts: Record<ProgramLayout, string>;
  front: string;
  front_text: string;
  front_auto: string;
  front_none: string;
  speaks: string;
  shares: string;
  no_picture: string;
  over: string;
  names: string;
  show_title: string;
  logo: string;
  logo_text: string;
  logo_none: string;
  logo_alt: string;
  logo_choose: string;
  logo_replace: string;
  logo_remove: string;
  lower: string;
  lower_text: string;
  line: string;
  below: string;
  show: string;
  show_again: string;
  hide: string;
  lower_shown: string;
  more: string;
  to_room: string;
  to_watch: string;
  to_pushes: string;
  to_recordings: string;
  problems: Record<string, string>;
}

export const en: Texts = {
  title: "Studio",
  of: "Room: {room}",
  preview: "What is on air",
  preview_off: "The preview begins when the room is on air.",
  hear: "Turn sound on",
  unhear: "Turn sound off",
  off_air: "Off air: nobody outside sees or hears this room.",
  on_air: "On air.",
  on_air_since: "On air since {time}",
  slate_stands: "Those who watch see “{slate}”. They see and hear nobody.",
  slate_begins: "It will begin with “{slate}”: nobody is seen or heard then.",
  live: "On air",
  live_title: "Title",
  change_title: "Change title",
  record: "Record it",
  record_text: "It is kept on the box. Nothing is kept while somebody is on air who does not want that.",
  record_always: "This room is recorded whenever it is on air, as chosen below.",
  recording: { on: "Recorded", waits: "The recording waits until everybody on air agrees." },
  audience: "Who may watch",
  restricted: "Only those invited",
  restricted_text:
    "Whoever was invited to this room and signed in sees the broadcast. Once an invite is revoked, its address is another one at once.",
  everybody_text: "Everybody who reaches this box sees the broadcast on the home page.",
  itself: "By itself",
  auto_live: "Goes on air when somebody enters the room",
  auto_live_text: "It goes off air when the last one leaves. Everybody is asked first, the box as well.",
  auto_record: "Is recorded whenever it is on air",
  auto_record_text: "Once everybody on air agrees.",
  auto_separately: "And each in a file of their own",
  separately: "Each in a file of their own as well",
  separately_text:
    "Camera, microphone and shared screen of everybody who agrees to that, for editing. It is asked for separately.",
  begin_slate: "Begin with the slate",
  begin_slate_text: "Those who watch see “{slate}” until you take it away.",
  rungs_none: "Nobody watches a smaller picture.",
  rungs_one: "A smaller picture of {lines} lines is made for those who watch it.",
  rungs_some: "Smaller pictures of {lines} lines are made for those who watch them.",
  more_none: "There is no room for more.",
  more_some: "This box can make {n} more of 360 lines.",
  more_hot: "The box is too hot for more.",
  go: "Go on air",
  end: "Take off air",
  end_ask: "Take the room off air?",
  end_text: "For those who watch it is over. The call goes on.",
  slate: "What those who watch see",
  slate_text: "While a slate is shown, nobody is seen or heard outside. Everybody in the room reads that.",
  slates: { none: "Everybody", soon: "We begin soon", back: "We will be right back" },
  layout: "Layout",
  layouts: {
    auto: "Automatic",
    grid: "Grid",
    speaker: "Speaker with strip",
    side_by_side: "Side by side",
    picture_in_picture: "Picture in picture",
    screen: "Screen with speaker",
    cards: "Sound only",
  },
  front: "Who is in front",
  front_text: "Only who has said yes to being on air can be in front, and is seen at all.",
  front_auto: "Whoever speaks",
  front_none: "Nobody is in the room.",
  speaks: "speaks",
  shares: "shares a screen",
  no_picture: "no camera",
  over: "Over the picture",
  names: "Names",
  show_title: "Title",
  logo: "Logo",
  logo_text: "A PNG, half a megabyte and 2048 pixels to a side at most. It is the same in all rooms of the box.",
  logo_none: "There is no logo yet.",
  logo_alt: "The logo",
  logo_choose: "Choose a logo",
  logo_replace: "Choose another logo",
  logo_remove: "Remove the logo",
  lower: "Lower third",
  lower_text: "Two lines at the lower left, such as somebody’s name and what they do.",
  line: "Line",
  below: "Below it (optional)",
  show: "Show",
  show_again: "Show these lines",
  hide: "Hide",
  lower_shown: "Shown now: {lines}",
  more: "More",
  to_room: "To the room",
  to_watch: "The page of those who watch",
  to_pushes: "Other services",
  to_recordings: "Recordings",
  problems: {
    "bad-logo": "This is no PNG. Save the picture as PNG and choose it again.",
    "logo-too-large": "This picture is too large: half a megabyte and 2048 pixels to a side at most.",
    "no-such-person": "They are not in the room any more.",
    "no-room": "This room does not exist any more.",
    "bad-title": "This has to be one line of at most 100 characters.",
    "recordings-full":
      "There is too little room on the disk for a recording. Delete one, or go on air without a recording.",
    "recordings-sd-card":
      "Recordings would be on the SD card, which wears out. Have them kept in a folder on a disk: see recordings.folder in the configuration.",
    "recordings-folder": "The folder for recordings can’t be used. The log of the box says why.",
  },
};

export const de: Texts = {
  title: "Studio",
  of: "Raum: {room}",
  preview: "Was auf Sendung ist",
  preview_off: "Die Vorschau beginnt, sobald der Raum auf Sendung ist.",
  hear: "Ton einschalten",
  unhear: "Ton ausschalten",
  off_air: "Nicht auf Sendung: Draußen sieht und hört niemand diesen Raum.",
  on_air: "Auf Sendung.",
  on_air_since: "Auf Sendung seit {time}",
  slate_stands: "Wer zuschaut, sieht „{slate}“ und sieht und hört niemanden.",
  slate_begins: "Die Sendung beginnt mit „{slate}“: Dann ist niemand zu sehen oder zu hören.",
  live: "Auf Sendung",
  live_title: "Titel",
  change_title: "Titel ändern",
  record: "Aufnehmen",
  record_text:
    "Die Aufnahme bleibt auf der Box. Nichts wird aufgenommen, solange jemand auf Sendung ist, der das nicht möchte.",
  record_always: "Dieser Raum wird immer aufgenommen, wenn er auf Sendung ist: So ist es unten eingestellt.",
  recording: { on: "Aufnahme", waits: "Die Aufnahme wartet, bis alle zustimmen, die auf Sendung sind." },
  audience: "Wer zusehen darf",
  restricted: "Nur Eingeladene",
  restricted_text:
    "Wer in diesen Raum eingeladen ist und angemeldet ist, sieht die Sendung. Wird eine Einladung widerrufen, ist ihre Adresse sofort eine andere.",
  everybody_text: "Alle, die diese Box erreichen, sehen die Sendung auf der Startseite.",
  itself: "Von selbst",
  auto_live: "Geht auf Sendung, wenn jemand den Raum betritt",
  auto_live_text: "Die Sendung endet, wenn die letzte Person geht. Alle werden vorher gefragt, auch die Box.",
  auto_record: "Wird immer aufgenommen, wenn er auf Sendung ist",
  auto_record_text: "Sobald alle zustimmen, die auf Sendung sind.",
  auto_separately: "Und alle auch einzeln",
  separately: "Alle auch einzeln aufnehmen",
  separately_text:
    "Kamera, Mikrofon und geteilter Bildschirm von allen, die zustimmen, jeweils in einer eigenen Datei, zum Schneiden. Danach wird eigens gefragt.",
  begin_slate: "Mit der Tafel beginnen",
  begin_slate_text: "Wer zuschaut, sieht „{slate}“, bis du die Tafel wegnimmst.",
  rungs_none: "Niemand sieht ein kleineres Bild.",
  rungs_one: "Ein kleineres Bild mit {lines} Zeilen entsteht, weil jemand es sieht.",
  rungs_some: "Kleinere Bilder mit {lines} Zeilen entstehen, weil jemand sie sieht.",
  more_none: "Für weitere ist kein Platz.",
  more_some: "Diese Box schafft noch {n} mit 360 Zeilen.",
  more_hot: "Für weitere ist die Box zu heiß.",
  go: "Auf Sendung gehen",
  end: "Sendung beenden",
  end_ask: "Sendung beenden?",
  end_text: "Für alle, die zuschauen, ist sie dann vorbei. Das Gespräch geht weiter.",
  slate: "Was zu sehen ist",
  slate_text:
    "Solange eine Tafel zu sehen ist, ist draußen niemand zu sehen oder zu hören. Das lesen alle, die im Raum sind.",
  slates: { none: "Alle", soon: "Gleich geht es los", back: "Gleich geht es weiter" },
  layout: "Anordnung",
  layouts: {
    auto: "Automatisch",
    grid: "Gleich groß",
    speaker: "Groß mit Leiste",
    side_by_side: "Nebeneinander",
    picture_in_picture: "Bild im Bild",
    screen: "Bildschirm mit Person",
    cards: "Nur Ton",
  },
  front: "Wer vorn ist",
  front_text: "Vorn und überhaupt zu sehen ist nur, wer zugestimmt hat, auf Sendung zu sein.",
  front_auto: "Wer gerade spricht",
  front_none: "Niemand ist im Raum.",
  speaks: "spricht",
  shares: "teilt den Bildschirm",
  no_picture: "ohne Kamera",
  over: "Über dem Bild",
  names: "Namen",
  show_title: "Titel",
  logo: "Logo",
  logo_text:
    "Ein PNG, höchstens ein halbes Megabyte groß und 2048 Pixel breit und hoch. Es gilt für alle Räume der Box.",
  logo_none: "Noch gibt es kein Logo.",
  logo_alt: "Das Logo",
  logo_choose: "Logo auswählen",
  logo_replace: "Anderes Logo auswählen",
  logo_remove: "Logo entfernen",
  lower: "Bauchbinde",
  lower_text: "Zwei Zeilen unten links, zum Beispiel wie jemand heißt und was sie oder er macht.",
  line: "Zeile",
  below: "Darunter (freiwillig)",
  show: "Zeigen",
  show_again: "Diese Zeilen zeigen",
  hide: "Ausblenden",
  lower_shown: "Gerade zu sehen: {lines}",
  more: "Weiter",
  to_room: "Zum Raum",
  to_watch: "Die Seite für alle, die zuschauen",
  to_pushes: "Andere Dienste",
  to_recordings: "Aufnahmen",
  problems: {
    "bad-logo": "Das ist kein PNG. Speichere das Bild als PNG und wähle es noch einmal aus.",
    "logo-too-large": "Dieses Bild ist zu groß: höchstens ein halbes Megabyte und 2048 Pixel breit und hoch.",
    "no-such-person": "Diese Person ist nicht mehr im Raum.",
    "no-room": "Diesen Raum gibt es nicht mehr.",
    "bad-title": "Das muss eine Zeile mit höchstens 100 Zeichen sein.",
    "recordings-full":
      "Auf dem Datenträger ist zu wenig Platz für eine Aufnahme. Lösche eine, oder geh ohne Aufnahme auf Sendung.",
    "recordings-sd-card":
      "Aufnahmen kämen auf die SD-Karte, und die nutzt sich ab. Gib ihnen einen Ordner auf einem Datenträger: recordings.folder in der Konfiguration.",
    "recordings-folder": "Der Ordner für Aufnahmen ist nicht zu benutzen. Warum, steht im Protokoll der Box.",
  },
};

export const texts = language === "de" ? de : en;
