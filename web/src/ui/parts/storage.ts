/** What a page remembers on this browser. Browsers may refuse storage; then nothing is remembered. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`porchlight.${key}`);
  } catch {
    return null;
  }
}

/** Remembers a value, or forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value) localStorage.setItem(`porchlight.${key}`, value);
    else localStorage.removeItem(`porchlight.${key}`);
  } catch {
    // Nothing is remembered.
  }
}
