/** One of the ways a broadcast can be had by LL-HLS. */
export interface Variant {
  /** Its media playlist. */
  url: string;
  /** Lines of the picture; `null` without one. */
  lines: number | null;
  /** What it needs, in bits a second. */
  bandwidth: number;
}

export interface Offer {
  /** What is on air itself. */
  source: Variant | null;
  /** Smaller pictures of it, the largest first. */
  sizes: Variant[];
  /** The sound alone. */
  sound: Variant | null;
}

/** What a multivariant playlist at this address offers: the first variant is what is on air. */
export function offered(playlist: string, address: string): Offer {
  const variants = [...playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)\r?\n([^#\s].*)$/gm)].map(
    ([, attributes = "", uri = ""]): Variant => {
      // What is quoted may have anything in it.
      const plain = attributes.replace(/"[^"]*"/g, "");
      const lines = /(?:^|,)RESOLUTION=\d+x(\d+)/.exec(plain)?.[1];
      return {
        url: new URL(uri.trim(), address).href,
        lines: lines ? Number(lines) : null,
        bandwidth: Number(/(?:^|,)BANDWIDTH=(\d+)/.exec(plain)?.[1] ?? 0),
      };
    },
  );
  const [source = null, ...others] = variants;
  const sizes = others.filter(({ lines }) => lines && source?.lines && lines < source.lines);
  return {
    source,
    sizes: sizes.sort((a, b) => (b.lines ?? 0) - (a.lines ?? 0)),
    sound: (source?.lines && others.find(({ lines }) => lines === null)) || null,
  };
}

/** What somebody wants to have: a number is the lines of a smaller picture. */
export type Picture = "auto" | "source" | "sound" | number;

/** A choice as it was remembered. */
export function pictureOf(text: string | null): Picture {
  if (text === "source" || text === "sound") return text;
  return text && /^[1-9]\d{1,3}$/.test(text) ? Number(text) : "auto";
}

/**
 * Which of hls.js' levels has so many lines; the last, which is what is on air, for `null`. They are sorted by their lines.
 * -1 where there is no such size.
 */
export function levelOf(levels: readonly { height: number }[], lines: number | null): number {
  const last = levels.length - 1;
  if (lines === null) return last;
  const level = levels.findIndex(({ height }) => height === lines);
  return level === last ? -1 : level;
}
