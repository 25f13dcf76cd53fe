import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { PluggedIn } from "../../client";
import { Problem } from "../../client/problem";
import { Choices, type Settings } from "../../client/settings";
import { home } from "../home/model";
import { api, explain, refreshSession } from "../parts/session";
import { addressAfter, type ByKey, type Draft } from "./catalogue";
import { texts } from "./texts";

/** Milliseconds between two tries to reach a box that starts again. */
const TRY = 700;
/** How long it may take: a trial is over by then as well. */
const PATIENCE = 60_000;

/** The part of this page's box's API that is about its settings. */
export const choices = new Choices(api);

/** How the settings are; null until the box has said so. */
export const settings = signal<Settings | null>(null);
export const plugged = signal<PluggedIn | null>(null);
/** What keeps the page from the box while it starts again. */
export const waiting = signal<{ at: "here" | "elsewhere" | "nowhere" | "reset"; address: string } | null>(null);

export function byKey(of: Settings): ByKey {
  return new Map(of.settings.map(setting => [setting.key, setting]));
}

/** Asks the box for everything, once for a page; gives why that failed. */
export function useSettings(): string | null {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const look = async () => {
      await refreshSession();
      [home.node.value, settings.value] = await Promise.all([api.node(), choices.show()]);
      // Without it, devices are chosen by what the configuration calls them.
      plugged.value = await api.devices().catch(() => null);
    };
    look().catch(error => {
      const refused = error instanceof Problem && (error.status === 401 || error.status === 403);
      setProblem(refused ? texts.not_yours : explain(error));
    });
  }, []);
  return problem;
}

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Waits until the box is there again after a start, and takes over what it says. */
export async function comeBack(): Promise<void> {
  waiting.value = { at: "here", address: location.origin };
  const end = Date.now() + PATIENCE;
  // It answers for a moment after it said that it starts again.
  await pause(TRY);
  for (;;) {
    try {
      const now = await choices.show();
      if (!now.restarts) {
        settings.value = now;
        waiting.value = null;
        plugged.value = await api.devices().catch(() => null);
        return;
      }
    } catch (error) {
      if (error instanceof Problem && error.status !== 0 && error.status < 500) throw error;
      if (Date.now() > end) waiting.value = { at: "nowhere", address: location.origin };
    }
    await pause(TRY);
  }
}

/** Waits until the box is there again as a new one, and goes where it asks for its number. */
export async function startOver(): Promise<void> {
  waiting.value = { at: "reset", address: location.origin };
  for (;;) {
    await pause(TRY);
    try {
      const { owned } = await api.node();
      if (!owned) return location.replace("/sign-in");
    } catch {
      // It starts, or its certificate is not known yet: what the page says holds for both.
    }
  }
}

/** Saves what was changed; where the box starts again for that, waits for it, here or at its other address. */
export async function save(draft: Draft): Promise<void> {
  const after = await choices.choose(draft);
  if (!after.restarts) {
    settings.value = after;
    return;
  }
  const elsewhere = addressAfter(draft, new URL(location.href));
  if (elsewhere) {
    waiting.value = { at: "elsewhere", address: elsewhere };
    await pause(3 * TRY);
    location.replace(elsewhere);
    return;
  }
  await comeBack();
}
