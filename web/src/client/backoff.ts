/** How long to wait before the next attempt: doubling, capped, with jitter so that a room does not come back as one. */
export class Backoff {
  #attempts = 0;

  /**
   * @param first milliseconds before the second attempt
   * @param most milliseconds at most
   * @param random gives a number from 0 up to 1
   */
  constructor(
    readonly first = 500,
    readonly most = 8_000,
    readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait now; between half and the whole of the step. */
  next(): number {
    const step = Math.min(this.most, this.first * 2 ** Math.min(this.#attempts, 16));
    this.#attempts += 1;
    return step / 2 + (step / 2) * this.random();
  }

  /** It worked: start over. */
  reset(): void {
    this.#attempts = 0;
  }
}
