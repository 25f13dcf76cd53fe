import type { MqttTrouble } from "../../client/api-types";
import { language } from "../i18n";
import type { Group } from "./catalogue";

/** The texts of this page, loaded with it alone. */
interface Texts {
  title: string;
  what: string;
  not_yours: string;
  loading: string;
  groups: Record<Group, string>;
  /** Of each key its name, and a sentence where it needs one. */
  keys: Record<string, readonly [name: string, more?: string]>;
  /** Words for values, by key and value, or by value alone. */
  values: Record<string, string>;
  on: string;
  off: string;
  nothing: string;
  there: string;
  secret_new: string;
  secret_none: string;
  secret_kept: string;
  secret_typed: string;
  secret_remove: string;
  fixed: string;
  back: string;
  changes: string;
  change: string;
  save: string;
  discard: string;
  saved: string;
  undo: string;
  undone: string;
  restarts: string;
  tries: string;
  starting: string;
  elsewhere: string;
  not_back: string;
  trial_title: string;
  trial_text: string;
  trial_left: string;
  keep: string;
  revert: string;
  kept: string;
  reverted: string;
  taken_back: string;
  refused: string;
  restart: string;
  restart_title: string;
  restart_text: string;
  reset: string;
  reset_title: string;
  reset_text: string;
  reset_stays: string;
  reset_type: string;
  resetting: string;
  cancel: string;
  to_camera: string;
  to_network: string;
  to_reachability: string;
  to_recordings: string;
  to_trust: string;
  to_setup: string;
  to_update: string;
  list_hint: string;
  mqtt_states: Record<"trying" | "connected", string>;
  mqtt_troubles: Record<MqttTrouble, string>;
}

