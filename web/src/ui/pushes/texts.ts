import type { PushCode, PushPreset, PushState } from "../../client";
import { language } from "../i18n";

/** The texts of this page, loaded with it alone. */
interface Texts {
  title: string;
  text: string;
  of: string;
  list: string;
  none: string;
  add: string;
  service: string;
  name: string;
  address: string;
  address_hint: Record<PushPreset, string>;
  key: string;
  key_hint: string;
  token: string;
  stream_id: string;
  passphrase: string;
  passphrase_hint: string;
  full: string;
  stays: string;
  stays_hint: string;
  no_key: string;
  no_passphrase: string;
  edit: string;
  edit_what: string;
  edit_restarts: string;
  save: string;
  remove: string;
  remove_what: string;
  remove_text: string;
  send: string;
  since: string;
  again: string;
  dropped_one: string;
  dropped_other: string;
  back: string;
  presets: Record<PushPreset, string>;
  states: Record<PushState, string>;
  errors: Record<PushCode, string>;
}

export const en: Texts = {
  title: "Other services",
  text: "While the room is on air, it is sent to these services as well, with the same picture and the same sound. Everybody in the room reads their names. When somebody takes their yes back, nothing more of them is sent; what a service has received, it has.",
  of: "Room: {room}",
  list: "Services",
  none: "It is sent nowhere else yet.",
  add: "Add a service",
  service: "Service",
  name: "Name",
  address: "Address",
  address_hint: {
    youtube: "",
    twitch: "",
    peertube: "rtmp://your.server:1935/live",
    owncast: "rtmp://your.server:1935/live",
    whip: "https://your.server/whip",
    custom: "rtmp://, rtmps://, srt:// or https://",
  },
  key: "Key",
  key_hint: "The service tells it to you. It is sealed, and shown to nobody again.",
  token: "Token (optional)",
  stream_id: "Stream id (optional)",
  passphrase: "Passphrase (optional)",
  passphrase_hint: "10 to 79 characters, as the server has it.",
  full: "There are eight services, and there can't be more. Remove one first.",
  stays: "Stays as it is",
  stays_hint: "The box has it, and shows it to nobody. It stays while you enter nothing here.",
  no_key: "Without it from now on",
  no_passphrase: "Without a passphrase from now on",
  edit: "Edit",
  edit_what: "Edit {name}",
  edit_restarts: "Another address or key connects anew.",
  save: "Save",
  remove: "Remove",
  remove_what: "Remove {name}",
  remove_text: "It is not sent there any more, and the key is forgotten.",
  send: "Send to {name}",
  since: "since {time}",
  again: "Next try at {time}.",
  dropped_one: "One picture was left out, because the service or the line took less.",
  dropped_other: "{n} pictures were left out, because the service or the line took less.",
  back: "To the room",
  presets: {
    youtube: "YouTube",
    twitch: "Twitch",
    peertube: "PeerTube",
    owncast: "Owncast",
    whip: "WHIP server",
    custom: "Another one",
  },
  states: {
    off: "Off",
    waiting: "Waits until the room is on air",
    connecting: "Connecting …",
    live: "Is sent there",
    failed: "Failed",
  },
  errors: {
    no_name: "Nobody knows a server of this name. Check the address, and whether the box has a way to the internet.",
    refused: "Nothing listens at this address. Check its port, and whether the server runs.",
    unreachable: "There is no way to this server. Check the box's network.",
    no_answer:
      "The server does not answer. Check the address; with SRT it may also refuse the stream id or the passphrase.",
    certificate: "The server's certificate can't be trusted. Check the name in the address, and the clock of the box.",
    no_tls: "The server speaks no TLS there. Check the port, or take rtmp:// instead.",
    path: "The server does not know what is behind its name in the address. Check that part.",
    key: "The server does not take this key, or somebody sends with it already. Enter the key anew.",
    codec: "The server does not take this stream. It has to accept H.264 and Opus by WHIP; look into its settings.",
    server: "The server failed, or has no room. It is tried again; if that goes on, ask who runs it.",
    open: "This server is not in the local network, and without encryption nothing is sent to it. Take https:// instead.",
    lost: "The server ended the connection. If that goes on, check the key and what the service says.",
    stalled: "The server took nothing for some seconds. The line may be too narrow for the picture.",
    no_media: "There is nothing to send at the moment. It goes on by itself when there is.",
    no_key: "The stored key can't be read any more. Enter it anew.",
    missing: "A part of GStreamer is not installed on the box. Its log names it.",
    other: "It failed. The log of the box says more.",
  },
};

