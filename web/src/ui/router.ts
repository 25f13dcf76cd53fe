import { signal } from "@preact/signals";

export type Route =
  | { page: "home" }
  | { page: "room"; room: string }
  | { page: "watch"; broadcast: string }
  | { page: "stats" }
  | { page: "trust" }
  | { page: "reachability" }
  | { page: "camera" }
  | { page: "devices" }
  | { page: "recordings" }
  | { page: "pushes"; room: string }
  | { page: "studio"; room: string }
  | { page: "sign-in" }
  | { page: "me" }
  | { page: "people"; room: string }
  | { page: "audit" }
  | { page: "settings" }
  | { page: "network" }
  | { page: "update" }
  | { page: "setup" }
  | { page: "lost" };

/** Which page a path stands for. */
export function routeOf(path: string): Route {
  if (path === "/") return { page: "home" };
  if (path === "/stats") return { page: "stats" };
  if (path === "/reachability") return { page: "reachability" };
  if (path === "/devices") return { page: "devices" };
  if (path === "/recordings") return { page: "recordings" };
  if (path === "/camera") return { page: "camera" };
  if (path === "/trust") return { page: "trust" };
  if (path === "/sign-in") return { page: "sign-in" };
  if (path === "/me") return { page: "me" };
  if (path === "/people") return { page: "people", room: "" };
  if (path === "/audit") return { page: "audit" };
  if (path === "/settings") return { page: "settings" };
  if (path === "/network") return { page: "network" };
  if (path === "/update") return { page: "update" };
  if (path === "/setup") return { page: "setup" };
  const [, kind, id] = /^\/([rb])\/([0-9a-z]{1,64})\/?$/.exec(path) ?? [];
  if (kind === "r" && id) return { page: "room", room: id };
  const [, of, room] = /^\/(pushes|studio|people)\/([0-9a-z]{1,64})\/?$/.exec(path) ?? [];
  if (of && room) return { page: of as "pushes" | "studio" | "people", room };
  if (kind === "b" && id) return { page: "watch", broadcast: id };
  return { page: "lost" };
}

export const route = signal<Route>({ page: "lost" });

/** Goes to a path of this box without loading the pages again. */
export function go(path: string): void {
  history.pushState(null, "", path);
  route.value = routeOf(location.pathname);
  scrollTo(0, 0);
}

/** Takes a secret such as `invite` out of the address's fragment; it stays there until {@link clearFragment}. */
export function fragment(name: string): string | null {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}

/** Removes the fragment from the address bar and the history. */
export function clearFragment(): void {
  history.replaceState(null, "", location.pathname + location.search);
}

/** Starts listening to links and to the browser's back and forward. */
export function startRouter(): void {
  const look = () => {
    route.value = routeOf(location.pathname);
  };
  addEventListener("popstate", look);
  // A token pasted into the address of an open page changes the fragment alone.
  addEventListener("hashchange", () => location.hash.length > 1 && location.reload());
  addEventListener("click", follow);
  look();
}

/** Follows links between the pages without loading them again. One listener for all of them. */
function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  // From there on it may have to be another door of the box: the browser asks anew.
  if (route.value.page === "trust") return;
  if (link.hash || routeOf(link.pathname).page === "lost") return;
  event.preventDefault();
  go(link.pathname);
}
