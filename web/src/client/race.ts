import type { Socket } from "./socket";

/** Milliseconds that the other connection may take, before another is tried. */
const BESIDE = 2_000;

/** Races another connection to the box with one that may be dead without knowing it: whichever says something first is kept. */
export class Race {
  readonly #dial: () => Socket;
  readonly #won: (beside: Socket) => void;
  #beside: Socket | null = null;
  #next: ReturnType<typeof setTimeout> | undefined;

  /** @param won is called when the other one is there, and the one in doubt has said nothing meanwhile */
  constructor(dial: () => Socket, won: (beside: Socket) => void) {
    this.#dial = dial;
    this.#won = won;
  }

  /** Begins, unless it has; what the one in doubt had said up to then does not count. */
  begin(doubted: Socket, heard = doubted.heard): void {
    if (this.#beside || doubted.heard !== heard) return;
    const beside = this.#dial();
    this.#beside = beside;
    this.#next = setTimeout(() => {
      this.stop();
      this.begin(doubted, heard);
    }, BESIDE);
    beside.opened.then(
      () => {
        if (this.#beside !== beside) return;
        if (doubted.heard !== heard) return this.stop();
        clearTimeout(this.#next);
        this.#beside = null;
        this.#won(beside);
      },
      () => {},
    );
  }

  /** Ends it without a winner. */
  stop(): void {
    clearTimeout(this.#next);
    const beside = this.#beside;
    this.#beside = null;
    beside?.close();
  }
}
