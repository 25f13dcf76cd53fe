import type { PluggedIn } from "../../client";
import type { Setting, SettingValue } from "../../client/settings";

/** How a value is chosen. */
export type Field =
  | { key: string; kind: "switch" | "text" | "list" | "secret" | "certificate" }
  /** Any of these. */
  | { key: string; kind: "set"; options: readonly string[] }
  | { key: string; kind: "number"; min: number; max: number }
  | { key: string; kind: "choice"; options: readonly (string | number)[] }
  | { key: string; kind: "device"; device: "camera" | "microphone" | "speaker"; options: readonly string[] }
  /** Width and height at once. */
  | { key: string; kind: "size"; height: string; options: readonly string[] };

export type Group = "sound" | "screen" | "calls" | "air" | "recordings" | "network" | "certificate" | "mqtt" | "box";

const SIZES = ["640x360", "960x540", "1280x720", "1920x1080"] as const;

/** The groups of the page, in its order, and what is chosen in each. */
export const GROUPS: readonly { name: Group; fields: readonly Field[] }[] = [
  {
    name: "sound",
    fields: [
      { key: "endpoint.camera", kind: "device", device: "camera", options: ["auto", "csi", "stand-in", "none"] },
      { key: "endpoint.camera_login", kind: "secret" },
      { key: "endpoint.camera_mode", kind: "text" },
      { key: "endpoint.width", kind: "size", height: "endpoint.height", options: SIZES },
      { key: "endpoint.fps", kind: "choice", options: [15, 25, 30, 60] },
      { key: "endpoint.bitrate", kind: "choice", options: ["500kbps", "1Mbps", "2Mbps", "4Mbps"] },
      { key: "endpoint.microphone", kind: "device", device: "microphone", options: ["auto", "stand-in", "none"] },
      { key: "endpoint.speaker", kind: "device", device: "speaker", options: ["auto", "none"] },
      { key: "endpoint.echo", kind: "choice", options: ["auto", "cancel", "half-duplex", "off"] },
      { key: "endpoint.noise_suppression", kind: "choice", options: ["auto", "off"] },
      { key: "endpoint.gain", kind: "choice", options: ["auto", "off"] },
      { key: "endpoint.speaker_delay", kind: "choice", options: ["0s", "100ms", "200ms", "300ms"] },
    ],
  },
  {
    name: "screen",
    fields: [
      { key: "endpoint.screen", kind: "choice", options: ["auto", "none"] },
      { key: "endpoint.overscan", kind: "number", min: 0, max: 10 },
      { key: "endpoint.language", kind: "choice", options: ["en", "de"] },
      { key: "endpoint.blank_after", kind: "choice", options: ["1min", "10min", "1h", "0s"] },
      { key: "endpoint.join_code", kind: "switch" },
      { key: "remote.cec", kind: "switch" },
    ],
  },
  {
    name: "calls",
    fields: [
      { key: "endpoint.auto_join", kind: "switch" },
      { key: "room.max_participants", kind: "number", min: 2, max: 100 },
      { key: "chat.keep_days", kind: "number", min: 1, max: 3650 },
    ],
  },
  {
    name: "air",
    fields: [
      { key: "program.width", kind: "size", height: "program.height", options: SIZES },
      { key: "program.fps", kind: "choice", options: [15, 25, 30, 60] },
      { key: "program.bitrate", kind: "choice", options: ["1Mbps", "1.5Mbps", "2.5Mbps", "4Mbps", "6Mbps"] },
      { key: "hls.window", kind: "choice", options: ["0s", "5min", "30min", "2h"] },
      { key: "viewers.uplink", kind: "choice", options: ["0bps", "5Mbps", "10Mbps", "20Mbps", "40Mbps", "100Mbps"] },
    ],
  },
  {
    name: "recordings",
    fields: [
      { key: "recordings.folder", kind: "text" },
      { key: "recordings.sd_card", kind: "switch" },
      { key: "recordings.max_days", kind: "number", min: 0, max: 36_500 },
      { key: "recordings.max_gigabytes", kind: "number", min: 0, max: 1_000_000 },
      { key: "recordings.min_free_gigabytes", kind: "number", min: 0, max: 1_000_000 },
    ],
  },
  {
    name: "network",
    fields: [
      { key: "network.hotspot", kind: "choice", options: ["auto", "on", "off"] },
      { key: "mdns.enabled", kind: "switch" },
      { key: "peers.map_ports", kind: "switch" },
      { key: "peers.announce", kind: "list" },
      { key: "peers.stun", kind: "list" },
      { key: "turn.addresses", kind: "list" },
      { key: "turn.secret", kind: "secret" },
      { key: "http.public_url", kind: "text" },
      { key: "http.listen", kind: "text" },
      { key: "https.listen", kind: "text" },
    ],
  },
  {
    name: "certificate",
    fields: [
      { key: "acme.names", kind: "list" },
      { key: "acme.agree_to_terms", kind: "switch" },
      { key: "acme.challenge", kind: "choice", options: ["http-01", "dns-01"] },
      { key: "acme.contact", kind: "text" },
      { key: "acme.directory", kind: "text" },
      { key: "acme.trust", kind: "certificate" },
      { key: "acme.dns_server", kind: "text" },
      { key: "acme.dns_zone", kind: "text" },
      { key: "acme.dns_key_name", kind: "text" },
      { key: "acme.dns_key", kind: "secret" },
      { key: "acme.acme_dns", kind: "text" },
      { key: "acme.acme_dns_account", kind: "certificate" },
    ],
  },
  {
    name: "mqtt",
    fields: [
      { key: "mqtt.broker", kind: "text" },
      { key: "mqtt.user", kind: "text" },
      { key: "mqtt.password", kind: "secret" },
      { key: "mqtt.authority", kind: "certificate" },
      { key: "mqtt.discovery", kind: "text" },
      { key: "mqtt.allow", kind: "set", options: ["answer", "unmute", "camera", "live", "record"] },
    ],
  },
  { name: "box", fields: [{ key: "log.level", kind: "choice", options: ["error", "warn", "info", "debug", "trace"] }] },
];

