import { useEffect, useRef } from "preact/hooks";

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
