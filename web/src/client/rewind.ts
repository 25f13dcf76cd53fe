/** Where in a broadcast somebody watches, in seconds. */
export interface Range {
  /** How far back it can be rewound. */
  length: number;
  /** How far behind live it is played; 0 is live. */
  behind: number;
}

/** Milliseconds between two looks at what is packaged. The box goes on packaging for twice that without being asked. */
const LOOK = 8_000;
/** Seconds at the far end that are gone before they are loaded. */
export const MARGIN = 6;

/**
 * How many seconds a media playlist lists, by a delta update of it: what that leaves out is counted and lasts as long as
 * the rest does on average.
 */
export function listed(delta: string): number {
  const lengths = [...delta.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, length]) => Number(length));
  const sum = lengths.reduce((sum, length) => sum + length, 0);
  const skipped = Number(/^#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/m.exec(delta)?.[1] ?? 0);
  return lengths.length > 0 ? sum + (skipped * sum) / lengths.length : 0;
}

/** The media playlist of the first variant in a multivariant playlist: what is on air, before its smaller pictures. */
export function variant(index: string): string {
  return /^[^#\s].*/m.exec(index)?.[0] ?? "";
}

/**
 * Follows how far back a broadcast is packaged while it is played by WebRTC, which has no past. Asking also keeps the box
 * packaging, so that there is something to rewind to.
 */
export class Packaged implements Range {
  #index: string;
  #media: string | null = null;
  #off = new AbortController();
  #timer: ReturnType<typeof setInterval>;
  length = 0;
  readonly behind = 0;

  /** @param index the multivariant playlist */
  constructor(index: string) {
    // So marked it is not taken for somebody who begins to watch.
    this.#index = new URL(`${index}?look`, location.href).href;
    this.#timer = setInterval(() => void this.#look(), LOOK);
    void this.#look();
  }

  stop(): void {
    this.#off.abort();
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      this.#media ??= new URL(variant(await this.#text(this.#index)), this.#index).href;
      const delta = await this.#text(`${this.#media}?_HLS_skip=YES`);
      this.length = Math.max(0, listed(delta) - MARGIN);
      // A box that offers no delta updates keeps no past: nothing has to be packaged for it.
      if (!delta.includes("CAN-SKIP-UNTIL")) this.stop();
    } catch {
      // Packaging started anew, or the box can't be reached: the next look finds out.
      this.#media = null;
      this.length = 0;
    }
  }

  async #text(url: string): Promise<string> {
    const answer = await fetch(url, { signal: this.#off.signal });
    return answer.ok ? answer.text() : Promise.reject(answer);
  }
}
