// The texts of the statistics of a call, which are loaded with them.

import { language } from "../i18n";
import { fill } from "../i18n/format";

export const en = {
  overlay_connection: "Your connection",
  overlay_pictures: "Pictures and sound",
  overlay_log: "What happened",
  overlay_quiet: "Nothing worth telling so far.",
  overlay_way: "Way to the box",
  way_direct: "direct, {protocol}",
  way_relay: "over a relay, {protocol}",
  overlay_estimate: "Room to you",
  overlay_uplink: "Room from you",
  overlay_bitrate: "Bit rate",
  overlay_who: "Who",
  overlay_size: "Size",
  overlay_rate: "kbit/s",
  overlay_fps: "per s",
  overlay_layer: "Layer",
  overlay_loss: "Loss",
  overlay_jitter: "Jitter",
  overlay_frozen: "Frozen",
  overlay_yours: "you",
  overlay_times: "{n}×, {seconds} s",
  source_microphone: "sound",
  source_camera: "camera",
  source_screen: "screen",
  source_screen_sound: "screen's sound",
  limited_bandwidth: "limited by your connection",
  limited_cpu: "limited by this device",
  limited_other: "limited",
  event_layer_down: "{who}: smaller picture, for want of bandwidth",
  event_layer_up: "{who}: larger picture again",
  event_paused_connection: "{who}: paused, your connection has no room for it",
  event_paused_codec: "{who}: this browser can't show the picture",
  event_paused_source: "{who}: the sender sends no picture",
  event_resumed: "{who}: the picture is back",
  event_loss_high: "Many packets are lost on your connection",
  event_loss_over: "Hardly any packets are lost any more",
  event_delay_high: "Packets take long between you and the box",
  event_delay_over: "Packets are quick again",
  event_codec_changed: "Everybody's pictures changed to another codec",
  event_connected: "Pictures and sound are connected",
  event_lost: "Nothing came from you for a while",
  event_restarted: "The connection was made anew",
  event_froze: "{who}: the picture stood still",
  event_limited_cpu: "Your picture is smaller: this device is too busy",
  event_limited_bandwidth: "Your picture is smaller: your connection takes no more",
  event_way: "Another way to the box is used",
} as const;

type Key = keyof typeof en;

export const de: Record<Key, string> = {
  overlay_connection: "Deine Verbindung",
  overlay_pictures: "Bild und Ton",
  overlay_log: "Was geschah",
  overlay_quiet: "Bisher nichts Erwähnenswertes.",
  overlay_way: "Weg zur Box",
  way_direct: "direkt, {protocol}",
  way_relay: "über ein Relais, {protocol}",
  overlay_estimate: "Platz zu dir",
  overlay_uplink: "Platz von dir",
  overlay_bitrate: "Bitrate",
  overlay_who: "Wer",
  overlay_size: "Größe",
  overlay_rate: "kbit/s",
  overlay_fps: "pro s",
  overlay_layer: "Schicht",
  overlay_loss: "Verlust",
  overlay_jitter: "Jitter",
  overlay_frozen: "Stand still",
  overlay_yours: "du",
  overlay_times: "{n}×, {seconds} s",
  source_microphone: "Ton",
  source_camera: "Kamera",
  source_screen: "Bildschirm",
  source_screen_sound: "Ton des Bildschirms",
  limited_bandwidth: "begrenzt durch deine Verbindung",
  limited_cpu: "begrenzt durch dieses Gerät",
  limited_other: "begrenzt",
  event_layer_down: "{who}: kleineres Bild, weil die Bandbreite nicht reicht",
  event_layer_up: "{who}: wieder größeres Bild",
  event_paused_connection: "{who}: angehalten, deine Verbindung hat keinen Platz dafür",
  event_paused_codec: "{who}: Dieser Browser kann das Bild nicht zeigen",
  event_paused_source: "{who}: Von dort kommt kein Bild",
  event_resumed: "{who}: Das Bild ist wieder da",
  event_loss_high: "Auf deiner Verbindung gehen viele Pakete verloren",
  event_loss_over: "Es gehen kaum noch Pakete verloren",
  event_delay_high: "Pakete brauchen lange zwischen dir und der Box",
  event_delay_over: "Pakete sind wieder schnell",
  event_codec_changed: "Alle Bilder kommen jetzt in einem anderen Codec",
  event_connected: "Bild und Ton sind verbunden",
  event_lost: "Eine Weile kam nichts von dir",
  event_restarted: "Die Verbindung wurde neu aufgebaut",
  event_froze: "{who}: Das Bild stand still",
  event_limited_cpu: "Dein Bild ist kleiner: Dieses Gerät ist überlastet",
  event_limited_bandwidth: "Dein Bild ist kleiner: Mehr schafft deine Verbindung nicht",
  event_way: "Ein anderer Weg zur Box wird benutzt",
};

/** The text of a key in the reader's language, its `{placeholders}` filled. */
export function o(key: Key, values: Record<string, string | number> = {}): string {
  return fill((language === "de" ? de : en)[key], values);
}

/** What happened, in words; of what this page does not know, its code. */
export function eventText(code: string, who: string): string {
  const key = `event_${code}`;
  return Object.hasOwn(en, key) ? o(key as Key, { who }) : code;
}
