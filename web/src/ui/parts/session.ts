import { signal } from "@preact/signals";
import { Api, type Session } from "../../client/api";
import { Problem } from "../../client/problem";
import { t } from "../i18n";

/** The one API of this page's box. */
export const api = new Api();

/** Who the box takes us for; `null` until it said so. */
export const session = signal<Session | null>(null);

/** Asks the box who we are. */
export async function refreshSession(): Promise<Session> {
  session.value = await api.session();
  return session.value;
}

/** A sentence for a failure of any kind, in the reader's language where we know the kind. */
export function explain(error: unknown): string {
  if (!(error instanceof Problem)) return t("problem_unknown");
  switch (error.type) {
    case "network":
      return t("problem_network");
    case "timeout":
      return t("problem_timeout");
    case "closed":
      return t("problem_closed");
    case "protocol":
      return t("problem_unknown");
    default:
      // What is the box's own fault is found in its log by this.
      return error.status >= 500 && error.request
        ? `${error.message} (${t("reference", { request: error.request })})`
        : error.message;
  }
}
