import { useState } from "preact/hooks";
import type { Range } from "../../client";
import { t } from "../i18n";
import { elapsed } from "../i18n/format";
import type { Peek } from "./peek";

/** Seconds that a key goes back or on. */
export const STEP = 10;
/** Less than this, in seconds, is not worth going back to. */
const WORTH = STEP;

/** Whether there is anything to go back to. */
export function canRewind(range: Range | null): range is Range {
  return range !== null && (range.length >= WORTH || range.behind > 0);
}

/** Where so many seconds on, or back, are; within what there is. */
export function moved(range: Range, seconds: number): number {
  return Math.min(range.length, Math.max(0, range.behind - seconds));
}

/** The bar over what can be rewound: its right end is live. `picture` is where small pictures of it are. */
export function Rewind(props: { range: Range; picture: string; rewind(behind: number): void }) {
  const { range, picture, rewind } = props;
  // What is shown while the slider is dragged: the place where it would be played.
  const [held, hold] = useState<number | null>(null);
  // Seconds behind live under the pointer, and what shows a picture of that, or of where the slider is dragged: loaded then.
  const [pointed, point] = useState<number | null>(null);
  const [Pointed, load] = useState<typeof Peek | null>(null);
  const far = Math.max(range.length, range.behind);
  const behind = held ?? range.behind;
  const shown = held ?? pointed;
  const peek = () => {
    if (Pointed) return;
    import("./peek").then(
      ({ Peek }) => load(() => Peek),
      () => {},
    );
  };
  return (
    <div class="rewind">
      <div class="rewind-slider">
        <input
          class="grow"
          type="range"
          min={-Math.ceil(far)}
          max="0"
          value={-behind}
          aria-label={t("rewind")}
          aria-valuetext={t("latency", { seconds: Math.round(behind) })}
          data-testid="rewind"
          onPointerMove={event => {
            const { left, width } = event.currentTarget.getBoundingClientRect();
            point(far * Math.min(1, Math.max(0, 1 - (event.clientX - left) / width)));
            peek();
          }}
          onPointerLeave={() => point(null)}
          onInput={event => {
            hold(-Number(event.currentTarget.value));
            peek();
          }}
          onChange={event => {
            hold(null);
            rewind(-Number(event.currentTarget.value));
          }}
        />
        {shown !== null && Pointed && <Pointed address={picture} behind={shown} far={far} />}
      </div>
      {behind > 0 && (
        <>
          <span>{`\u2212${elapsed(0, behind * 1000)}`}</span>
          <button type="button" class="button over" onClick={() => rewind(0)} data-testid="to-live">
            {t("to_live")}
          </button>
        </>
      )}
    </div>
  );
}
