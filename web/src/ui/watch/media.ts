import { useEffect, useRef, useState } from "preact/hooks";
import type { Range } from "../../client";
import { api } from "../parts/session";
import { canRewind, moved, STEP } from "./rewind";

interface Media {
  title: string;
  playing: boolean;
  range: Range | null;
  play(): void;
  pause(): void;
  rewind(behind: number): void;
}

/** Tells the system what plays, and does what its keys and its lock screen ask for. */
export function useMediaSession(media: Media): void {
  const session = "mediaSession" in navigator ? navigator.mediaSession : null;
  const [box, setBox] = useState("");
  const now = useRef(media);
  now.current = media;
  const { title, playing, range } = media;
  useEffect(() => {
    // Without its name there is the title.
    if (session)
      api
        .node()
        .then(({ name }) => setBox(name))
        .catch(() => {});
    return () => {
      if (session) session.metadata = null;
    };
  }, []);
  useEffect(() => {
    if (session) session.metadata = title ? new MediaMetadata({ title, artist: box }) : null;
  }, [title, box]);
  useEffect(() => {
    if (session) session.playbackState = playing ? "playing" : "paused";
  }, [playing]);
  const past = canRewind(range);
  useEffect(() => {
    const by = (seconds: number) => () => now.current.range && now.current.rewind(moved(now.current.range, seconds));
    set(session, "play", () => now.current.play());
    set(session, "pause", () => now.current.pause());
    set(session, "stop", () => now.current.pause());
    set(session, "seekbackward", past ? ({ seekOffset }) => by(-(seekOffset ?? STEP))() : null);
    set(session, "seekforward", past ? ({ seekOffset }) => by(seekOffset ?? STEP)() : null);
    set(session, "seekto", past ? ({ seekTime = 0 }) => now.current.rewind(long(now.current.range) - seekTime) : null);
    return () => {
      for (const action of ["play", "pause", "stop", "seekbackward", "seekforward", "seekto"] as const)
        set(session, action, null);
    };
  }, [past]);
  useEffect(() => {
    const duration = long(range);
    session?.setPositionState?.(past && range ? { duration, position: duration - range.behind } : undefined);
  }, [range]);
}

/** The whole of it, in whole seconds so that a slider stands still. */
function long(range: Range | null): number {
  return range ? Math.ceil(Math.max(range.length, range.behind)) : 0;
}

function set(
  session: MediaSession | null,
  action: MediaSessionAction,
  handler: MediaSessionActionHandler | null,
): void {
  try {
    session?.setActionHandler(action, handler);
  } catch {
    // This browser does not know the action.
  }
}
