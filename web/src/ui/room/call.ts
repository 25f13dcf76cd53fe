import { computed, effect, type Signal, signal } from "@preact/signals";
import {
  type ByeReason,
  type ConnectionReport,
  type Participant,
  type Phase,
  type Problem,
  Room,
  type RoomState,
  type Source,
  type Tracks,
  type Verb,
  type View,
} from "../../client";
import { t } from "../i18n";
import { explain } from "../parts/session";
import { remember, remembered } from "../parts/storage";
import { say } from "../parts/toast";
import { devices, onTrack, putAway, release, wantCamera, wantMicrophone } from "./devices";
import type { Chosen, Layout } from "./scene";
import { keepSeat } from "./seat";
import { sharing, stopSharing } from "./sharing";
import { texts } from "./texts";

const LAYOUTS: readonly string[] = ["grid", "speaker", "presenter"] satisfies Layout[];

function layout(kept: string | null, usual: Layout): Layout {
  return kept && LAYOUTS.includes(kept) ? (kept as Layout) : usual;
}

/** How a call ended. */
export type Ending = { how: "left" | Exclude<ByeReason, "shutdown"> } | { how: "refused"; problem: Problem };

/** One call, from joining to its end, as the room's views read it. */
export class Call {
  readonly state: Signal<RoomState | null> = signal(null);
  readonly tracks: Signal<Map<string, Tracks<MediaStreamTrack>>> = signal(new Map());
  readonly phase: Signal<Phase> = signal("joining");
  readonly media: Signal<RTCPeerConnectionState> = signal("new");
  readonly ending: Signal<Ending | null> = signal(null);
  /** The browser wants a click before it plays sound. */
  readonly soundBlocked = signal(false);
  /** How people are shown, as this browser remembers it. */
  readonly layouts: Signal<Chosen> = signal({
    plain: layout(remembered("layout"), "grid"),
    shared: layout(remembered("layout_shared"), "presenter"),
  });
  /** The page of the grid, counted from 0. */
  readonly page = signal(0);
  /** Who stays in front, whoever speaks. */
  readonly pinned: Signal<string | null> = signal(null);
  readonly live = computed(() => this.state.value?.room.live ?? null);
  readonly me = computed(() => {
    const state = this.state.value;
    return state?.participants[state.you] ?? null;
  });
  readonly #room: Room;
  readonly #seat: { room: string; name: string };
  readonly #sounds = new Set<HTMLAudioElement>();
  #unshare: () => void = () => {};

