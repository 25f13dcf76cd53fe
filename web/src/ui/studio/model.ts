import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Studio, StudioChange } from "../../client";
import { Problem } from "../../client/problem";
import { api, explain, refreshSession } from "../parts/session";
import { say } from "../parts/toast";
import { texts } from "./texts";

/** Milliseconds between two looks at how it is. */
const LOOK = 1_000;

/** What may be shown as done before the box says so. A slate is not among it: nobody may believe wrongly that they are not seen. */
export type Wish = Partial<Pick<Studio, "layout" | "front" | "names" | "title" | "logo">>;

/** What a page can do with a room's studio. */
export interface Directing {
  /** `null` until the box said so. */
  studio: Studio | null;
  /** Why it can't be read at the moment. */
  problem: string | null;
  /** It is for the owner of the box alone. */
  refused: boolean;
  /** Shows a choice at once, and tells it to the box. */
  wish(wish: Wish): void;
  /** Changes something once the box says so; whether it did. */
  change(change: StudioChange): Promise<boolean>;
  /** Does something after all that was begun before; what it gives is how the studio is then. */
  act(step: () => Promise<Studio | undefined>): Promise<boolean>;
}

function trouble(error: unknown): string {
  return (error instanceof Problem && texts.problems[error.type]) || explain(error);
}

/** Follows a room's studio, and directs it. */
export function useStudio(id: string): Directing {
  const [studio, setStudio] = useState<Studio | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  // One step after the other. What is read while one is under way may be from before it, and is not shown.
  const last = useRef<Promise<unknown>>(Promise.resolve());
  const pending = useRef(0);
  const edition = useRef(0);
  const look = useCallback(async () => {
    if (pending.current > 0) return;
    const asked = edition.current;
    try {
      const now = await api.studio(id);
      if (asked === edition.current) setStudio(now);
      setProblem(null);
    } catch (error) {
      setProblem(trouble(error));
    }
  }, [id]);
  useEffect(() => {
    let timer = 0;
    let over = false;
    let known = false;
    const again = async () => {
      try {
        if (!known && (await refreshSession()).role !== "host") return setRefused(true);
        known = true;
        if (!document.hidden) await look();
      } catch (error) {
        setProblem(trouble(error));
      }
      if (!over) timer = setTimeout(again, LOOK) as unknown as number;
    };
    void again();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [look]);
  const act: Directing["act"] = step => {
    edition.current += 1;
    pending.current += 1;
    const ended = () => {
      edition.current += 1;
      pending.current -= 1;
      return pending.current === 0;
    };
    const done = last.current.then(step).then(
      answer => {
        // With others to come, theirs is the answer.
        if (!ended()) return true;
        if (answer) setStudio(answer);
        else void look();
        return true;
      },
      error => {
        say(trouble(error), "fault");
        if (ended()) void look();
        return false;
      },
    );
    last.current = done;
    return done;
  };
  const change = (change: StudioChange) => act(() => api.direct(id, change));
  const wish = (wish: Wish) => {
    setStudio(shown => shown && { ...shown, ...wish });
    void change(wish);
  };
  return { studio, problem, refused, wish, change, act };
}
