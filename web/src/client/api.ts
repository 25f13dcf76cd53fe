import { Problem } from "./problem";

/** Who the box takes this browser for. */
export interface Session {
  role: "host" | "guest" | "viewer";
  name: string | null;
  /** The room an invite led to. */
  room: string | null;
}

export interface Device {
  /** `null`: there is none. */
  name: string | null;
  stand_in?: boolean;
}

export interface Node {
  name: string;
  version: string;
  /** For the owner only. */
  devices?: Partial<Record<"camera" | "microphone" | "speaker" | "screen", Device>>;
}

export interface RoomSummary {
  id: string;
  name: string;
  people: number;
  broadcast: string;
  live: boolean;
}

export interface Invite {
  id: string;
  created?: string;
  expires: string;
  used?: number;
}

export interface NewInvite extends Invite {
  /** Holds the secret; the box shows it this once. */
  url: string;
}

export interface Broadcast {
  id: string;
  title: string;
  live: boolean;
  since: string | null;
  viewers: number;
  /** Nothing captured before this moment may be shown any more: somebody has taken their consent back. */
  cut?: string | null;
}

/** Milliseconds before a request is given up. */
const PATIENCE = 10_000;

/** The HTTP API of one box, as in docs/reference/http.md. Every method throws a {@link Problem} when it fails. */
export class Api {
  /** @param base the box's address without a slash at the end; by default the page's own */
  constructor(readonly base = "") {}

  session(): Promise<Session> {
    return this.#json("GET", "/session");
  }

  /** Signs in by the owner's one-time token. */
  signInAsOwner(token: string): Promise<Session> {
    return this.#json("POST", "/session", { owner: token });
  }

  /** Signs in by an invite. */
  signInByInvite(token: string, name: string): Promise<Session> {
    return this.#json("POST", "/session", { invite: token, name });
  }

  async signOut(): Promise<void> {
    await this.#send("DELETE", "/session");
  }

  node(): Promise<Node> {
    return this.#json("GET", "/node");
  }

  rooms(): Promise<RoomSummary[]> {
    return this.#json("GET", "/rooms");
  }

  room(room: string): Promise<RoomSummary> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}`);
  }

  createRoom(name: string): Promise<RoomSummary> {
    return this.#json("POST", "/rooms", { name });
  }

  async closeRoom(room: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}`);
  }

  invites(room: string): Promise<Invite[]> {
    return this.#json("GET", `/rooms/${encodeURIComponent(room)}/invites`);
  }

  createInvite(room: string, hours: number): Promise<NewInvite> {
    return this.#json("POST", `/rooms/${encodeURIComponent(room)}/invites`, { hours });
  }

  async revokeInvite(room: string, invite: string): Promise<void> {
    await this.#send("DELETE", `/rooms/${encodeURIComponent(room)}/invites/${encodeURIComponent(invite)}`);
  }

  /** A photograph of the box's screen, as JPEG. Everybody in the room is told. */
  async still(room: string): Promise<Blob> {
    return (await this.#send("GET", `/rooms/${encodeURIComponent(room)}/still`)).blob();
  }

  broadcasts(): Promise<Broadcast[]> {
    return this.#json("GET", "/broadcasts");
  }

  broadcast(broadcast: string): Promise<Broadcast> {
    return this.#json("GET", `/broadcasts/${encodeURIComponent(broadcast)}`);
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    try {
      return (await response.json()) as T;
    } catch {
      throw new Problem("protocol", "The box's answer could not be read.", response.status);
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const request: RequestInit = {
      method,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    };
    if (body !== undefined) {
      request.body = JSON.stringify(body);
      request.headers = { "content-type": "application/json" };
    }
    let response: Response;
    try {
      response = await fetch(`${this.base}/api/v1${path}`, request);
    } catch (error) {
      const late = error instanceof DOMException && error.name === "TimeoutError";
      throw late
        ? new Problem("timeout", "The box did not answer in time.")
        : new Problem("network", "The box cannot be reached.");
    }
    if (response.ok) return response;
    throw Problem.from(await response.json().catch(() => null), response.status);
  }
}
