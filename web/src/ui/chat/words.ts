import type { Reaction } from "../../client/chat";
import { Problem } from "../../client/problem";
import { explain } from "../parts/session";
import { texts } from "./texts";

/** The reactions that there are, in the order in which they are shown. */
export const REACTIONS: readonly [Reaction, string][] = [
  ["thumbs_up", "👍"],
  ["heart", "❤️"],
  ["laugh", "😂"],
  ["surprised", "😮"],
  ["sad", "😢"],
  ["clap", "👏"],
  ["party", "🎉"],
];

/** A sentence for what the box refused, in the reader's language. */
export function problemText(error: unknown): string {
  const known: Record<string, string> = texts.problems;
  const text = error instanceof Problem ? known[error.type] : undefined;
  return text ?? explain(error);
}
