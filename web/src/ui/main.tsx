import type { ComponentType } from "preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { language, t } from "./i18n";
import { session } from "./parts/session";
import { Header, Message, Skeleton } from "./parts/shell";
import { Toasts } from "./parts/toast";
import { route, startRouter } from "./router";

type Page = ComponentType<{ id: string }>;

/** The pages, each loaded when it is first shown. */
const PAGES: Record<
  | "home"
  | "room"
  | "watch"
  | "stats"
  | "trust"
  | "reachability"
  | "camera"
  | "devices"
  | "recordings"
  | "pushes"
  | "studio"
  | "sign-in"
  | "me"
  | "people"
  | "audit"
  | "settings"
  | "network"
  | "update"
  | "setup",
  () => Promise<{ default: Page }>
> = {
  home: () => import("./home/page"),
  room: () => import("./room/page"),
  watch: () => import("./watch/page"),
  stats: () => import("./stats/page"),
  trust: () => import("./trust/page"),
  reachability: () => import("./reachability/page"),
  camera: () => import("./camera/page"),
  devices: () => import("./devices/page"),
  recordings: () => import("./recordings/page"),
  pushes: () => import("./pushes/page"),
  studio: () => import("./studio/page"),
  "sign-in": () => import("./sign-in/page"),
  me: () => import("./me/page"),
  people: () => import("./people/page"),
  audit: () => import("./audit/page"),
  settings: () => import("./settings/page"),
  network: () => import("./network/page"),
  update: () => import("./update/page"),
  setup: () => import("./setup/page"),
};

function Lost() {
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <Message title={t("lost_title")} text={t("lost_text")}>
          <a href="/" class="button primary">
            {t("to_home")}
          </a>
        </Message>
      </main>
    </>
  );
}

function App() {
  const here = route.value;
  const [loaded, setLoaded] = useState<{ page: string; Page: Page } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    document.documentElement.dataset.page = here.page;
    if (here.page === "lost") return;
    PAGES[here.page]().then(
      module => setLoaded({ page: here.page, Page: module.default }),
      () => setFailed(true),
    );
  }, [here.page]);
  if (here.page === "lost") return <Lost />;
  if (failed) {
    return (
      <main class="page">
        <Message tone="fault" title={t("load_failed_title")} text={t("load_failed_text")}>
          <button type="button" class="button primary" onClick={() => location.reload()}>
            {t("try_again")}
          </button>
        </Message>
      </main>
    );
  }
  if (loaded?.page !== here.page) {
    return (
      <main class="page">
        <Skeleton label={t("loading")} />
      </main>
    );
  }
  const id = "room" in here ? here.room : "broadcast" in here ? here.broadcast : "";
  return <loaded.Page key={id} id={id} />;
}

/** Who rings, on every page of those whose box it is, and loaded for them alone. */
function Calls() {
  const host = session.value?.owner ?? false;
  const [Loaded, setLoaded] = useState<{ Incoming: ComponentType } | null>(null);
  useEffect(() => {
    // Without it the page is as good as any guest's.
    if (host) import("./parts/incoming").then(setLoaded, () => {});
  }, [host]);
  return Loaded && <Loaded.Incoming />;
}

document.documentElement.lang = language;
startRouter();
const root = document.getElementById("app");
if (root) {
  render(
    <>
      <App />
      <Calls />
      <Toasts />
    </>,
    root,
  );
}
