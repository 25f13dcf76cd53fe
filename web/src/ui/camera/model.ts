import { signal } from "@preact/signals";
import type { Aim, Camera, CameraControl } from "../../client";
import { api, explain } from "../parts/session";
import { say } from "../parts/toast";
import { latest } from "./latest";

/** Milliseconds between two looks at what the camera has set itself. */
const LOOK = 10_000;

/** What the page shows; `null` means not known yet. */
export const report = signal<Camera | null>(null);
export const problem = signal<string | null>(null);

let sending = 0;

/** Does something, and says so when it fails: then the page shows again what is true. */
async function attempt(work: () => Promise<void>): Promise<void> {
  sending += 1;
  try {
    await work();
  } catch (error) {
    say(explain(error), "fault");
    sending -= 1;
    await look();
    return;
  }
  sending -= 1;
}

async function look(): Promise<void> {
  try {
    const fresh = await api.camera();
    // Whoever drags a slider at this moment knows better.
    if (sending === 0) report.value = fresh;
    problem.value = null;
  } catch (error) {
    problem.value = explain(error);
  }
}

/** Fills the page and keeps it current until the signal is aborted. */
export async function watchCamera(off: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const step = async () => {
    if (!document.hidden) await look();
    if (!off.aborted) timer = setTimeout(step, LOOK);
  };
  off.addEventListener("abort", () => clearTimeout(timer));
  await step();
}

function change(fields: Partial<Camera>): void {
  if (report.value) report.value = { ...report.value, ...fields };
}

const senders = new Map<number, (value: number) => void>();

/** Sets a control; the page shows it at once. */
export function setControl(id: number, value: number): void {
  const controls = report.value?.controls ?? [];
  change({ controls: controls.map(one => (one.id === id ? { ...one, value } : one)) });
  let sender = senders.get(id);
  if (!sender) {
    sender = latest(value =>
      attempt(async () => {
        const fresh = await api.setCameraControl(id, value);
        // Its own value may be a newer one by now.
        const now = report.value?.controls.find(one => one.id === id)?.value;
        const keep = (one: CameraControl) => (one.id === id && now !== undefined ? { ...one, value: now } : one);
        change({ controls: fresh.map(keep) });
      }),
    );
    senders.set(id, sender);
  }
  sender(value);
}

/** Sets everything as in a fresh camera. */
export function reset(): Promise<void> {
  return attempt(async () => change({ controls: await api.resetCamera() }));
}

const sendAim = latest((aim: Aim) => attempt(() => api.aimCamera(aim)));

/** Shows another part of the picture. */
export function aim(wanted: Aim): void {
  change({ aim: wanted });
  sendAim(wanted);
}

/** Gives the part that is shown a name. */
export function keep(name: string): Promise<void> {
  return attempt(async () => change({ presets: await api.keepCameraPreset(name) }));
}

/** Forgets a preset. */
export function forget(name: string): Promise<void> {
  return attempt(async () => change({ presets: await api.forgetCameraPreset(name) }));
}
