const en = {
  on_air: "On air",
  picture: "Picture of {title}",
  broadcast: "a broadcast",
  connecting: "Connecting …",
  off: "Not on air",
  off_text: "It starts here by itself.",
  waiting: "Waiting for the first picture …",
  ended: "The broadcast has ended",
  ended_text: "If it starts again, it plays here by itself.",
  nobody: "Nobody to see yet",
  nobody_text: "They appear here when they are in the call.",
  no_picture: "{name} sends no picture now",
  lost: "The connection was lost. Reconnecting …",
  bad_address: "This address leads to no broadcast",
  bad_address_text: "It should look like https://box.example/b/ID",
  bad_invite: "This is no invite link",
  bad_invite_text: "It should look like https://box.example/r/ID#invite=…",
  unknown: "This broadcast does not exist",
  unknown_text: "The address may be incomplete, or the room was closed.",
  unreachable: "The box cannot be reached",
  unreachable_text: "It is tried again by itself.",
  unplayed: "The recording can't be played now",
  unplayed_text: "Perhaps as many watch as the box can serve. Try again in a while.",
  mixed: "This page cannot talk to the box",
  mixed_text: "The page is secure, the box's address is not. Use the box's address with https.",
  refused: "The invite does not work",
  refused_text: "It has expired or was taken back. Ask for a new one.",
  failed: "That did not work",
  removed: "This is no longer in the call",
  removed_text: "The invite was taken back.",
  room_closed: "The room was closed",
  replaced: "This seat is used elsewhere now",
  left: "You left the call",
  left_text: "Your camera and microphone are off.",
  again: "Try again",
  rejoin: "Join again",
  sound_on: "Turn sound on",
  resume: "Go on playing",
  mute: "Mute",
  fullscreen: "Full screen",
  join: "Join with camera",
  join_text: "Everybody in the call will see and hear you.",
  asking: "Your browser asks for camera and microphone.",
  insecure: "Your browser gives camera and microphone to secure pages only.",
  blocked: "Your browser blocks camera or microphone on this page. Allow them beside the address.",
  missing: "No camera or microphone was found. Plug them in.",
  busy: "Camera or microphone do not start. Close other programs that use them.",
  camera_off: "Camera off",
  leave: "Leave",
  you: "You, as the others see you",
  consent: "This call is going on air. Do you want to be seen?",
  consent_text: "Everybody who watches will see and hear you. You can take it back at any moment.",
  yes: "Yes, put me on air",
  no: "No, stay off air",
  withdraw: "Take me off air",
  go_on_air: "Put me on air",
};

export type Key = keyof typeof en;

const de: Record<Key, string> = {
  on_air: "Auf Sendung",
  picture: "Bild von {title}",
  broadcast: "einer Sendung",
  connecting: "Verbinden …",
  off: "Nicht auf Sendung",
  off_text: "Es beginnt hier von selbst.",
  waiting: "Warten auf das erste Bild …",
  ended: "Die Sendung ist zu Ende",
  ended_text: "Beginnt sie wieder, läuft sie hier von selbst.",
  nobody: "Noch niemand zu sehen",
  nobody_text: "Wer im Gespräch ist, erscheint hier.",
  no_picture: "{name} sendet gerade kein Bild",
  lost: "Die Verbindung ist abgebrochen und wird wiederhergestellt …",
  bad_address: "Diese Adresse führt zu keiner Sendung",
  bad_address_text: "Sie sollte aussehen wie https://box.example/b/ID",
  bad_invite: "Das ist kein Einladungslink",
  bad_invite_text: "Er sollte aussehen wie https://box.example/r/ID#invite=…",
  unknown: "Diese Sendung gibt es nicht",
  unknown_text: "Die Adresse ist vielleicht unvollständig, oder der Raum wurde geschlossen.",
  unreachable: "Die Box ist nicht erreichbar",
  unreachable_text: "Es wird von selbst wieder versucht.",
  unplayed: "Die Aufnahme lässt sich gerade nicht abspielen",
  unplayed_text: "Vielleicht sehen so viele zu, wie die Box bedienen kann. Versuch es später noch einmal.",
  mixed: "Diese Seite kann nicht mit der Box sprechen",
  mixed_text: "Die Seite ist sicher, die Adresse der Box nicht. Nimm die Adresse der Box mit https.",
  refused: "Die Einladung gilt nicht",
  refused_text: "Sie ist abgelaufen oder wurde zurückgezogen. Bitte um eine neue.",
  failed: "Das hat nicht geklappt",
  removed: "Nicht mehr im Gespräch",
  removed_text: "Die Einladung wurde zurückgezogen.",
  room_closed: "Der Raum wurde geschlossen",
  replaced: "Dieser Platz wird jetzt anderswo benutzt",
  left: "Du hast das Gespräch verlassen",
  left_text: "Deine Kamera und dein Mikrofon sind aus.",
  again: "Noch einmal versuchen",
  rejoin: "Wieder teilnehmen",
  sound_on: "Ton einschalten",
  resume: "Weiter ansehen",
  mute: "Stumm",
  fullscreen: "Vollbild",
  join: "Mit Kamera teilnehmen",
  join_text: "Alle im Gespräch werden dich sehen und hören.",
  asking: "Dein Browser fragt nach Kamera und Mikrofon.",
  insecure: "Dein Browser gibt Kamera und Mikrofon nur an sichere Seiten.",
  blocked: "Dein Browser blockiert Kamera oder Mikrofon auf dieser Seite. Erlaube sie neben der Adresse.",
  missing: "Keine Kamera oder kein Mikrofon gefunden. Schließe sie an.",
  busy: "Kamera oder Mikrofon starten nicht. Schließe andere Programme, die sie benutzen.",
  camera_off: "Kamera aus",
  leave: "Verlassen",
  you: "Du, wie die anderen dich sehen",
  consent: "Dieses Gespräch geht auf Sendung. Möchtest du zu sehen sein?",
  consent_text: "Alle, die zuschauen, werden dich sehen und hören. Du kannst es jederzeit zurücknehmen.",
  yes: "Ja, ich gehe auf Sendung",
  no: "Nein, lieber nicht",
  withdraw: "Mich herausnehmen",
  go_on_air: "Mich auf Sendung nehmen",
};

export const catalogues = { en, de };
export type Language = keyof typeof catalogues;

/** The language of a tag such as `de-AT`; English where there are no texts for it. */
export function languageOf(tag: string): Language {
  return /^de\b/i.test(tag) ? "de" : "en";
}

/** The language around an element: the nearest `lang`, else the reader's own. */
export function languageAround(element: Element): Language {
  for (let at: Element | null = element; at; at = at.parentElement ?? hostOf(at)) {
    const tag = at.getAttribute("lang");
    if (tag) return languageOf(tag);
  }
  return languageOf(navigator.language);
}

function hostOf(element: Element): Element | null {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root.host : null;
}

/** A text, its `{words}` filled. */
export function text(language: Language, key: Key, words: Record<string, string> = {}): string {
  return catalogues[language][key].replace(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}
