import type { PlayerKind } from "../../client";
import { remembered } from "./storage";

/** The one way to play broadcasts that was asked for on this browser, if any. */
export function forcedPlayer(): PlayerKind | null {
  const player = remembered("player");
  return player === "hls" || player === "whep" ? player : null;
}
