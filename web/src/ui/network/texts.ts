import type { NotJoined } from "../../client/network";
import { language } from "../i18n";

/** The texts of the page about wireless networks, loaded with it alone. */
interface Texts {
  title: string;
  loading: string;
  cable: string;
  joined: string;
  nothing: string;
  hotspot: string;
  no_wifi: string;
  no_wifi_text: string;
  not_yours: string;
  seen: string;
  none: string;
  again: string;
  strength: (percent: number) => string;
  open: string;
  other: string;
  known: string;
  here: string;
  choose: string;
  password: string;
  open_hint: string;
  join: string;
  forget: string;
  forgotten: string;
  cancel: string;
  unlisted: string;
  name: string;
  joining: string;
  joining_here: string;
  failed: string;
  codes: Record<NotJoined["code"], string>;
  to_settings: string;
}

const steps = (percent: number, [weak, fair, strong]: readonly [string, string, string]) =>
  percent < 40 ? weak : percent < 65 ? fair : strong;

const en: Texts = {
  title: "Wi-Fi of the box",
  loading: "The box looks for networks …",
  cable: "The box is connected by a cable.",
  joined: "The box is in “{name}”.",
  nothing: "The box has no network.",
  hotspot: "You are in the box's own network. Choose the one that the box is to join; it is your home's, most likely.",
  no_wifi: "No Wi-Fi here",
  no_wifi_text:
    "The box has no adapter for wireless networks that Porchlight may use. Plug in a cable, or look after networks as the system does it.",
  not_yours: "This page is for owners of the box, and for those who came by the box's own network",
  seen: "Networks in reach",
  none: "No network is in reach.",
  again: "Look again",
  strength: percent => steps(percent, ["weak", "fair", "strong"]),
  open: "without a password",
  other: "asks for more than a password",
  known: "known",
  here: "the box is in it",
  choose: "Join {name}",
  password: "Password of {name}",
  open_hint: "It has no password: whoever is near can read along what is not encrypted otherwise.",
  join: "Join",
  forget: "Forget",
  forgotten: "The box knows “{name}” no more.",
  cancel: "Cancel",
  unlisted: "Another network",
  name: "Its name",
  joining: "The box joins “{name}” …",
  joining_here:
    "The box joins “{name}” now, and its own network ends for that. Go back to your own network; the box's screen shows how it goes on. If it did not work, the box's own network is there again in a minute.",
  failed: "The box could not join “{name}”.",
  codes: {
    password: "The network does not take the password. Type it anew.",
    gone: "The network is not in reach, or its name is another one.",
    "no-address": "The network gave the box no address. Start its router anew, and try again.",
    other: "The log of NetworkManager says more. Try again, or plug in a cable.",
  },
  to_settings: "All settings",
};

const de: Texts = {
  title: "WLAN der Box",
  loading: "Die Box sucht Netze …",
  cable: "Die Box ist mit einem Kabel verbunden.",
  joined: "Die Box ist in „{name}“.",
  nothing: "Die Box hat kein Netz.",
  hotspot:
    "Du bist im eigenen Netz der Box. Wähle das, dem die Box beitreten soll; das ist wahrscheinlich das bei dir zu Hause.",
  no_wifi: "Hier gibt es kein WLAN",
  no_wifi_text:
    "Die Box hat keinen Adapter für WLAN, den Porchlight benutzen darf. Steck ein Kabel ein oder richte Netze so ein, wie es das System tut.",
  not_yours: "Diese Seite ist für die, denen die Box gehört, und für alle im eigenen Netz der Box",
  seen: "Netze in Reichweite",
  none: "Kein Netz ist in Reichweite.",
  again: "Noch einmal suchen",
  strength: percent => steps(percent, ["schwach", "mittel", "stark"]),
  open: "ohne Passwort",
  other: "verlangt mehr als ein Passwort",
  known: "bekannt",
  here: "die Box ist darin",
  choose: "{name} beitreten",
  password: "Passwort von {name}",
  open_hint: "Es hat kein Passwort: Wer in der Nähe ist, kann mitlesen, was nicht anders verschlüsselt ist.",
  join: "Beitreten",
  forget: "Vergessen",
  forgotten: "Die Box kennt „{name}“ nicht mehr.",
  cancel: "Abbrechen",
  unlisted: "Ein anderes Netz",
  name: "Sein Name",
  joining: "Die Box tritt „{name}“ bei …",
  joining_here:
    "Die Box tritt jetzt „{name}“ bei; ihr eigenes Netz endet dafür. Geh zurück in dein Netz; der Bildschirm der Box zeigt, wie es weitergeht. Hat es nicht geklappt, ist das eigene Netz der Box in einer Minute wieder da.",
  failed: "Die Box konnte „{name}“ nicht beitreten.",
  codes: {
    password: "Das Netz nimmt das Passwort nicht. Gib es neu ein.",
    gone: "Das Netz ist nicht in Reichweite oder heißt anders.",
    "no-address": "Das Netz gab der Box keine Adresse. Starte seinen Router neu und versuche es noch einmal.",
    other: "Das Log von NetworkManager sagt mehr. Versuch es noch einmal oder steck ein Kabel ein.",
  },
  to_settings: "Alle Einstellungen",
};

export const texts = language === "de" ? de : en;