  /** @param resume takes back the seat that this tab had before its page was loaded again */
  constructor(room: string, name: string, resume: string | null = null) {
    this.#seat = { room, name };
    this.#room = new Room(
      { room, name, resume, microphone: devices.microphone.value, camera: devices.camera.value },
      {
        state: state => {
          const before = this.state.value;
          this.state.value = state;
          if (before) this.#permitted(before, state);
          else if (!state.may.includes("speak")) this.#looksOn(state);
        },
        tracks: tracks => {
          this.tracks.value = tracks;
        },
        phase: phase => {
          this.phase.value = phase;
        },
        media: media => {
          this.media.value = media;
        },
        notice: ({ code, name: who }) => {
          if (code === "recording_stopped") say(texts.recording_stopped, "fault");
          if (code === "separate_missing") say(texts.separate_missing, "fault");
          if (code === "still_taken") say(t("still_taken", { name: who ?? t("somebody") }));
        },
        stopped: sources => this.#stopped(sources),
        bye: how => this.#end({ how }),
        problem: problem => this.#end({ how: "refused", problem }),
      },
    );
  }

  /** Joins; fails with a Problem. */
  async join(): Promise<void> {
    onTrack((input, track) => {
      const sent =
        input === "microphone" ? this.#room.setMicrophone(track, track?.enabled ?? false) : this.#room.setCamera(track);
      sent.catch((error: unknown) => console.warn(`The ${input} could not be changed:`, error));
    });
    this.#unshare = effect(() => {
      const screen = sharing.value;
      void this.#room.setScreen(screen).catch((error: unknown) => console.warn("The screen is not shared:", error));
    });
    try {
      await this.#room.join();
    } catch (error) {
      onTrack(null);
      this.#unshare();
      throw error;
    }
  }

  may(verb: Verb): boolean {
    return this.state.value?.may.includes(verb) ?? false;
  }

  /** Shows people like this from now on; the layout for shared screens is a choice of its own. */
  choose(layout: Layout, shared: boolean): void {
    this.layouts.value = { ...this.layouts.value, [shared ? "shared" : "plain"]: layout };
    remember(shared ? "layout_shared" : "layout", layout);
  }

  /** Keeps somebody in front, or no longer. In the grid nobody is in front: then the layout changes with it. */
  pin = (participant: string): void => {
    const already = this.pinned.value === participant;
    this.pinned.value = already ? null : participant;
    if (!already && this.layouts.value.plain === "grid") this.choose("speaker", false);
  };

  /** Tells the box what is on the page. */
  show(view: View): void {
    this.#room.setView(view);
  }

  /** What the box knows about this connection; fails with a Problem. */
  report(): Promise<ConnectionReport> {
    return this.#room.report();
  }

  /** What the browser knows about it. */
  stats(): Promise<RTCStatsReport | null> {
    return this.#room.stats();
  }

  /** What this page sends in a section of its connection. */
  sourceOf(mid: string | null, kind: string): Source {
    return this.#room.sources()[mid ?? ""] ?? (kind === "audio" ? "microphone" : "camera");
  }

  /** The box, while it is in the call. */
  box(): Participant | null {
    return Object.values(this.state.value?.participants ?? {}).find(({ kind }) => kind === "box") ?? null;
  }

  async leave(): Promise<void> {
    this.#end({ how: "left" });
    await this.#room.leave();
  }

  /** The page goes away, maybe to come back at once: the seat is held for it. */
  goAway(): void {
    if (this.ending.value) return;
    const resume = this.#room.hold();
    keepSeat({ ...this.#seat, resume });
    this.#end({ how: "left" });
  }

  /** Something asked of the box; a refusal is told to the person. `true`: it was done. */
  async ask(what: (room: Room) => Promise<unknown>): Promise<boolean> {
    try {
      await what(this.#room);
      return true;
    } catch (error) {
      say(explain(error), "fault");
      return false;
    }
  }

  /** Somebody who keeps order has stopped something: the page follows, and one may begin it again. */
  #stopped(sources: Source[]): void {
    for (const source of sources) {
      if (source === "microphone") void wantMicrophone(false);
      if (source === "camera") void wantCamera(false);
      if (source === "screen") stopSharing();
      if (source !== "screen_sound") say(texts[`stopped_${source}`]);
    }
  }

  /** What one may do is something else: what one may not do any more ends, and nothing begins by itself. */
  #permitted(before: RoomState, now: RoomState): void {
    const lost = (verb: Verb) => before.may.includes(verb) && !now.may.includes(verb);
    if (lost("share_screen")) stopSharing();
    if (lost("speak") || lost("show_camera")) this.#looksOn(now);
    if (!before.may.includes("speak") && now.may.includes("speak")) say(texts.on_stage);
    else if (lost("speak")) say(texts.off_stage);
  }

  /** Camera and microphone are closed as far as they may not be used. */
  #looksOn({ may }: RoomState): void {
    if (!may.includes("speak")) putAway("microphone");
    if (!may.includes("show_camera")) putAway("camera");
  }

  /** Plays a participant's sound; where the browser refuses, a click is asked for. */
  play(sound: HTMLAudioElement): void {
    this.#sounds.add(sound);
    sound.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.soundBlocked.value = true;
    });
  }

  /** Forgets an element that is gone. */
  forget(sound: HTMLAudioElement): void {
    this.#sounds.delete(sound);
  }

  /** To be called from a click. */
  startSound(): void {
    this.soundBlocked.value = false;
    for (const sound of this.#sounds) this.play(sound);
  }

  #end(ending: Ending): void {
    if (this.ending.value) return;
    onTrack(null);
    this.#unshare();
    stopSharing();
    release();
    this.ending.value = ending;
  }
}
