import { batch, signal } from "@preact/signals";
import type { Broadcast, Node, RoomSummary } from "../../client";
import { Problem } from "../../client/problem";
import { api, refreshSession, session } from "../parts/session";
import { clearFragment, fragment } from "../router";

/** Milliseconds between two looks at what is live. */
const LOOK = 5_000;

/** A recording that everybody may watch. */
export type Recorded = Broadcast & { recorded: NonNullable<Broadcast["recorded"]> };

export function isRecorded(broadcast: Broadcast): broadcast is Recorded {
  return broadcast.recorded !== null;
}

/** What the home page shows; `null` means not known yet. */
export const home = {
  node: signal<Node | null>(null),
  /** What is on air. */
  broadcasts: signal<Broadcast[] | null>(null),
  /** Recordings that everybody may watch. */
  recorded: signal<Recorded[]>([]),
  rooms: signal<RoomSummary[] | null>(null),
  /** The owner's link was refused. */
  linkRefused: signal<Problem | null>(null),
  /** The box cannot be reached. */
  unreachable: signal(false),
};

/** Uses up the owner's one-time link, if the address holds one. */
async function signInByLink(): Promise<void> {
  const token = fragment("owner");
  if (!token) return;
  try {
    session.value = await api.signInAsOwner(token);
    clearFragment();
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 0 || error.status >= 500) throw error;
    clearFragment();
    home.linkRefused.value = error;
  }
}

/** Whether there is a room that this session has a place in, or may have. */
export function hasPlace(): boolean {
  const now = session.value;
  return now !== null && (now.role !== "viewer" || now.room !== null);
}

async function look(again = true): Promise<void> {
  try {
    const host = session.value?.owner ?? false;
    const [broadcasts, rooms, node] = await Promise.all([
      api.broadcasts(),
      hasPlace() ? api.rooms() : [],
      // Devices come and go.
      host ? api.node() : home.node.value,
    ]);
    batch(() => {
      home.node.value = node;
      home.broadcasts.value = broadcasts.filter(({ live }) => live);
      home.recorded.value = broadcasts.filter(isRecorded);
      home.rooms.value = rooms;
      home.unreachable.value = false;
    });
  } catch (error) {
    if (again && error instanceof Problem && (error.status === 401 || error.status === 403)) {
      // The session ended in the meantime.
      await refreshSession();
      return look(false);
    }
    home.unreachable.value = true;
  }
}

/** Fills the page and keeps it current until the signal is aborted. */
export async function watchHome(off: AbortSignal): Promise<void> {
  let known = false;
  const step = async () => {
    try {
      if (!known) {
        await signInByLink();
        await refreshSession();
        home.node.value = await api.node();
        known = true;
      }
      await look();
    } catch {
      home.unreachable.value = true;
    }
    if (!off.aborted) timer = setTimeout(() => (document.hidden ? rest() : step()), LOOK);
  };
  const rest = () => {
    if (!off.aborted) timer = setTimeout(() => (document.hidden ? rest() : step()), LOOK);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  off.addEventListener("abort", () => clearTimeout(timer));
  await step();
}

/** Makes a room and gives its id. */
export async function createRoom(name: string): Promise<string> {
  const room = await api.createRoom(name);
  return room.id;
}

/** Closes a room for everybody. */
export async function closeRoom(room: string): Promise<void> {
  await api.closeRoom(room);
  await look();
}

/** Forgets who we are. */
export async function signOut(): Promise<void> {
  await api.signOut();
  await refreshSession();
  home.node.value = await api.node();
  await look();
}