export const de: Texts = {
  title: "Andere Dienste",
  text: "Solange der Raum auf Sendung ist, geht die Sendung auch an diese Dienste, mit demselben Bild und demselben Ton. Alle im Raum lesen ihre Namen. Wer sein Ja zurücknimmt, wird nicht mehr dorthin gesendet; was ein Dienst empfangen hat, hat er.",
  of: "Raum: {room}",
  list: "Dienste",
  none: "Die Sendung geht noch nirgends sonst hin.",
  add: "Dienst hinzufügen",
  service: "Dienst",
  name: "Name",
  address: "Adresse",
  address_hint: {
    youtube: "",
    twitch: "",
    peertube: "rtmp://dein.server:1935/live",
    owncast: "rtmp://dein.server:1935/live",
    whip: "https://dein.server/whip",
    custom: "rtmp://, rtmps://, srt:// oder https://",
  },
  key: "Schlüssel",
  key_hint: "Den nennt dir der Dienst. Er wird versiegelt und niemandem mehr gezeigt.",
  token: "Token (wenn nötig)",
  stream_id: "Stream-ID (wenn nötig)",
  passphrase: "Passphrase (wenn nötig)",
  passphrase_hint: "10 bis 79 Zeichen, wie der Server sie hat.",
  full: "Es sind acht Dienste, mehr gehen nicht. Entferne erst einen.",
  stays: "Bleibt unverändert",
  stays_hint:
    "Die Box kennt, was du eingegeben hast, und zeigt es niemandem. Es bleibt, solange du hier nichts eingibst.",
  no_key: "Ab jetzt ohne",
  no_passphrase: "Ab jetzt ohne Passphrase",
  edit: "Bearbeiten",
  edit_what: "{name} bearbeiten",
  edit_restarts: "Mit anderer Adresse oder anderem Schlüssel wird neu verbunden.",
  save: "Speichern",
  remove: "Entfernen",
  remove_what: "{name} entfernen",
  remove_text: "Dorthin wird nicht mehr gesendet, und der Schlüssel wird vergessen.",
  send: "An {name} senden",
  since: "seit {time}",
  again: "Nächster Versuch um {time}.",
  dropped_one: "Ein Bild wurde ausgelassen, weil der Dienst oder die Leitung weniger nahm.",
  dropped_other: "{n} Bilder wurden ausgelassen, weil der Dienst oder die Leitung weniger nahm.",
  back: "Zum Raum",
  presets: {
    youtube: "YouTube",
    twitch: "Twitch",
    peertube: "PeerTube",
    owncast: "Owncast",
    whip: "WHIP-Server",
    custom: "Ein anderer",
  },
  states: {
    off: "Aus",
    waiting: "Wartet, bis der Raum auf Sendung ist",
    connecting: "Wird verbunden …",
    live: "Wird dorthin gesendet",
    failed: "Fehlgeschlagen",
  },
  errors: {
    no_name: "Niemand kennt einen Server dieses Namens. Prüfe die Adresse und ob die Box ins Internet kommt.",
    refused: "An dieser Adresse ist nichts zu erreichen. Prüfe den Port und ob der Server läuft.",
    unreachable: "Zu diesem Server führt kein Weg. Prüfe das Netzwerk der Box.",
    no_answer:
      "Der Server antwortet nicht. Prüfe die Adresse; bei SRT kann er auch Stream-ID oder Passphrase ablehnen.",
    certificate: "Dem Zertifikat des Servers ist nicht zu trauen. Prüfe den Namen in der Adresse und die Uhr der Box.",
    no_tls: "Der Server spricht dort kein TLS. Prüfe den Port, oder nimm rtmp://.",
    path: "Der Server kennt nicht, was in der Adresse hinter seinem Namen steht. Prüfe diesen Teil.",
    key: "Der Server nimmt diesen Schlüssel nicht, oder es sendet schon jemand damit. Gib den Schlüssel neu ein.",
    codec:
      "Der Server nimmt diesen Stream nicht. Er muss H.264 und Opus über WHIP annehmen; sieh in seinen Einstellungen nach.",
    server:
      "Der Server ist gestört oder hat keinen Platz. Es wird weiter versucht; bleibt es so, frage, wer ihn betreibt.",
    open: "Dieser Server ist nicht im lokalen Netz, und unverschlüsselt wird ihm nichts gesendet. Nimm https://.",
    lost: "Der Server hat die Verbindung beendet. Bleibt das so, prüfe den Schlüssel und was der Dienst sagt.",
    stalled: "Der Server nahm einige Sekunden lang nichts. Die Leitung ist vielleicht zu schmal für das Bild.",
    no_media: "Im Moment gibt es nichts zu senden. Es geht von selbst weiter, sobald es etwas gibt.",
    no_key: "Der gespeicherte Schlüssel lässt sich nicht mehr lesen. Gib ihn neu ein.",
    missing: "Auf der Box fehlt ein Teil von GStreamer. Ihr Protokoll nennt ihn.",
    other: "Es ist fehlgeschlagen. Das Protokoll der Box sagt mehr.",
  },
};

export const texts = language === "de" ? de : en;
