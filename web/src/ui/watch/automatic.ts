/** A smaller picture, or what is on air, in bits a second. */
export interface Size {
  lines: number;
  bandwidth: number;
}

/** A piece of media that came, or is still coming. */
export interface Came {
  /** When that was, in seconds of any clock. */
  at: number;
  /** How long it plays. */
  seconds: number;
  /** How long it was on its way. */
  took: number;
  bits: number;
}

/** Seconds of media, or of waiting for it, that say something about the line. */
const ENOUGH = 4;
/** Seconds that are looked back. */
const WINDOW = 8;
/** The share of time on the way above which the line is too narrow. */
const NARROW = 0.9;
/** That above which the line is too narrow if the picture stood still as well. */
const TIGHT = 0.5;
/** Stops of the picture that are not by chance, within so many seconds. */
const STOPS = 2;
const STOPS_WITHIN = 30;
/** That below which it may have room for more. */
const EASY = 0.4;
/** Which share of what the line gives a picture may take. */
const SHARE = 0.8;
/** That for a larger picture than now: going up for nothing costs the box and the viewer. */
const SHARE_UP = 0.5;
/** Seconds before a larger picture is tried; twice that each time it turned out too large. */
const PATIENCE = 30;
const LONGEST = 600;
/** Seconds before a box that had no room is asked again. */
const REFUSED = 60;

/**
 * Which size fits the line. It begins with what is on air and stays with it unless the line is too narrow: by how long
 * what is played was on its way, since a smaller picture is made for whoever asks for it, and none is asked for to find out.
 */
export class Automatic {
  /** The lines of the smaller picture it is at; `null` is what is on air. */
  lines: number | null = null;
  #came: Came[] = [];
  #stops: number[] = [];
  #patience = PATIENCE;
  #since = 0;
  #up = false;
  #notBefore = 0;

  came(piece: Came): void {
    this.#came.push(piece);
  }

  /** The picture stood still, because nothing was there to be played. */
  stopped(now: number): void {
    this.#stops.push(now);
  }

  /**
   * The lines that would be better, `null` for what is on air, `undefined` to stay.
   *
   * @param sizes the smaller pictures, the largest first
   * @param source what is on air needs so much
   * @param now seconds of that clock
   * @param coming what is on its way
   */
  better(sizes: readonly Size[], source: number, now: number, coming?: Came): number | null | undefined {
    this.#came = this.#came.filter(({ at }) => now - at < WINDOW);
    this.#stops = this.#stops.filter(at => now - at < STOPS_WITHIN);
    const all = coming && coming.took > coming.seconds ? [...this.#came, coming] : this.#came;
    const [seconds, took, bits] = all.reduce(
      ([seconds, took, bits], piece) => [seconds + piece.seconds, took + piece.took, bits + piece.bits],
      [0, 0, 0],
    );
    if (Math.max(seconds, took) < ENOUGH) return undefined;
    const rate = bits / Math.max(took, 0.001);
    const at = this.lines ?? Number.POSITIVE_INFINITY;
    if (took > (this.#stops.length < STOPS ? NARROW : TIGHT) * seconds) {
      if (now < this.#notBefore) return undefined;
      const smaller = sizes.filter(({ lines }) => lines < at);
      return (smaller.find(({ bandwidth }) => bandwidth <= SHARE * rate) ?? smaller.at(-1))?.lines;
    }
    if (this.lines === null || took > EASY * seconds || now - this.#since < this.#patience) return undefined;
    if (source <= SHARE_UP * rate) return null;
    return sizes.find(({ lines, bandwidth }) => lines > at && bandwidth <= SHARE_UP * rate)?.lines;
  }

  /** It is at this size from now on. */
  moved(lines: number | null, now: number): void {
    const up = (lines ?? Number.POSITIVE_INFINITY) > (this.lines ?? Number.POSITIVE_INFINITY);
    if (!up && this.#up && now - this.#since < this.#patience) this.#patience = Math.min(2 * this.#patience, LONGEST);
    this.#up = up;
    this.lines = lines;
    this.#since = now;
    this.#came = [];
    this.#stops = [];
  }

  /** It is played by another player from now on: what came before says nothing. */
  anew(): void {
    this.#came = [];
  }

  /** The box had no room for another size: it is left in peace for a while. */
  refused(now: number): void {
    this.#notBefore = now + REFUSED;
    this.#since = now;
  }
}
