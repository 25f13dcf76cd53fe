import type { SoundCode } from "../../client";
import { language } from "../i18n";

/** The texts of the sound test. `{delay}` is in milliseconds, in tens. */
export interface Texts {
  button: string;
  again: string;
  what: string;
  listening: string;
  numbers: string;
  delay: string;
  loss: string;
  noise: string;
  codes: Record<SoundCode, string>;
}

export const en: Texts = {
  button: "Test the sound",
  again: "Test again",
  what: "The box plays a whistle and some noise for three seconds and listens. Be quiet meanwhile.",
  listening: "Playing and listening. Please be quiet …",
  numbers: "What was measured",
  delay: "The speaker is heard {delay} ms after the box plays",
  loss: "The microphone hears it {loss} dB quieter than it is played",
  noise: "The room by itself: {noise} dBFS",
  codes: {
    nothing_heard:
      "The microphone did not hear the speaker. Turn the speaker up and unmute it, here and on the device itself, and look whether it and the microphone are the ones in this room.",
    overloaded: "The microphone was overloaded: turn the speaker or the microphone down, or move them apart.",
    echo_loud:
      "The microphone hears the speaker louder than it is played, which is hard to take out again: turn the microphone down, or move them apart.",
    too_quiet: "The speaker is hardly heard over the noise of the room: turn it up.",
    level_good: "The speaker is as loud as it should be.",
    delay_too_long:
      "The speaker plays {delay} ms late, more than the echo canceller can wait for: switch the television to its game mode, or connect a speaker to the box.",
    delay_wrong:
      'The speaker plays {delay} ms late: set endpoint.speaker_delay to "{delay}ms" in the configuration, so that the echo is taken out well.',
    delay_good: "The echo canceller knows how late the speaker plays.",
    noisy: "The room is noisy, or the microphone is: move it away from fans and the like, or turn it down.",
    room_quiet: "The room is quiet.",
  },
};

export const de: Texts = {
  button: "Ton testen",
  again: "Noch einmal testen",
  what: "Die Box spielt drei Sekunden lang ein Pfeifen und etwas Rauschen und hört zu. Sei solange still.",
  listening: "Die Box spielt und hört zu. Bitte sei still …",
  numbers: "Was gemessen wurde",
  delay: "Der Lautsprecher ist {delay} ms nach der Box zu hören",
  loss: "Das Mikrofon hört ihn {loss} dB leiser, als gespielt wird",
  noise: "Der Raum für sich: {noise} dBFS",
  codes: {
    nothing_heard:
      "Das Mikrofon hat den Lautsprecher nicht gehört. Stelle ihn lauter und schalte ihn ein, hier und am Gerät selbst, und sieh nach, ob er und das Mikrofon die in diesem Raum sind.",
    overloaded:
      "Das Mikrofon war übersteuert: stelle den Lautsprecher oder das Mikrofon leiser, oder rücke sie auseinander.",
    echo_loud:
      "Das Mikrofon hört den Lautsprecher lauter, als gespielt wird; das lässt sich schlecht wieder herausnehmen: stelle das Mikrofon leiser, oder rücke sie auseinander.",
    too_quiet: "Der Lautsprecher ist im Geräusch des Raumes kaum zu hören: stelle ihn lauter.",
    level_good: "Der Lautsprecher ist so laut, wie er sein soll.",
    delay_too_long:
      "Der Lautsprecher spielt {delay} ms zu spät, länger als die Echounterdrückung warten kann: schalte den Fernseher in den Spielmodus, oder schließe einen Lautsprecher an die Box an.",
    delay_wrong:
      'Der Lautsprecher spielt {delay} ms später: setze endpoint.speaker_delay in der Konfiguration auf "{delay}ms", damit das Echo gut herausgenommen wird.',
    delay_good: "Die Echounterdrückung weiß, wie spät der Lautsprecher spielt.",
    noisy:
      "Der Raum ist laut, oder das Mikrofon rauscht: rücke es weg von Lüftern und dergleichen, oder stelle es leiser.",
    room_quiet: "Der Raum ist ruhig.",
  },
};

export const texts: Texts = { en, de }[language];
