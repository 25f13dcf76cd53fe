import assert from "node:assert/strict";
import { test } from "node:test";
import * as camera from "../src/ui/camera/texts";
import * as certificate from "../src/ui/certificate/texts";
import * as chat from "../src/ui/chat/texts";
import * as shown from "../src/ui/home/recorded-texts";
import * as sound from "../src/ui/home/sound-texts";
import { catalogues, count, pickLanguage, t } from "../src/ui/i18n";
import { day, elapsed, fill, moment, seconds } from "../src/ui/i18n/format";
import * as publish from "../src/ui/recordings/publish-texts";
import * as separate from "../src/ui/recordings/separate-texts";
import * as recordings from "../src/ui/recordings/texts";
import * as trim from "../src/ui/recordings/trim-texts";
import * as overlay from "../src/ui/room/overlay-texts";
import * as studio from "../src/ui/studio/texts";
import * as trust from "../src/ui/trust/texts";
import * as recorded from "../src/ui/watch/recorded-texts";
import * as watch from "../src/ui/watch/texts";

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("both catalogues have the same keys, no empty text, and the same placeholders", () => {
  same(catalogues);
  same(overlay);
  const flat = ({ did, problems, reactions, ...rest }: chat.Texts) => ({ ...rest, ...did, ...problems, ...reactions });
  same({ en: flat(chat.en), de: flat(chat.de) });
  same(shown);
  const told = ({ sources, codes, ...rest }: certificate.Texts) => ({ ...rest, ...sources, ...codes });
  same({ en: told(certificate.en), de: told(certificate.de) });
  for (const { en, de } of [watch, recorded, recordings, publish, separate] as const)
    same({ en: { ...en }, de: { ...de } });
});

function same({ en, de }: { en: Record<string, string>; de: Record<string, string> }): void {
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en)) {
    assert.notEqual(de[key]?.trim(), "", key);
    assert.notEqual(en[key]?.trim(), "", key);
    assert.deepEqual(placeholders(de[key] ?? ""), placeholders(en[key] ?? ""), key);
  }
}

test("a text for one has a sister for many", () => {
  const keys = Object.keys(catalogues.en);
  for (const key of keys.filter(key => key.endsWith("_one")))
    assert.ok(keys.includes(key.replace(/_one$/, "_other")), key);
});

test("the first of the reader's languages with a catalogue is taken, English without one", () => {
  assert.equal(pickLanguage(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(pickLanguage(["en-GB", "de"]), "en");
  assert.equal(pickLanguage(["fr"]), "en");
  assert.equal(pickLanguage([]), "en");
});

test("texts are filled, and a missing value is seen", () => {
  assert.equal(t("enter_what", { room: "{room}" }), "Enter {room}");
  assert.equal(count("viewers", 1), "1 viewer");
  assert.equal(count("viewers", 0), "0 viewers");
  assert.equal(fill("{a} {b}", { a: "$&" }), "$& {b}");
});

test("a day is written with its year, and nonsense not at all", () => {
  assert.match(day("2026-11-21T12:00:00Z", "de"), /21\. November 2026/);
  assert.match(day(Date.parse("2026-11-21T12:00:00Z"), "en-GB"), /21 November 2026/);
  assert.equal(day("not a date", "en"), "");
});

test("time on air reads as a clock", () => {
  const start = Date.parse("2026-11-21T10:00:00Z");
  assert.equal(elapsed(start, start - 5_000), "0:00");
  assert.equal(elapsed(start, start + 65_000), "1:05");
  assert.equal(elapsed(start, start + 3_723_000), "1:02:03");
  assert.equal(elapsed(Number.NaN, start), "");
});

test("dates and numbers are written in the reader's language", () => {
  assert.equal(seconds(2.06, "de"), "2,1");
  assert.equal(seconds(2, "en"), "2.0");
  assert.match(moment("2026-11-21T10:00:00Z", "de"), /Nov/);
  assert.equal(moment("not a date", "en"), "");
});

test("the pages of the camera and of the studio, and what cuts out parts, say the same in both languages", () => {
  const shape = (texts: object) =>
    Object.entries(texts).map(([key, value]) => [
      key,
      typeof value === "string" ? placeholders(value) : Object.keys(value),
    ]);
  for (const { en, de } of [camera, studio, trim]) assert.deepEqual(shape(de), shape(en));
});

test("the page about trust says the same in both languages, for every system", () => {
  assert.deepEqual(Object.keys(trust.de).sort(), Object.keys(trust.en).sort());
  const shape = (texts: trust.Texts) => texts.guides.map(guide => [guide.id, guide.file, guide.steps.length]);
  assert.deepEqual(shape(trust.de), shape(trust.en));
  for (const [agent, id] of [
    ["Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/156.0", "android"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605", "ios"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", "macos"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/156.0", "windows"],
    ["Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0", "linux"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "firefox"],
  ] as const)
    assert.equal(trust.guess(agent), id, agent);
});

test("the sound test says the same in both languages, and of every finding what to do", () => {
  assert.deepEqual(Object.keys(sound.de).sort(), Object.keys(sound.en).sort());
  same({ en: sound.en.codes, de: sound.de.codes });
});
