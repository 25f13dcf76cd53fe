import { useEffect, useRef, useState } from "preact/hooks";
import { fill } from "../i18n/format";
import { Icon } from "../parts/icons";
import type { Call } from "./call";
import { texts } from "./texts";

// From Lucide, as parts/icons.tsx; of the room alone.
const HAND = [
  "M18 11V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2",
  "M14 10V4a2 2 0 0 0-2-2a2 2 0 0 0-2 2v2",
  "M10 10.5V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2v8",
  "M18 8a2 2 0 1 1 4 0v6a8 8 0 0 1-8 8h-2c-2.8 0-4.5-.86-5.99-2.34l-3.6-3.6a2 2 0 0 1 2.83-2.82L7 15",
];

export function toggleHand(call: Call): void {
  void call.ask(room => room.hand(!call.me.value?.hand));
}

/** Raises one's hand, or lowers it. */
export function HandButton({ call }: { call: Call }) {
  const up = Boolean(call.me.value?.hand);
  return (
    <button
      type="button"
      class={up ? "button control off" : "button control"}
      aria-pressed={up}
      aria-keyshortcuts="H"
      onClick={() => toggleHand(call)}
      data-testid="hand"
    >
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
        {HAND.map(d => (
          <path key={d} d={d} />
        ))}
      </svg>
      <span class="control-text">{texts.hand}</span>
    </button>
  );
}

/** Who has raised a hand or waits, said once when it happens: for those who do not see it. */
function News({ call }: { call: Call }) {
  const [said, setSaid] = useState("");
  const known = useRef(new Set<string>());
  const state = call.state.value;
  useEffect(() => {
    if (!state) return;
    const news = new Map<string, string>();
    for (const [id, { name, hand }] of Object.entries(state.participants)) {
      if (hand && id !== state.you) news.set(`${id} ${hand}`, fill(texts.hand_raised, { name }));
    }
    for (const { id, name, why } of state.outside ?? []) {
      if (why === "waits") news.set(id, fill(texts.one_waits, { name }));
    }
    const fresh = [...news].filter(([key]) => !known.current.has(key)).map(([, text]) => text);
    known.current = new Set(news.keys());
    if (fresh.length > 0) setSaid(fresh.join(" "));
  }, [state]);
  return (
    <p class="sr-only" role="status" aria-live="polite" data-testid="order-news">
      {said}
    </p>
  );
}

/** Whoever waits to be let in, for those who may let them in. */
function Waiting({ call, see }: { call: Call; see(): void }) {
  const waits = (call.state.value?.outside ?? []).filter(one => one.why === "waits");
  const [first] = waits;
  if (!first) return null;
  const one = waits.length === 1;
  const { id, name } = first;
  return (
    <div class="air-line" data-testid="waiting">
      <span class="sharing-text">
        <Icon name="people" />
        {one ? fill(texts.one_waits, { name }) : fill(texts.many_wait, { n: String(waits.length) })}
      </span>
      {one ? (
        <span class="row">
          <button
            type="button"
            class="button primary"
            aria-label={fill(texts.let_in_whom, { name })}
            onClick={() => call.ask(room => room.order("let_in", id))}
            data-testid="waiting-let-in"
          >
            {texts.let_in}
          </button>
          <button
            type="button"
            class="button"
            aria-label={fill(texts.refuse_whom, { name })}
            onClick={() => call.ask(room => room.order("refuse", id))}
            data-testid="waiting-refuse"
          >
            {texts.refuse}
          </button>
        </span>
      ) : (
        <button type="button" class="button primary" onClick={see} data-testid="waiting-see">
          {texts.see_who}
        </button>
      )}
    </div>
  );
}

/** What order in the room asks of whoever is in it now. */
export function OrderLines({ call, see }: { call: Call; see(): void }) {
  const state = call.state.value;
  if (!state) return null;
  return (
    <>
      <News call={call} />
      <Waiting call={call} see={see} />
      {!state.may.includes("speak") && (
        <p class="note" role="status" data-testid="looks-on">
          {texts.looks_on}
        </p>
      )}
      {state.room.acting === state.you && (
        <p class="note" role="status" data-testid="acting">
          {texts.acting}
        </p>
      )}
    </>
  );
}
