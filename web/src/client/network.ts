import type { Api } from "./api";
import type { Network, NotJoined, Reachable } from "./api-types";

export type { Network, NotJoined, Reachable };

/** The part of the API that is about the networks that the box is in. Pages load it when they need it. */
export class Networks {
  constructor(readonly api: Api) {}

  /** Looks for what is in reach, which takes some seconds. */
  show(): Promise<Network> {
    return this.api.call("GET", "/network");
  }

  /** Has the box join a network; without a password by what it knows of it, or because it asks for none. */
  join(name: string, password: string | null): Promise<Network> {
    return this.api.call("POST", "/network/join", { name, password });
  }

  forget(name: string): Promise<Network> {
    return this.api.call("POST", "/network/forget", { name });
  }
}
