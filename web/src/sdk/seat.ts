import { Api } from "../client/api";
import { Backoff } from "../client/backoff";
import { Problem } from "../client/problem";
import { Room, type RoomEvents } from "../client/room";
import type { ByeReason } from "../client/state";
import { type InviteAddress, inviteAt, isMixed } from "./address";
import { Stage } from "./stage";
import type { Key } from "./texts";

/** How many characters a name may have. */
const NAME = 40;

/** What a page sends into the room. */
export interface Sent {
  microphone: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
}

/** An element that takes part in a room as a guest, by an invite: seen in the call as everybody else. */
export abstract class Seat<State extends string> extends Stage<State | "connecting" | "ended" | "error"> {
  protected room: Room | null = null;
  #box = "";
  #token: string | null = null;
  #again: ReturnType<typeof setTimeout> | undefined;
  #backoff = new Backoff(1_000, 15_000);
  #off = new AbortController();

  /** Takes the invite and joins. Failures are shown; an unreachable box is tried again. */
  protected async enter(sent: Sent): Promise<void> {
    const at = inviteAt(this.getAttribute("src") ?? "", document.baseURI);
    const wrong = at ? isMixed(location.href, at.box) && "mixed" : "bad_invite";
    if (wrong) this.fail(wrong, this.text(`${wrong}_text`));
    if (!at || wrong) return;
    this.#off.abort();
    this.#off = new AbortController();
    const { signal } = this.#off;
    // Whoever closes the page leaves at once, and not when the box misses them; who comes back by the browser's "back"
    // joins anew.
    const gone = () => {
      this.leave();
      addEventListener("pageshow", () => this.isConnected && this.anew(), { once: true });
    };
    addEventListener("pagehide", gone, { signal });
    this.show("connecting", { title: this.text("connecting") });
    await this.#join(at, sent, signal);
  }

  /** Leaves the room and gives the login back. */
  protected leave(): void {
    this.#off.abort();
    clearTimeout(this.#again);
    const [room, token] = [this.room, this.#token];
    this.room = null;
    this.#token = null;
    void room?.leave();
    // The box takes who has no login any more out of the room.
    if (token) new Api(this.#box).leave(token).catch(() => {});
  }

  protected fail(title: Key, words: string, again = true): void {
    this.left();
    const actions = again ? [this.button("again", () => this.restart())] : [];
    this.show("error", { title: this.text(title), text: words, actions });
  }

  /** What is told about the room. */
  protected abstract events(): RoomEvents;
  /** The room is over for us: what was captured is closed. */
  protected abstract left(): void;

  async #join(at: InviteAddress, sent: Sent, signal: AbortSignal): Promise<void> {
    const name = (this.getAttribute("name") || location.hostname || "Porchlight").slice(0, NAME);
    this.#box = at.box;
    try {
      if (!this.#token) {
        const guest = await new Api(at.box).enter(at.invite, name);
        if (signal.aborted) return void new Api(at.box).leave(guest.token).catch(() => {});
        this.#token = guest.token;
      }
      const room = new Room(
        { room: at.room, name, base: at.box, token: this.#token, ...sent },
        {
          ...this.events(),
          bye: reason => this.#over(signal, reason),
          problem: problem => this.#refused(signal, problem),
        },
      );
      this.room = room;
      await room.join();
      if (signal.aborted) void room.leave();
    } catch (error) {
      if (signal.aborted) return;
      this.room = null;
      const problem = error instanceof Problem ? error : new Problem("protocol", String(error));
      if (problem.status === 0 && ["network", "timeout", "closed"].includes(problem.type)) {
        this.show("error", {
          title: this.text("unreachable"),
          text: this.text("unreachable_text"),
          actions: [this.button("again", () => this.restart())],
        });
        this.#again = setTimeout(() => void this.#join(at, sent, signal), this.#backoff.next());
      } else this.#refused(signal, problem);
    }
  }

  #refused(signal: AbortSignal, problem: Problem): void {
    if (signal.aborted) return;
    if (problem.status === 401) this.#token = null;
    this.leave();
    const invite = problem.status === 401 || problem.status === 403 || problem.type === "no-room";
    if (invite) this.fail("refused", this.text("refused_text"));
    else this.fail("failed", problem.message);
  }

  #over(signal: AbortSignal, reason: Exclude<ByeReason, "shutdown">): void {
    if (signal.aborted) return;
    // The login ended with it: there is nothing to give back.
    if (reason !== "replaced") this.#token = null;
    this.leave();
    this.left();
    const put_out = reason === "removed_by_moderator" || reason === "banned";
    this.show("ended", {
      title: this.text(put_out ? "removed" : reason),
      ...(reason === "removed" && { text: this.text("removed_text") }),
      actions: reason === "replaced" ? [this.button("rejoin", () => this.restart())] : [],
    });
  }
}
