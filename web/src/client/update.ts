import type { Api } from "./api";
import type { Going, Slot, Update, UpdateFailure, UpdateStage } from "./api-types";
import { Problem } from "./problem";

export type { Going, Slot, Update, UpdateFailure, UpdateStage };

/** The part of the API that is about updates of a box that is an image. Pages load it when they need it. */
export class Updates {
  constructor(readonly api: Api) {}

  show(): Promise<Update> {
    return this.api.call("GET", "/update");
  }

  /** Has the box fetch a bundle and install it. */
  fetch(address: string): Promise<Update> {
    return this.api.call("POST", "/update", { address });
  }

  /** Uploads a bundle, which takes as long as it takes, and has it installed. */
  async upload(bundle: Blob): Promise<void> {
    let response: Response;
    try {
      response = await fetch(`${this.api.base}/api/v1/update/bundle`, {
        method: "PUT",
        body: bundle,
        credentials: "same-origin",
        headers: { "content-type": "application/vnd.rauc" },
      });
    } catch {
      throw new Problem("network", "The bundle did not come whole.");
    }
    if (!response.ok) throw Problem.from(await response.json().catch(() => null), response.status);
  }

  /** Restarts the machine into the update. */
  async restart(confirmed: boolean): Promise<void> {
    await this.api.call("POST", "/update/restart", { confirmed });
  }
}