const en: Texts = {
  title: "Settings",
  what: "What is chosen here is kept on the box, and counts before its configuration file.",
  not_yours: "This page is for owners of the box",
  loading: "Loading the settings",
  groups: {
    sound: "Camera and sound",
    screen: "Screen",
    calls: "Calls and chat",
    air: "On air",
    recordings: "Recordings",
    network: "Network",
    certificate: "Certificate for a name that you own",
    mqtt: "Smart home (MQTT)",
    box: "The box",
  },
  keys: {
    "endpoint.camera": ["Camera"],
    "endpoint.camera_login": ["Login of a camera on the network", "As name:password."],
    "endpoint.camera_mode": [
      "Camera mode",
      "“auto”, or one of the camera's modes such as 1280x720@30 mjpeg. Holds from the next call on.",
    ],
    "endpoint.width": ["Picture of the camera", "Holds from the next call on."],
    "endpoint.fps": ["Pictures a second of the camera"],
    "endpoint.bitrate": ["Bit rate of the camera"],
    "endpoint.microphone": ["Microphone"],
    "endpoint.speaker": ["Speaker"],
    "endpoint.echo": ["Echo"],
    "endpoint.noise_suppression": ["Steady noise"],
    "endpoint.gain": ["Loud and quiet voices"],
    "endpoint.speaker_delay": [
      "Delay of the television",
      "If others hear themselves although the echo is taken out, try 100 ms and 200 ms.",
    ],
    "endpoint.screen": ["Screen on HDMI"],
    "endpoint.overscan": ["What the television cuts off, in percent of each edge"],
    "endpoint.language": ["Language of the screen"],
    "endpoint.blank_after": ["The screen goes dark without a call after"],
    "endpoint.join_code": [
      "The screen shows a code to join by",
      "Whoever stands in front of it joins the first room by their telephone.",
    ],
    "remote.cec": ["Remote control and television (HDMI-CEC)"],
    "endpoint.auto_join": [
      "The box joins its first room when it starts",
      "Its camera is then seen by whoever is in that room.",
    ],
    "room.max_participants": ["People in a room at most"],
    "chat.keep_days": ["Days that messages are kept"],
    "program.width": ["Picture of the program"],
    "program.fps": ["Pictures a second of the program"],
    "program.bitrate": ["Bit rate of the program"],
    "hls.window": ["How far back viewers can go"],
    "viewers.uplink": ["What all viewers together may take of the line"],
    "recordings.folder": [
      "Folder for recordings",
      "A whole path such as /media/usb/recordings, or nothing for the box's own disk. The service may write below /media, /mnt and /srv.",
    ],
    "recordings.sd_card": ["Recordings may be on an SD card", "It wears out where much is written."],
    "recordings.max_days": ["Days that recordings are kept", "0 for ever. Protected ones stay."],
    "recordings.max_gigabytes": [
      "Gigabytes of all recordings at most",
      "0 for as many as there is room for. The oldest go first.",
    ],
    "recordings.min_free_gigabytes": ["Gigabytes that stay free on the disk"],
    "network.hotspot": [
      "Without a network the box opens one of its own",
      "Its screen shows the password; whoever joins can tell the box a network. Automatic: where the box is an image.",
    ],
    "mdns.enabled": ["The box tells its name to the local network"],
    "peers.map_ports": [
      "The router is asked to open the ports for calls",
      "Everybody on the internet reaches them then.",
    ],
    "peers.announce": ["Addresses that browsers are told", "Behind a router that forwards the port."],
    "peers.stun": ["STUN servers", "Each learns the address of the box."],
    "turn.addresses": ["Relay for calls (TURN)"],
    "turn.secret": ["Secret of the relay"],
    "http.public_url": [
      "Address that links begin with",
      "Such as https://porch.example.org behind a reverse proxy; nothing for the address that the browser asked for.",
    ],
    "http.listen": ["Address and port of the pages without HTTPS"],
    "https.listen": ["Address and port of the pages with HTTPS"],
    "acme.names": [
      "Names, or public addresses",
      "Such as porch.example.org. Whoever runs the authority, and its public logs, learn them.",
    ],
    "acme.agree_to_terms": ["I agree to the terms of service of the authority"],
    "acme.challenge": ["How a name is proven"],
    "acme.contact": ["Address for mail from the authority"],
    "acme.directory": ["Directory of the authority"],
    "acme.trust": ["Root of an authority at home (PEM)"],
    "acme.dns_server": ["Name server that takes updates (RFC 2136)"],
    "acme.dns_zone": ["Zone that is updated"],
    "acme.dns_key_name": ["Name of the key for updates (TSIG)"],
    "acme.dns_key": ["Key for updates, in base64"],
    "acme.acme_dns": ["Address of an acme-dns server instead"],
    "acme.acme_dns_account": ["Account there (JSON)"],
    "mqtt.broker": ["Broker", "Such as mqtts://broker.lan; nothing for none."],
    "mqtt.user": ["User"],
    "mqtt.password": ["Password"],
    "mqtt.authority": ["Certificate authority of the broker (PEM)", "If the box does not trust it by itself."],
    "mqtt.discovery": ["What Home Assistant discovers below", "Nothing for not at all."],
    "mqtt.allow": [
      "What the smart home may open",
      "Each is announced for five seconds on the screen and the speaker, and stopped by the remote control or a button.",
    ],
    "log.level": ["How much stands in the log"],
  },
  values: {
    auto: "automatic",
    none: "none",
    off: "off",
    csi: "camera on the board's connector",
    "stand-in": "test picture",
    "endpoint.microphone=stand-in": "test tone",
    "endpoint.echo=cancel": "taken out",
    "endpoint.echo=half-duplex": "the microphone is quieter while something is played",
    "endpoint.noise_suppression=auto": "taken out",
    "endpoint.noise_suppression=off": "stays",
    "endpoint.gain=auto": "made even",
    "endpoint.gain=off": "as they are",
    "endpoint.language=en": "English",
    "endpoint.language=de": "Deutsch",
    "endpoint.blank_after=0s": "never",
    "hls.window=0s": "not at all",
    "viewers.uplink=0bps": "no limit",
    "acme.challenge=http-01": "the authority opens port 80 of the box (HTTP-01)",
    "acme.challenge=dns-01": "the box puts a record into the DNS (DNS-01)",
    "mqtt.allow=answer": "answer the call that rings",
    "mqtt.allow=unmute": "turn the microphone on",
    "mqtt.allow=camera": "turn the camera on",
    "mqtt.allow=live": "go on air",
    "mqtt.allow=record": "record",
  },
  on: "on",
  off: "off",
  nothing: "nothing",
  there: "there is one",
  secret_new: "Type another one",
  secret_none: "There is none",
  secret_kept: "There is one; it is not shown",
  secret_typed: "a new one",
  secret_remove: "Remove",
  fixed: "Set by the environment or a flag of the daemon: it can't be chosen here.",
  back: "Back to {value}",
  changes: "{n} changes are not saved",
  change: "One change is not saved",
  save: "Save",
  discard: "Discard",
  saved: "Saved.",
  undo: "Undo",
  undone: "All is as it was.",
  restarts: "The box starts again for that: calls pause for some seconds and come back by themselves.",
  tries: "The box starts again and tries that for 15 seconds. Unless you then say that it may stay, it takes it back.",
  starting: "The box starts again …",
  elsewhere: "The box starts again, and this page goes on at {address} …",
  not_back:
    "The box does not answer here. If you can't reach it elsewhere, wait half a minute: it takes the change back and is here again.",
  trial_title: "Does this work?",
  trial_text: "If you can read this, the page does. Look at the screen as well if you changed it.",
  trial_left: "Taken back in {n} s",
  keep: "Keep it",
  revert: "Take it back",
  kept: "It stays.",
  reverted: "It is taken back: the box starts again …",
  taken_back: "Nobody said that the last change may stay. The settings from before hold.",
  refused: "This was chosen earlier and can't be used any more; the box goes on without it:",
  restart: "Start the box again",
  restart_title: "Start the box again?",
  restart_text: "Calls pause for some seconds and come back by themselves. What is on air and recordings end.",
  reset: "Forget everything",
  reset_title: "Forget everything?",
  reset_text:
    "Settings, people, invites, keys, rooms, chats and the recordings on the box's own disk are gone for good. Calls and what is on air end now.",
  reset_stays:
    "What is on other disks and in backups stays. Afterwards the box is a new one, and belongs to whoever types the number on its screen.",
  reset_type: "Type the name of the box: {name}",
  resetting:
    "The box forgets everything and starts as a new one; that takes up to two minutes. Its screen then shows what to open and a number. Its certificate is another one, so this page may not find it again by itself.",
  cancel: "Cancel",
  to_camera: "Adjust the camera's picture",
  to_network: "Wi-Fi of the box",
  to_reachability: "Try how the box is reached",
  to_recordings: "Recordings",
  to_trust: "Certificate of the box",
  to_setup: "Go through the set-up again",
  to_update: "Update the box",
  list_hint: "One in each line",
  mqtt_states: { trying: "The broker is being asked …", connected: "The broker has taken the box." },
  mqtt_troubles: {
    login: "The broker does not take the user or the password.",
    version: "The broker speaks another version of MQTT.",
    tls: "The connection can't be encrypted: look at the certificate authority, and at the broker's certificate.",
    refused: "The broker refuses the connection.",
    unreachable: "The broker can't be reached: look at its address, and whether it runs.",
    ended: "The broker ended the connection; it is tried again.",
  },
};

