import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { say } from "./toast";

/** A part of this page that is loaded when it is wanted. */
export function useLazy<T>(wanted: boolean, load: () => Promise<T>): T | null {
  const [loaded, setLoaded] = useState<T | null>(null);
  useEffect(() => {
    if (wanted) load().then(setLoaded, () => say(t("load_failed_text"), "fault"));
  }, [wanted]);
  return wanted ? loaded : null;
}
