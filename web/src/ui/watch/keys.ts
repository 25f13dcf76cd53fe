import { useEffect, useRef } from "preact/hooks";
import type { Range } from "../../client";
import { typing } from "../parts/keys";
import type { Controls } from "./bar";
import { canRewind, moved, STEP } from "./rewind";

interface Keyed extends Controls {
  range: Range | null;
  playing: boolean;
  rewind(behind: number): void;
}

/** The keys of the page, as its menu lists them. */
export function useKeys(keyed: Keyed): void {
  const now = useRef(keyed);
  now.current = keyed;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event)) return;
      const { range, playing, pause, mute, full, pip, rewind } = now.current;
      const on = event.target instanceof Element ? event.target : null;
      const key = event.key.toLowerCase();
      if (key === "m") mute();
      if (key === "f") full();
      if (key === "i") pip();
      if (key === "l" && range) rewind(0);
      // A button that has the focus is pressed by the space bar.
      if (playing && (key === "k" || (key === " " && !on?.closest("button, a")))) {
        event.preventDefault();
        pause();
      }
      const step = key === "arrowleft" ? -STEP : key === "arrowright" ? STEP : 0;
      // A slider that has the focus is moved by the same keys.
      if (!step || on instanceof HTMLInputElement || !canRewind(range)) return;
      event.preventDefault();
      rewind(moved(range, step));
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
