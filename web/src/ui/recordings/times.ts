/** The shortest part that can be cut out, in milliseconds. */
export const SHORTEST = 1_000;

/** The milliseconds of a time as people type it: `83.5`, `1:23.5` or `1:02:03`. `null` for anything else. */
export function parsed(text: string): number | null {
  const found = /^(?:(?:(\d{1,4}):)?(\d{1,5}):)?(\d{1,7})(?:[.,](\d{0,9}))?$/.exec(text.trim());
  if (!found) return null;
  const [, hours, minutes, seconds, fraction = ""] = found;
  if ((minutes && Number(seconds) > 59) || (hours && Number(minutes) > 59)) return null;
  const whole = 3600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds);
  return 1000 * whole + Number(fraction.slice(0, 3).padEnd(3, "0"));
}

/** Milliseconds as {@link parsed} reads them: `0:00`, `1:23.5`, `1:02:03`. */
export function written(ms: number, point = "."): string {
  const whole = Math.max(0, Math.floor(ms));
  const two = (n: number) => String(n).padStart(2, "0");
  const seconds = Math.floor(whole / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const fraction = String(whole % 1000)
    .padStart(3, "0")
    .replace(/0+$/, "");
  const clock = `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
  return fraction ? clock + point + fraction : clock;
}

/** The part between two times that were typed, of a recording that lasts so long; or what is wrong with them. */
export function partOf(from: string, to: string, duration: number): { from: number; to: number } | "unread" | "short" {
  const [begins, ends] = [parsed(from), parsed(to)];
  if (begins === null || ends === null) return "unread";
  const part = { from: begins, to: Math.min(ends, Math.floor(duration)) };
  return part.to - part.from < SHORTEST ? "short" : part;
}
