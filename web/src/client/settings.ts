import type { Api } from "./api";
import type { Mqtt, Setting, Settings } from "./api-types";

export type { Mqtt, Setting, Settings };

/** A value of a setting; null for what it would be if nothing were chosen. */
export type SettingValue = string | number | boolean | string[] | null;

/** The part of the API that is about what the owner chooses of the box. Pages load it when they need it. */
export class Choices {
  constructor(readonly api: Api) {}

  show(): Promise<Settings> {
    return this.api.call("GET", "/settings");
  }

  /** Chooses all of these, or nothing. */
  choose(wishes: Record<string, SettingValue>): Promise<Settings> {
    return this.api.call("PATCH", "/settings", wishes);
  }

  /** Says that what is tried may stay. */
  keep(): Promise<Settings> {
    return this.api.call("POST", "/settings/keep");
  }

  /** Takes back what is tried. */
  revert(): Promise<Settings> {
    return this.api.call("POST", "/settings/revert");
  }

  /** How the connection with the broker of the house is. */
  mqtt(): Promise<Mqtt> {
    return this.api.call("GET", "/mqtt");
  }

  restart(): Promise<Settings> {
    return this.api.call("POST", "/node/restart", {});
  }

  /** Forgets everything, if this is the name of the box. */
  reset(name: string): Promise<Settings> {
    return this.api.call("POST", "/node/factory-reset", { name });
  }
}
