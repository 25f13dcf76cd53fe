import { useMediaSession } from "./media";

export { WatchChat } from "../chat/watching";
export { ComeIn } from "./come-in";

/** The keys of a headset or a lock screen. */
export function MediaKeys(props: Parameters<typeof useMediaSession>[0]) {
  useMediaSession(props);
  return null;
}
