import type { Going, UpdateFailure } from "../../client/update";
import { language } from "../i18n";

/** The texts of the page about updates, loaded with it alone. */
export interface Texts {
  title: string;
  loading: string;
  what: string;
  runs: string;
  other: string;
  empty: string;
  board: string;
  version: string;
  slot: string;
  good: string;
  bad: string;
  install: string;
  file: string;
  file_hint: string;
  upload: string;
  address: string;
  address_hint: string;
  fetch: string;
  too_large: string;
  fetching: string;
  fetching_some: string;
  checking: string;
  installing: string;
  installed: string;
  installed_version: string;
  waits: string;
  failed: string;
  said: string;
  restart: string;
  restart_title: string;
  restart_text: string;
  ends: string;
  going: Record<Going, string>;
  later: string;
  restarts: string;
  back: string;
  not_image: string;
  not_image_text: string;
  to_settings: string;
  not_yours: string;
  codes: Record<UpdateFailure, string>;
}

const en: Texts = {
  title: "Update",
  loading: "Looking at what runs …",
  what: "An update is written beside what runs, and the box starts with it the next time. If it does not work there, the box goes back by itself.",
  runs: "Runs",
  other: "The other one",
  empty: "nothing yet",
  board: "For this board: {board}",
  version: "Version",
  slot: "Slot",
  good: "good",
  bad: "not good",
  install: "Install an update",
  file: "File",
  file_hint: "A bundle for this board, signed by whoever made its image; at most {size}.",
  upload: "Upload and install",
  address: "Or its address",
  address_hint: "It is asked once, now. The box never looks for updates by itself.",
  fetch: "Fetch and install",
  too_large: "This file is larger than the box has room for ({size}).",
  fetching: "The bundle comes in: {done} of {total}",
  fetching_some: "The bundle comes in: {done}",
  checking: "The bundle is checked",
  installing: "Installing: {percent} %",
  installed: "The update is installed.",
  installed_version: "Version {version} is installed.",
  waits: "The box starts with the other one the next time.",
  failed: "The update was not installed",
  said: "RAUC says: {text}",
  restart: "Restart now",
  restart_title: "Restart the box?",
  restart_text: "The box starts with the update, which takes a minute or two.",
  ends: "This ends: {what}.",
  going: { call: "a call", broadcast: "a broadcast", recording: "a recording" },
  later: "Later",
  restarts: "The box restarts …",
  back: "The box is back.",
  not_image: "This box is not an image",
  not_image_text: "It is updated as the package it was installed from.",
  to_settings: "Settings",
  not_yours: "This page is for owners of the box.",
  codes: {
    signature: "Nobody whom this box trusts has signed the bundle. Take one of whoever made the image of this box.",
    board: "The bundle is for another kind of board. Take the one for this board.",
    damaged: "The bundle is damaged, or is none. Fetch it again.",
    "no-room": "There is not enough room. Free some in the state folder, or take a smaller bundle.",
    "too-large": "The bundle is larger than this box takes. Raise update.max_megabytes in its configuration.",
    network: "The bundle did not come whole. Look at the address and the network, then try again.",
    interrupted: "The installation was interrupted. What runs is as it was. Try again.",
    other: "RAUC could not install the bundle. What runs is as it was.",
  },
};

const de: Texts = {
  title: "Update",
  loading: "Es wird nachgesehen, was läuft …",
  what: "Ein Update wird neben das geschrieben, was läuft, und die Box startet beim nächsten Mal damit. Läuft es dort nicht, kehrt die Box von selbst zurück.",
  runs: "Läuft",
  other: "Das andere",
  empty: "noch nichts",
  board: "Für dieses Board: {board}",
  version: "Version",
  slot: "Platz",
  good: "gut",
  bad: "nicht gut",
  install: "Ein Update installieren",
  file: "Datei",
  file_hint: "Ein Bundle für dieses Board, signiert von denen, die sein Image gemacht haben; höchstens {size}.",
  upload: "Hochladen und installieren",
  address: "Oder seine Adresse",
  address_hint: "Sie wird einmal gefragt, jetzt. Von selbst sucht die Box nie nach Updates.",
  fetch: "Holen und installieren",
  too_large: "Diese Datei ist größer als der Platz auf der Box ({size}).",
  fetching: "Das Bundle kommt an: {done} von {total}",
  fetching_some: "Das Bundle kommt an: {done}",
  checking: "Das Bundle wird geprüft",
  installing: "Es wird installiert: {percent} %",
  installed: "Das Update ist installiert.",
  installed_version: "Version {version} ist installiert.",
  waits: "Die Box startet beim nächsten Mal mit dem anderen.",
  failed: "Das Update wurde nicht installiert",
  said: "RAUC sagt: {text}",
  restart: "Jetzt neu starten",
  restart_title: "Die Box neu starten?",
  restart_text: "Die Box startet mit dem Update; das dauert ein, zwei Minuten.",
  ends: "Das beendet: {what}.",
  going: { call: "ein Gespräch", broadcast: "eine Sendung", recording: "eine Aufnahme" },
  later: "Später",
  restarts: "Die Box startet neu …",
  back: "Die Box ist wieder da.",
  not_image: "Diese Box ist kein Image",
  not_image_text: "Sie wird als das Paket erneuert, als das sie installiert wurde.",
  to_settings: "Einstellungen",
  not_yours: "Diese Seite ist für die, denen die Box gehört.",
  codes: {
    signature:
      "Niemand, dem diese Box vertraut, hat das Bundle signiert. Nimm eines von denen, die das Image dieser Box gemacht haben.",
    board: "Das Bundle ist für ein anderes Board. Nimm das für dieses Board.",
    damaged: "Das Bundle ist beschädigt oder keines. Hole es noch einmal.",
    "no-room":
      "Der Platz reicht nicht. Schaffe welchen im Zustandsordner (state folder), oder nimm ein kleineres Bundle.",
    "too-large": "Das Bundle ist größer, als diese Box annimmt. Erhöhe update.max_megabytes in der Konfiguration.",
    network: "Das Bundle kam nicht ganz an. Prüfe die Adresse und das Netz und versuche es noch einmal.",
    interrupted: "Die Installation wurde unterbrochen. Was läuft, ist wie zuvor. Versuche es noch einmal.",
    other: "RAUC konnte das Bundle nicht installieren. Was läuft, ist wie zuvor.",
  },
};

export const texts = language === "de" ? de : en;
