import { useCallback, useEffect, useState } from "preact/hooks";
import { Problem } from "../../client/problem";
import { explain } from "../parts/session";
import { say } from "../parts/toast";

/** Something that is loaded, and again after each act. */
export function useLoaded<T>(load: () => Promise<T>) {
  const [found, setFound] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  const look = useCallback(async () => {
    try {
      setFound(await load());
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) setRefused(true);
      else setProblem(explain(error));
    }
  }, []);
  useEffect(() => void look(), [look]);
  const act = async (action: Promise<unknown>) => {
    try {
      await action;
      await look();
    } catch (error) {
      say(explain(error), "fault");
    }
  };
  return { found, problem, refused, act };
}
