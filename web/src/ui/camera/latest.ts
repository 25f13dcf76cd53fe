/**
 * Sends one value after another, never two at a time: whoever drags a slider makes more of them than the box answers, and only the
 * newest counts.
 */
export function latest<T>(send: (value: T) => Promise<void>): (value: T) => void {
  let waiting: { value: T } | null = null;
  let busy = false;
  return value => {
    waiting = { value };
    if (busy) return;
    busy = true;
    const run = async () => {
      while (waiting) {
        const { value } = waiting;
        waiting = null;
        await send(value);
      }
      busy = false;
    };
    void run();
  };
}
