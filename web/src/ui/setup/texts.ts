import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
interface Texts {
  title: string;
  step: string;
  name: string;
  name_text: string;
  network: string;
  network_text: string;
  address: string;
  trust: string;
  trying: string;
  untried: string;
  devices: string;
  devices_text: string;
  privacy: string;
  privacy_text: string;
  privacy_close: string;
  keys: string;
  keys_text: string;
  back: string;
  next: string;
  finish: string;
  later: string;
  done: string;
}

const en: Texts = {
  title: "Set up the box",
  step: "Step {n} of {all}",
  name: "Its name",
  name_text: "The box is found by its name, and passkeys belong to it: choose it first.",
  network: "The network",
  network_text:
    "Everybody in the house opens the box at this address. Whoever calls from outside needs a way through the router.",
  address: "Its address",
  trust: "So that browsers trust that address, each device is told once:",
  trying: "Every way to the box is tried …",
  untried: "The ways to the box could not be tried.",
  devices: "Camera, microphone, speaker",
  devices_text:
    "What you choose here is used at once. The test plays something for some seconds, and says what it heard.",
  privacy: "What others see",
  privacy_text:
    "The box is in no call until somebody puts it there, and every call and broadcast shows on its screen. Privacy mode closes camera and microphone; only somebody in front of the screen opens them again.",
  privacy_close: "This is how it is for now:",
  keys: "Your devices",
  keys_text: "The box is yours on this device. Add a second way in, so that losing this device does not lose the box.",
  back: "Back",
  next: "Next",
  finish: "Finish",
  later: "Do this later",
  done: "The box is set up. All of it can be changed under Settings.",
};

const de: Texts = {
  title: "Die Box einrichten",
  step: "Schritt {n} von {all}",
  name: "Ihr Name",
  name_text: "Unter ihrem Namen wird die Box gefunden, und Passkeys gehören zu ihm: Wähle ihn zuerst.",
  network: "Das Netz",
  network_text:
    "Unter dieser Adresse öffnen alle im Haus die Box. Wer von außen anruft, braucht einen Weg durch den Router.",
  address: "Ihre Adresse",
  trust: "Damit Browser dieser Adresse trauen, erfährt es jedes Gerät einmal:",
  trying: "Jeder Weg zur Box wird probiert …",
  untried: "Die Wege zur Box ließen sich nicht probieren.",
  devices: "Kamera, Mikrofon, Lautsprecher",
  devices_text:
    "Was du hier wählst, wird sofort benutzt. Der Test spielt einige Sekunden lang etwas und sagt, was er gehört hat.",
  privacy: "Was andere sehen",
  privacy_text:
    "Die Box ist in keinem Anruf, bevor jemand sie hineinbringt, und jeder Anruf und jede Sendung ist auf ihrem Bildschirm zu sehen. Der Privatmodus schließt Kamera und Mikrofon; nur wer vor dem Bildschirm steht, öffnet sie wieder.",
  privacy_close: "So ist es fürs Erste:",
  keys: "Deine Geräte",
  keys_text:
    "Auf diesem Gerät gehört die Box dir. Richte einen zweiten Weg ein, damit mit dem Gerät nicht auch die Box verloren geht.",
  back: "Zurück",
  next: "Weiter",
  finish: "Fertig",
  later: "Später",
  done: "Die Box ist eingerichtet. Alles lässt sich unter Einstellungen ändern.",
};

export const texts = language === "de" ? de : en;