const de: Texts = {
  title: "Einstellungen",
  what: "Was hier gewählt wird, bleibt auf der Box und gilt vor ihrer Konfigurationsdatei.",
  not_yours: "Diese Seite ist für die, denen die Box gehört",
  loading: "Einstellungen werden geladen",
  groups: {
    sound: "Kamera und Ton",
    screen: "Bildschirm",
    calls: "Anrufe und Chat",
    air: "Auf Sendung",
    recordings: "Aufnahmen",
    network: "Netz",
    certificate: "Zertifikat für einen eigenen Namen",
    mqtt: "Smart Home (MQTT)",
    box: "Die Box",
  },
  keys: {
    "endpoint.camera": ["Kamera"],
    "endpoint.camera_login": ["Anmeldung einer Kamera im Netz", "Als name:passwort."],
    "endpoint.camera_mode": [
      "Modus der Kamera",
      "„auto“ oder einer ihrer Modi wie 1280x720@30 mjpeg. Gilt ab dem nächsten Anruf.",
    ],
    "endpoint.width": ["Bild der Kamera", "Gilt ab dem nächsten Anruf."],
    "endpoint.fps": ["Bilder der Kamera in der Sekunde"],
    "endpoint.bitrate": ["Bitrate der Kamera"],
    "endpoint.microphone": ["Mikrofon"],
    "endpoint.speaker": ["Lautsprecher"],
    "endpoint.echo": ["Echo"],
    "endpoint.noise_suppression": ["Gleichmäßiges Rauschen"],
    "endpoint.gain": ["Laute und leise Stimmen"],
    "endpoint.speaker_delay": [
      "Verzögerung des Fernsehers",
      "Wenn andere sich selbst hören, obwohl das Echo entfernt wird: 100 ms und 200 ms versuchen.",
    ],
    "endpoint.screen": ["Bildschirm an HDMI"],
    "endpoint.overscan": ["Was der Fernseher abschneidet, in Prozent jedes Rands"],
    "endpoint.language": ["Sprache des Bildschirms"],
    "endpoint.blank_after": ["Ohne Anruf wird der Bildschirm dunkel nach"],
    "endpoint.join_code": [
      "Der Bildschirm zeigt einen Code zum Beitreten",
      "Wer davor steht, kommt mit dem Telefon in den ersten Raum.",
    ],
    "remote.cec": ["Fernbedienung und Fernseher (HDMI-CEC)"],
    "endpoint.auto_join": [
      "Die Box tritt beim Start ihrem ersten Raum bei",
      "Ihre Kamera sieht dann, wer in diesem Raum ist.",
    ],
    "room.max_participants": ["Höchstens so viele in einem Raum"],
    "chat.keep_days": ["So viele Tage bleiben Nachrichten"],
    "program.width": ["Bild der Sendung"],
    "program.fps": ["Bilder der Sendung in der Sekunde"],
    "program.bitrate": ["Bitrate der Sendung"],
    "hls.window": ["So weit können Zuschauer zurück"],
    "viewers.uplink": ["Was alle Zuschauer zusammen von der Leitung nehmen dürfen"],
    "recordings.folder": [
      "Ordner für Aufnahmen",
      "Ein ganzer Pfad wie /media/usb/aufnahmen, oder nichts für die Platte der Box. Der Dienst darf unter /media, /mnt und /srv schreiben.",
    ],
    "recordings.sd_card": ["Aufnahmen dürfen auf einer SD-Karte sein", "Sie nutzt sich ab, wo viel geschrieben wird."],
    "recordings.max_days": ["So viele Tage bleiben Aufnahmen", "0 für immer. Geschützte bleiben."],
    "recordings.max_gigabytes": [
      "Höchstens so viele Gigabyte Aufnahmen",
      "0 für so viele, wie Platz ist. Die ältesten gehen zuerst.",
    ],
    "recordings.min_free_gigabytes": ["So viele Gigabyte bleiben auf der Platte frei"],
    "network.hotspot": [
      "Ohne Netz öffnet die Box ein eigenes",
      "Ihr Bildschirm zeigt das Passwort; wer beitritt, kann der Box ein Netz nennen. Automatisch: wo die Box ein Image ist.",
    ],
    "mdns.enabled": ["Die Box sagt dem lokalen Netz ihren Namen"],
    "peers.map_ports": [
      "Der Router wird gebeten, die Ports für Anrufe zu öffnen",
      "Dann erreicht sie jeder im Internet.",
    ],
    "peers.announce": ["Adressen, die Browsern gesagt werden", "Hinter einem Router, der den Port weiterleitet."],
    "peers.stun": ["STUN-Server", "Jeder erfährt die Adresse der Box."],
    "turn.addresses": ["Relais für Anrufe (TURN)"],
    "turn.secret": ["Geheimnis des Relais"],
    "http.public_url": [
      "Adresse, mit der Links beginnen",
      "Wie https://porch.example.org hinter einem Reverse Proxy; nichts für die Adresse, nach der der Browser fragte.",
    ],
    "http.listen": ["Adresse und Port der Seiten ohne HTTPS"],
    "https.listen": ["Adresse und Port der Seiten mit HTTPS"],
    "acme.names": [
      "Namen oder öffentliche Adressen",
      "Wie porch.example.org. Wer die Stelle betreibt und ihre öffentlichen Verzeichnisse erfahren sie.",
    ],
    "acme.agree_to_terms": ["Ich stimme den Nutzungsbedingungen der Stelle zu"],
    "acme.challenge": ["Wie ein Name bewiesen wird"],
    "acme.contact": ["Adresse für Post von der Stelle"],
    "acme.directory": ["Verzeichnis der Stelle"],
    "acme.trust": ["Wurzel einer eigenen Stelle (PEM)"],
    "acme.dns_server": ["Nameserver, der Änderungen annimmt (RFC 2136)"],
    "acme.dns_zone": ["Zone, die geändert wird"],
    "acme.dns_key_name": ["Name des Schlüssels für Änderungen (TSIG)"],
    "acme.dns_key": ["Schlüssel für Änderungen, in Base64"],
    "acme.acme_dns": ["Adresse eines acme-dns-Servers stattdessen"],
    "acme.acme_dns_account": ["Konto dort (JSON)"],
    "mqtt.broker": ["Broker", "Wie mqtts://broker.lan; nichts für keinen."],
    "mqtt.user": ["Benutzer"],
    "mqtt.password": ["Passwort"],
    "mqtt.authority": ["Zertifizierungsstelle des Brokers (PEM)", "Wenn die Box ihr nicht von selbst traut."],
    "mqtt.discovery": ["Worunter Home Assistant entdeckt", "Nichts für gar nicht."],
    "mqtt.allow": [
      "Was das Smart Home öffnen darf",
      "Jedes wird fünf Sekunden lang auf Bildschirm und Lautsprecher angekündigt und mit Fernbedienung oder Taste verhindert.",
    ],
    "log.level": ["Wie viel im Protokoll steht"],
  },
  values: {
    auto: "automatisch",
    none: "keine",
    off: "aus",
    csi: "Kamera am Anschluss der Platine",
    "stand-in": "Testbild",
    "endpoint.microphone=none": "keines",
    "endpoint.microphone=stand-in": "Testton",
    "endpoint.speaker=none": "keiner",
    "endpoint.screen=none": "keiner",
    "endpoint.echo=cancel": "wird entfernt",
    "endpoint.echo=half-duplex": "das Mikrofon ist leiser, während etwas gespielt wird",
    "endpoint.noise_suppression=auto": "wird entfernt",
    "endpoint.noise_suppression=off": "bleibt",
    "endpoint.gain=auto": "werden gleich laut",
    "endpoint.gain=off": "wie sie sind",
    "endpoint.language=en": "English",
    "endpoint.language=de": "Deutsch",
    "endpoint.blank_after=0s": "nie",
    "hls.window=0s": "gar nicht",
    "viewers.uplink=0bps": "ohne Grenze",
    "acme.challenge=http-01": "die Stelle öffnet Port 80 der Box (HTTP-01)",
    "acme.challenge=dns-01": "die Box legt einen Eintrag im DNS an (DNS-01)",
    "mqtt.allow=answer": "den Anruf annehmen, der klingelt",
    "mqtt.allow=unmute": "das Mikrofon anschalten",
    "mqtt.allow=camera": "die Kamera anschalten",
    "mqtt.allow=live": "auf Sendung gehen",
    "mqtt.allow=record": "aufnehmen",
  },
  on: "an",
  off: "aus",
  nothing: "nichts",
  there: "ist da",
  secret_new: "Ein anderes eingeben",
  secret_none: "Es gibt keines",
  secret_kept: "Es gibt eines; es wird nicht gezeigt",
  secret_typed: "ein neues",
  secret_remove: "Entfernen",
  fixed: "Von der Umgebung oder einem Schalter des Dienstes bestimmt: Hier ist nichts zu wählen.",
  back: "Zurück zu {value}",
  changes: "{n} Änderungen sind nicht gespeichert",
  change: "Eine Änderung ist nicht gespeichert",
  save: "Speichern",
  discard: "Verwerfen",
  saved: "Gespeichert.",
  undo: "Rückgängig",
  undone: "Alles ist, wie es war.",
  restarts: "Dafür startet die Box neu: Anrufe setzen einige Sekunden aus und kommen von selbst wieder.",
  tries:
    "Die Box startet neu und probiert das 15 Sekunden lang. Sagst du dann nicht, dass es bleiben darf, nimmt sie es zurück.",
  starting: "Die Box startet neu …",
  elsewhere: "Die Box startet neu, und diese Seite geht unter {address} weiter …",
  not_back:
    "Die Box antwortet hier nicht. Ist sie auch anderswo nicht zu erreichen, eine halbe Minute warten: Sie nimmt die Änderung zurück und ist wieder hier.",
  trial_title: "Geht das so?",
  trial_text: "Wenn du das liest, geht die Seite. Wurde der Bildschirm geändert, auch dort nachsehen.",
  trial_left: "In {n} s wird es zurückgenommen",
  keep: "Behalten",
  revert: "Zurücknehmen",
  kept: "Es bleibt.",
  reverted: "Es wird zurückgenommen: Die Box startet neu …",
  taken_back: "Niemand sagte, dass die letzte Änderung bleiben darf. Es gelten die Einstellungen von davor.",
  refused: "Das wurde früher gewählt und geht nicht mehr; die Box läuft ohne das weiter:",
  restart: "Box neu starten",
  restart_title: "Box neu starten?",
  restart_text:
    "Anrufe setzen einige Sekunden aus und kommen von selbst wieder. Was auf Sendung ist und Aufnahmen enden.",
  reset: "Alles vergessen",
  reset_title: "Alles vergessen?",
  reset_text:
    "Einstellungen, Personen, Einladungen, Schlüssel, Räume, Chats und die Aufnahmen auf der eigenen Platte der Box sind dann endgültig weg. Anrufe und Sendung enden jetzt.",
  reset_stays:
    "Was auf anderen Platten und in Sicherungen ist, bleibt. Danach ist die Box eine neue und gehört der Person, die die Zahl auf ihrem Bildschirm eintippt.",
  reset_type: "Den Namen der Box eintippen: {name}",
  resetting:
    "Die Box vergisst alles und startet als neue; das dauert bis zu zwei Minuten. Dann zeigt ihr Bildschirm, was zu öffnen ist, und eine Zahl. Ihr Zertifikat ist ein anderes, darum findet diese Seite sie vielleicht nicht von selbst wieder.",
  cancel: "Abbrechen",
  to_camera: "Bild der Kamera einstellen",
  to_network: "WLAN der Box",
  to_reachability: "Ausprobieren, wie die Box erreicht wird",
  to_recordings: "Aufnahmen",
  to_trust: "Zertifikat der Box",
  to_setup: "Die Einrichtung noch einmal durchgehen",
  to_update: "Die Box erneuern",
  list_hint: "Eines in jeder Zeile",
  mqtt_states: { trying: "Der Broker wird gefragt …", connected: "Der Broker hat die Box angenommen." },
  mqtt_troubles: {
    login: "Der Broker nimmt Benutzer oder Passwort nicht an.",
    version: "Der Broker spricht eine andere Version von MQTT.",
    tls: "Die Verbindung lässt sich nicht verschlüsseln: Zertifizierungsstelle und Zertifikat des Brokers ansehen.",
    refused: "Der Broker lehnt die Verbindung ab.",
    unreachable: "Der Broker ist nicht erreichbar: Adresse ansehen, und ob er läuft.",
    ended: "Der Broker hat die Verbindung beendet; es wird wieder versucht.",
  },
};

export const texts = language === "de" ? de : en;

/** The languages, for the test that both have the same keys. */
export const both = { en, de };
