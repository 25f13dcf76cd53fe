import { signal } from "@preact/signals";
import type { Content, Screen } from "../../client";

/** The screen that this page shares. */
export const sharing = signal<Screen | null>(null);

/** Whether this browser can share a screen at all: those of phones can't. */
export const canShare = typeof globalThis.navigator?.mediaDevices?.getDisplayMedia === "function";

/** Pictures a second: text moves little, and has to be sharp. */
const RATE: Record<Content, number> = { detail: 15, motion: 30 };

/** Asks the person which screen, and captures it. `false`: they changed their mind. Fails where the system forbids it. */
export async function shareScreen(): Promise<boolean> {
  let stream: MediaStream;
  try {
    const wanted: DisplayMediaStreamOptions & { systemAudio: string; surfaceSwitching: string } = {
      video: { frameRate: { max: RATE.motion }, width: { max: 1920 }, height: { max: 1080 } },
      audio: true,
      // All that a computer plays includes the voices of the others: they would hear themselves.
      systemAudio: "exclude",
      surfaceSwitching: "include",
    };
    stream = await navigator.mediaDevices.getDisplayMedia(wanted);
  } catch (error) {
    // The browser's own window was closed; systems that forbid it say the same, but at once and in their own words.
    if (error instanceof DOMException && error.name === "NotAllowedError") return false;
    throw error;
  }
  const [video] = stream.getVideoTracks();
  if (!video) return false;
  stopSharing();
  // "Stop sharing" of the browser.
  video.onended = () => {
    if (sharing.value?.video === video) stopSharing();
  };
  sharing.value = { video, sound: stream.getAudioTracks()[0] ?? null, content: "detail" };
  hint(video, "detail");
  return true;
}

/** Says what is shown: the encoder keeps text sharp, or movement smooth. */
export function setContent(content: Content): void {
  const now = sharing.value;
  if (!now) return;
  hint(now.video, content);
  sharing.value = { ...now, content };
}

export function stopSharing(): void {
  const now = sharing.value;
  sharing.value = null;
  now?.video.stop();
  now?.sound?.stop();
}

function hint(track: MediaStreamTrack, content: Content): void {
  track.contentHint = content;
  track
    .applyConstraints({ frameRate: { max: RATE[content] }, width: { max: 1920 }, height: { max: 1080 } })
    .catch(() => {});
}
