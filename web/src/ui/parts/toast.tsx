import { signal } from "@preact/signals";

/** Milliseconds a line stays. */
const STAY = 6_000;

const toasts = signal<{ id: number; text: string; fault: boolean }[]>([]);
let last = 0;

/** Says one line to the person, for some seconds. */
export function say(text: string, tone: "quiet" | "fault" = "quiet"): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(-2), { id, text, fault: tone === "fault" }];
  setTimeout(() => {
    toasts.value = toasts.value.filter(toast => toast.id !== id);
  }, STAY);
}

/** Where the lines appear; a live region, so that they are read out. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(toast => (
        <p key={toast.id} class={toast.fault ? "toast fault" : "toast"}>
          {toast.text}
        </p>
      ))}
    </div>
  );
}
