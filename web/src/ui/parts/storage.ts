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

/** What this tab keeps while its pages are loaded again; another tab does not see it. */
export function kept(key: string): string | null {
  try {
    return sessionStorage.getItem(`porchlight.${key}`);
  } catch {
    return null;
  }
}

/** Keeps a value for this tab, or forgets it. */
export function keep(key: string, value: string | null): void {
  try {
    if (value) sessionStorage.setItem(`porchlight.${key}`, value);
    else sessionStorage.removeItem(`porchlight.${key}`);
  } catch {
    // Nothing is kept.
  }
}
