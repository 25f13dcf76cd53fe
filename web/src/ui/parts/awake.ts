import { useEffect } from "preact/hooks";

/** Keeps the screen lit while a call is shown. Browsers without it, and batteries too low for it, go on as before. */
export function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let gone = false;
    const ask = async () => {
      if (document.hidden || !navigator.wakeLock) return;
      try {
        lock = await navigator.wakeLock.request("screen");
        if (gone) await lock.release();
      } catch {
        // Refused: the screen goes dark as it always does.
      }
    };
    void ask();
    // The browser takes the lock back while the page is hidden.
    document.addEventListener("visibilitychange", ask);
    return () => {
      gone = true;
      document.removeEventListener("visibilitychange", ask);
      lock?.release().catch(() => {});
    };
  }, []);
}
