/** Milliseconds between two looks. */
export const BEAT = 250;
/** Milliseconds without anything, after which the way is taken for broken: browsers themselves take several times that. */
const SILENT = 750;
/** Looks in a row with something new, before silence says anything. */
const STEADY = 8;
/** Milliseconds between two looks from which on they say nothing: the page was asleep. */
const ASLEEP = 1_250;

/** Notices that nothing comes any more, where something has to. */
export class Pulse {
  #count = 0;
  #steady = 0;
  #silent = false;
  /** When something new came last, and when it was looked last. */
  #came = 0;
  #looked = 0;

  /**
   * One look: so much had come by then, and something is bound to come or not. Says once that it has become silent, and
   * once that something comes again. Times in milliseconds, of any clock that runs on.
   */
  beat(at: number, count: number, expected: boolean): "silent" | "flows" | undefined {
    const asleep = at - this.#looked > ASLEEP;
    // It falls when a way is forgotten.
    const news = count > this.#count;
    this.#looked = at;
    this.#count = count;
    if (news && this.#silent) {
      this.#silent = false;
      this.#came = at;
      return "flows";
    }
    if (asleep || !expected) {
      this.#steady = 0;
      return undefined;
    }
    if (news) {
      this.#came = at;
      this.#steady = Math.min(STEADY, this.#steady + 1);
      return undefined;
    }
    if (this.#steady < STEADY || at - this.#came < SILENT) return undefined;
    this.#steady = 0;
    this.#silent = true;
    return "silent";
  }
}
