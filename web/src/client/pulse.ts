/** Milliseconds between two looks. */
export const BEAT = 500;
/** Milliseconds without a single byte, after which the way is taken for broken: browsers themselves take several times that. */
const SILENT = 1_500;
/** Looks in a row with something new, before silence says anything. */
const STEADY = 4;
/** Milliseconds between two looks from which on they say nothing: the page was asleep. */
const ASLEEP = 1_250;

/** Notices that nothing comes any more, where something has to. */
export class Pulse {
  #bytes = 0;
  #steady = 0;
  /** When something new came last, and when it was looked last. */
  #came = 0;
  #looked = 0;

  /**
   * One look: so many bytes had come by then, and something is bound to come or not. `true`, once: it has become silent.
   * Times in milliseconds, of any clock that runs on.
   */
  beat(at: number, bytes: number, expected: boolean): boolean {
    const asleep = at - this.#looked > ASLEEP;
    const news = bytes !== this.#bytes;
    this.#looked = at;
    this.#bytes = bytes;
    if (asleep || !expected) {
      this.#steady = 0;
      return false;
    }
    if (news) {
      this.#came = at;
      this.#steady = Math.min(STEADY, this.#steady + 1);
      return false;
    }
    if (this.#steady < STEADY || at - this.#came < SILENT) return false;
    this.#steady = 0;
    return true;
  }
}
