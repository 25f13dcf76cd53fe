import { batch, signal } from "@preact/signals";
import { keep, kept, remember, remembered } from "../parts/storage";

export type Input = "microphone" | "camera";

/**
 * Why a device does not work. `insecure`: browsers give devices to secure pages only. `blocked`: the person or the browser
 * said no. `missing`: there is none. `busy`: another program has it.
 */
export type Trouble = "insecure" | "blocked" | "missing" | "busy";

/** How much picture the camera gives: `small` saves data and battery. */
export type PictureSize = "standard" | "small";

const PICTURES: Record<PictureSize, MediaTrackConstraints> = {
  standard: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  small: { width: { ideal: 320 }, height: { ideal: 180 }, frameRate: { ideal: 15 } },
};

/** What a page captures. One capture per page; the room's views read it, the call sends it. */
export const devices = {
  microphone: signal<MediaStreamTrack | null>(null),
  camera: signal<MediaStreamTrack | null>(null),
  /** What the person wants, whether or not the device works. Who is muted stays so when the page is loaded again. */
  wanted: {
    microphone: signal(kept("microphone_off") === null),
    camera: signal(kept("camera_off") === null),
  },
  trouble: { microphone: signal<Trouble | null>(null), camera: signal<Trouble | null>(null) },
  /** Asking the browser, for the first time on this page. */
  asking: signal(false),
  list: signal<MediaDeviceInfo[]>([]),
  choice: {
    microphone: signal(remembered("microphone") ?? ""),
    camera: signal(remembered("camera") ?? ""),
    speaker: signal(remembered("speaker") ?? ""),
  },
  picture: signal<PictureSize>(remembered("picture") === "small" ? "small" : "standard"),
};

/** Told when a track is another one, so that the call sends it. */
type Changed = (input: Input, track: MediaStreamTrack | null) => void;
let changed: Changed = () => {};

/** Who is told about new tracks: the call while there is one. */
export function onTrack(listener: Changed | null): void {
  changed = listener ?? (() => {});
}

function constraints(input: Input, chosen: boolean): MediaTrackConstraints {
  const id = chosen && devices.choice[input].value;
  // Exact: Chromium gives the default microphone to whoever merely prefers another one.
  const device: MediaTrackConstraints = id ? { deviceId: { exact: id } } : {};
  if (input === "camera") return { ...device, ...PICTURES[devices.picture.value] };
  return { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}

async function capture(inputs: readonly Input[], chosen = true): Promise<void> {
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      ...(inputs.includes("microphone") && { audio: constraints("microphone", chosen) }),
      ...(inputs.includes("camera") && { video: constraints("camera", chosen) }),
    });
  } catch (error) {
    // What was chosen once is not plugged in today: another one takes its place.
    if (chosen && error instanceof DOMException && error.name === "OverconstrainedError") return capture(inputs, false);
    throw error;
  }
  batch(() => {
    for (const track of stream.getTracks()) use(track.kind === "audio" ? "microphone" : "camera", track);
  });
}

function use(input: Input, track: MediaStreamTrack | null): void {
  const before = devices[input].value;
  if (before === track) return;
  if (before) {
    before.onended = null;
    before.stop();
  }
  if (track) {
    devices.trouble[input].value = null;
    if (input === "microphone") track.enabled = devices.wanted.microphone.value;
    // Unplugged, or taken away by the system.
    track.onended = () => {
      devices.trouble[input].value = "missing";
      use(input, null);
    };
  }
  devices[input].value = track;
  changed(input, track);
}

/** Asks for what is wanted and not there yet. Failures end up in `trouble`; it never throws. */
export async function capturing(): Promise<void> {
  if (!navigator.mediaDevices) {
    devices.trouble.microphone.value = "insecure";
    devices.trouble.camera.value = "insecure";
    return;
  }
  const missing = (["microphone", "camera"] as const).filter(
    input => devices.wanted[input].value && devices[input].value === null,
  );
  if (missing.length === 0) return;
  devices.asking.value = true;
  try {
    await capture(missing);
  } catch (error) {
    // One missing device fails the request for both: ask for each alone. After a "no", only for what is allowed already,
    // so that nobody is asked twice.
    for (const input of missing) {
      if (missing.length === 1 || (troubleOf(error) === "blocked" && !(await allowed(input)))) {
        devices.trouble[input].value = troubleOf(error);
      } else {
        await capture([input]).catch((alone: unknown) => {
          devices.trouble[input].value = troubleOf(alone);
        });
      }
    }
  } finally {
    devices.asking.value = false;
    await relist();
  }
}

/** Waits until the browser has given or refused the devices, at most this many milliseconds: people overlook questions. */
export function asked(patience: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(() => done(), patience);
    const stop = devices.asking.subscribe(asking => asking || queueMicrotask(done));
    function done(): void {
      clearTimeout(timer);
      stop();
      resolve();
    }
  });
}

async function allowed(input: Input): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: input })).state === "granted";
  } catch {
    return false;
  }
}

/** Reads again what is plugged in. */
export async function relist(): Promise<void> {
  devices.list.value = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
}

/** Mutes or unmutes; the microphone stays open, so that unmuting is immediate. */
export async function wantMicrophone(wanted: boolean): Promise<void> {
  devices.wanted.microphone.value = wanted;
  keep("microphone_off", wanted ? null : "1");
  const track = devices.microphone.value;
  if (track) {
    track.enabled = wanted;
    changed("microphone", track);
  } else if (wanted) await capturing();
}

/** Turns the camera on or off; off means closed, its lamp goes dark. */
export async function wantCamera(wanted: boolean): Promise<void> {
  devices.wanted.camera.value = wanted;
  keep("camera_off", wanted ? null : "1");
  if (wanted) await capturing();
  else use("camera", null);
}

/** Closes a device that may not be used: its lamp goes dark, and it does not begin again by itself. */
export function putAway(input: Input): void {
  devices.wanted[input].value = false;
  use(input, null);
}

/** Takes another device from now on. */
export async function choose(what: Input | "speaker", id: string): Promise<void> {
  devices.choice[what].value = id;
  remember(what, id);
  if (what !== "speaker") await recapture(what);
}

/** Takes another picture size from now on. */
export async function choosePicture(size: PictureSize): Promise<void> {
  devices.picture.value = size;
  remember("picture", size);
  await recapture("camera");
}

async function recapture(input: Input): Promise<void> {
  if (!devices.wanted[input].value) return;
  // The old one is closed first: many cameras can be opened once only.
  use(input, null);
  await capturing();
}

/** Closes everything: the lamps go dark. */
export function release(): void {
  use("microphone", null);
  use("camera", null);
}
