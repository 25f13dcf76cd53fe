import { Backoff } from "./backoff";
import { Problem } from "./problem";
import { at, type RoomOptions } from "./room";
import { Socket } from "./socket";

/** What those who wait are told of the room. */
export interface Waited {
  name: string;
  /** It is on air. */
  live: boolean;
}

/** Somebody waits to be let into a room. Comes back by itself when the connection is lost. */
export class Lobby {
  #options: Omit<RoomOptions, "microphone" | "camera" | "resume">;
  #socket: Socket | null = null;
  #backoff = new Backoff();
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Omit<RoomOptions, "microphone" | "camera" | "resume">) {
    this.#options = options;
  }

  /**
   * Waits; done when one may come in. Fails with a {@link Problem} when that is refused: `not-let-in`, `replaced` (one waits elsewhere) and
   * what the box says.
   */
  wait(waits: (room: Waited) => void): Promise<void> {
    return new Promise((resolve, reject) => this.#knock(waits, resolve, reject));
  }

  /** Goes away. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #knock(waits: (room: Waited) => void, resolve: () => void, reject: (problem: Problem) => void): void {
    const end = (problem: Problem | null) => {
      if (this.#over) return;
      this.stop();
      if (problem) reject(problem);
      else resolve();
    };
    const event = ({ event, reason, room }: { event: string } & Record<string, unknown>) => {
      if (event === "let_in") end(null);
      else if (event === "room") waits(room as Waited);
      // A box that restarts is waited for.
      else if (event === "bye" && reason !== "shutdown") end(new Problem(String(reason), "You were not let in."));
    };
    const closed = () => {
      if (this.#over) return;
      this.#timer = setTimeout(() => this.#knock(waits, resolve, reject), this.#backoff.next());
    };
    this.#socket = new Socket(at(this.#options, "lobby"), { event, closed }, this.#options.token);
    this.#socket.request<{ room: Waited }>("knock", { name: this.#options.name }).then(
      ({ room }) => {
        this.#backoff.reset();
        waits(room);
      },
      (problem: Problem) => {
        if (!["network", "closed", "timeout"].includes(problem.type)) end(problem);
      },
    );
  }
}