/** The settings by their keys. */
export type ByKey = ReadonlyMap<string, Setting>;

/** What somebody has changed and not saved, by key. */
export type Draft = Readonly<Record<string, SettingValue>>;

/** The keys that a field chooses. */
export function keysOf(field: Field): string[] {
  return field.kind === "size" ? [field.key, field.height] : [field.key];
}

/** What a key is, with what was changed. */
export function chosenOf(key: string, settings: ByKey, draft: Draft): SettingValue {
  if (key in draft) return draft[key] ?? null;
  return (settings.get(key)?.value as SettingValue | undefined) ?? null;
}

/** The draft with one more change; what is as it was is no change. */
export function change(draft: Draft, settings: ByKey, key: string, value: SettingValue): Draft {
  const { [key]: _, ...rest } = draft;
  const setting = settings.get(key);
  const same = setting && !setting.secret && JSON.stringify(setting.value) === JSON.stringify(value);
  return same ? rest : { ...rest, [key]: value };
}

/** What would bring back what was before these changes were saved; nothing where that is not known, as of passwords. */
export function undoOf(draft: Draft, settings: ByKey): Draft | null {
  const undo: Record<string, SettingValue> = {};
  for (const key of Object.keys(draft)) {
    const setting = settings.get(key);
    if (!setting || setting.secret) return null;
    undo[key] = setting.chosen ? (setting.value as SettingValue) : null;
  }
  return undo;
}

/** What all of these need together. */
export function needsOf(draft: Draft, settings: ByKey): "nothing" | "restart" | "trial" {
  const needs = Object.keys(draft).map(key => settings.get(key)?.needs);
  return needs.includes("trial") ? "trial" : needs.includes("restart") ? "restart" : "nothing";
}

/** The devices of a kind that were found, with what the configuration calls each. */
export function devicesOf(plugged: PluggedIn | null, device: "camera" | "microphone" | "speaker") {
  return (plugged?.[device].found ?? []).flatMap(({ name, value }) => (value ? [{ name, value }] : []));
}

/** Where the page is after this was saved: another address if the door by which it came is another one. */
export function addressAfter(draft: Draft, here: URL): string | null {
  const listen = draft[here.protocol === "https:" ? "https.listen" : "http.listen"];
  const port = typeof listen === "string" && /:(\d{1,5})$/.exec(listen)?.[1];
  if (!port || port === (here.port || (here.protocol === "https:" ? "443" : "80"))) return null;
  const there = new URL(here.href);
  there.port = port;
  return there.href;
}
