/** Fills `{name}` in a text. A name without a value stays as it is, so that it is seen. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** Time since something began, as a clock: `0:05`, `12:34`, `1:02:03`. Empty for nonsense. */
export function elapsed(since: number, now: number): string {
  if (!Number.isFinite(since)) return "";
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A day and a time for people: "Sat 21 Nov, 18:30" in the reader's language. Empty for nonsense. */
export function moment(rfc3339: string, language: string): string {
  const date = new Date(rfc3339);
  if (Number.isNaN(date.getTime())) return "";
  return new Intl.DateTimeFormat(language, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
  }).format(date);
}

/** A day with its year, and a time: "21 November 2026 at 18:30". Empty for nonsense. */
export function day(date: string | number, language: string): string {
  const at = new Date(date);
  if (Number.isNaN(at.getTime())) return "";
  return new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(at);
}

/** Seconds with one digit behind the point: "2.1" or "2,1". */
export function seconds(value: number, language: string): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
}
