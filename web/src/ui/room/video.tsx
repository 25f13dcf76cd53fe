import { useEffect, useRef } from "preact/hooks";
import type { Call } from "./call";
import { devices } from "./devices";

/** A picture; its sound, if any, plays elsewhere. */
export function Video({ track, mirrored, label }: { track: MediaStreamTrack; mirrored?: boolean; label: string }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    video.srcObject = new MediaStream([track]);
    // Refused only while the page is hidden or data is saved; `autoplay` tries again.
    video.play().catch(() => {});
    return () => {
      video.srcObject = null;
    };
  }, [track]);
  return <video ref={element} class={mirrored ? "mirrored" : ""} autoPlay playsInline muted aria-label={label} />;
}

/** A participant's sound, on the chosen speaker. */
export function Sound({ track, call }: { track: MediaStreamTrack; call: Call }) {
  const element = useRef<HTMLAudioElement>(null);
  const speaker = devices.choice.speaker.value;
  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    audio.srcObject = new MediaStream([track]);
    call.play(audio);
    return () => {
      call.forget(audio);
      audio.srcObject = null;
    };
  }, [track, call]);
  useEffect(() => {
    // A speaker that is gone: the browser stays with its default.
    element.current?.setSinkId?.(speaker).catch(() => {});
  }, [speaker]);
  return <audio ref={element} autoPlay data-testid="tile-audio" />;
}
