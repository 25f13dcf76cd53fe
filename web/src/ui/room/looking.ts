import type { Shown, View } from "../../client";
import { type Card, viewOf } from "./scene";

/** Which part of a picture has to be on the page to be worth sending. */
const PART = 0.1;

interface Seen extends Card {
  visible: boolean;
  /** In device pixels. */
  height: number;
}

/** Follows which pictures are really on the page, and how large, and tells the box. On a hidden page nothing is. */
export class Looking {
  readonly #say: (view: View) => void;
  readonly #seen = new Map<Element, Seen>();
  readonly #visible: IntersectionObserver;
  readonly #sized: ResizeObserver;
  #front: string | null = null;
  #due = false;

  constructor(say: (view: View) => void) {
    this.#say = say;
    this.#visible = new IntersectionObserver(
      entries => this.#look(entries, ({ intersectionRatio }) => ({ visible: intersectionRatio >= PART })),
      {
        threshold: [0, PART],
      },
    );
    this.#sized = new ResizeObserver(entries =>
      this.#look(entries, ({ contentRect }) => ({ height: contentRect.height * devicePixelRatio })),
    );
    document.addEventListener("visibilitychange", this.#tell);
  }

  /** A picture is on the page, in this element. */
  add(element: Element, card: Card): void {
    this.#seen.set(element, { ...card, visible: false, height: 0 });
    this.#visible.observe(element);
    this.#sized.observe(element);
  }

  remove(element: Element): void {
    this.#seen.delete(element);
    this.#visible.unobserve(element);
    this.#sized.unobserve(element);
    this.#soon();
  }

  /** Who is in front of all others. */
  front(participant: string | null): void {
    if (participant === this.#front) return;
    this.#front = participant;
    this.#soon();
  }

  stop(): void {
    document.removeEventListener("visibilitychange", this.#tell);
    this.#visible.disconnect();
    this.#sized.disconnect();
    this.#seen.clear();
  }

  #look<E extends { target: Element }>(entries: readonly E[], found: (entry: E) => Partial<Seen>): void {
    for (const entry of entries) {
      const seen = this.#seen.get(entry.target);
      if (seen) Object.assign(seen, found(entry));
    }
    this.#soon();
  }

  /** Once for all that changes at the same time. */
  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#tell();
    });
  }

  #tell = (): void => {
    const shown: Shown[] = [];
    for (const { participant, source, visible, height } of document.hidden ? [] : this.#seen.values())
      if (visible) shown.push({ participant, source, height });
    this.#say(viewOf(shown, document.hidden ? null : this.#front));
  };
}
