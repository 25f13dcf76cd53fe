import type { Sent } from "./seat";

/**
 * Why there is no camera or microphone. `insecure`: browsers give them to secure pages only. `blocked`: the person or the
 * browser said no. `missing`: there is none. `busy`: another program has it.
 */
export type Trouble = "insecure" | "blocked" | "missing" | "busy";

const CAMERA: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Asks the browser for what is wanted. */
export async function capture(wanted: { camera: boolean; microphone: boolean }): Promise<Sent | Trouble> {
  if (!wanted.camera && !wanted.microphone) return { camera: null, microphone: null };
  if (!navigator.mediaDevices) return "insecure";
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      ...(wanted.camera && { video: CAMERA }),
      ...(wanted.microphone && { audio: MICROPHONE }),
    });
    return { camera: stream.getVideoTracks()[0] ?? null, microphone: stream.getAudioTracks()[0] ?? null };
  } catch (error) {
    return troubleOf(error);
  }
}

/** Closes what nobody wants any more: the lamps go dark. */
export function close(sent: Sent | Trouble): void {
  if (typeof sent === "string") return;
  sent.camera?.stop();
  sent.microphone?.stop();
}

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}
