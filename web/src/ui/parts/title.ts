import { useEffect } from "preact/hooks";

/** Names the tab; while on air, the title and the lantern in the tab say so. */
export function useTitle(title: string, lit = false): void {
  useEffect(() => {
    document.title = `${lit ? "● " : ""}${title ? `${title} · ` : ""}Porchlight`;
  }, [title, lit]);
}
