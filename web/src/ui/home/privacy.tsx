import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Privacy } from "../../client";
import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { api, explain } from "../parts/session";
import { say } from "../parts/toast";

/** Milliseconds between two looks at what the kernel says. */
const LOOK = 3_000;

/** Privacy mode: whether camera and microphone are closed, what the kernel says of it, and both ways. */
export function PrivacyCard() {
  const now = useSignal<Privacy | null>(null);
  const opening = useSignal(false);
  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      api.privacy().then(
        privacy => {
          now.value = privacy;
        },
        () => {},
      );
    };
    look();
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, [now]);
  const privacy = now.value;
  if (!privacy) return null;
  const close = () =>
    api.closeForPrivacy().then(
      after => {
        now.value = after;
      },
      error => say(explain(error), "fault"),
    );
  const open = () => {
    opening.value = true;
    if (privacy.screen) api.askPrivacyCode().catch(error => say(explain(error), "fault"));
  };
  const opened = privacy.opened.length > 0;
  return (
    <section aria-labelledby="privacy" data-testid="privacy" data-on={privacy.on}>
      <h2 id="privacy">{t("private_title")}</h2>
      <div class="card">
        <div class="card-text">
          <h3>{t(privacy.on ? "private_on" : "private_off")}</h3>
          <p class="small quiet" data-testid="opened">
            {opened ? t("private_opened", { nodes: privacy.opened.join(", ") }) : t("private_nothing_open")}
          </p>
        </div>
        {privacy.on ? (
          <button type="button" class="button" onClick={open} data-testid="private-end">
            {t("private_end")}
          </button>
        ) : (
          <button type="button" class="button" onClick={close} data-testid="private">
            <Icon name="lock" />
            <span>{t("private_close")}</span>
          </button>
        )}
      </div>
      <p class="small quiet">{t("private_text")}</p>
      {opening.value && privacy.on && (
        <End
          screen={privacy.screen}
          close={() => {
            opening.value = false;
          }}
          done={after => {
            now.value = after;
            opening.value = false;
          }}
        />
      )}
    </section>
  );
}

/** The code that only the box's screen shows. */
function End({ screen, close, done }: { screen: boolean; close(): void; done(after: Privacy): void }) {
  const busy = useSignal(false);
  const wrong = useSignal("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    busy.value = true;
    try {
      done(await api.endPrivacy(String(new FormData(form).get("code") ?? "")));
    } catch (error) {
      wrong.value = explain(error);
      form.querySelector("input")?.select();
    }
    busy.value = false;
  };
  return (
    <Dialog title={t("private_end_title")} close={close}>
      {screen ? (
        <form class="stack" onSubmit={submit}>
          <p>{t("private_end_text")}</p>
          <label class="field">
            <span>{t("private_code")}</span>
            <input
              name="code"
              inputMode="numeric"
              pattern="[0-9]{4}"
              maxLength={4}
              autocomplete="one-time-code"
              required
              aria-describedby="wrong-code"
              data-testid="private-code"
            />
          </label>
          <p id="wrong-code" role="alert" class="fault-text">
            {wrong.value}
          </p>
          <div class="row end">
            <button type="submit" class="button primary" disabled={busy.value} data-testid="private-open">
              {t("private_open")}
            </button>
          </div>
        </form>
      ) : (
        <p>{t("private_no_screen")}</p>
      )}
    </Dialog>
  );
}
