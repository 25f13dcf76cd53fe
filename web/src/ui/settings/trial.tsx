import { useEffect, useState } from "preact/hooks";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { explain } from "../parts/session";
import { say } from "../parts/toast";
import { choices, comeBack, settings, waiting } from "./model";
import { texts } from "./texts";

/** What the page says while the box starts again. */
export function Waiting() {
  const now = waiting.value;
  if (!now) return null;
  const said = { here: texts.starting, elsewhere: texts.elsewhere, nowhere: texts.not_back, reset: texts.resetting }[
    now.at
  ];
  return (
    <p class="banner" role="status" data-testid="starting">
      {fill(said, { address: now.address })}
    </p>
  );
}

/** While a change is tried: asks whether it may stay. Whoever closes the question says no. */
export function Trial() {
  const left = settings.value?.trial ?? null;
  const [until, setUntil] = useState<number | null>(null);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (left === null) return setUntil(null);
    setUntil(Date.now() + left * 1000);
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [left, settings.value]);
  const over = until !== null && now > until + 1000;
  useEffect(() => {
    // Nobody has answered: the box starts again with what was before.
    if (over) void comeBack();
  }, [over]);
  if (until === null || waiting.value || over) return null;
  const keep = () =>
    choices.keep().then(
      after => {
        settings.value = after;
        say(texts.kept);
      },
      error => say(explain(error), "fault"),
    );
  const revert = () => {
    if (settings.value?.trial == null) return;
    choices.revert().then(
      () => {
        say(texts.reverted);
        void comeBack();
      },
      error => say(explain(error), "fault"),
    );
  };
  return (
    <Dialog title={texts.trial_title} close={revert}>
      <p>{texts.trial_text}</p>
      <p class="quiet" data-testid="trial-left">
        {fill(texts.trial_left, { n: Math.max(0, Math.ceil((until - now) / 1000)) })}
      </p>
      <div class="row end">
        <button type="button" class="button" onClick={revert} data-testid="trial-revert">
          {texts.revert}
        </button>
        <button type="button" class="button primary" onClick={keep} data-testid="trial-keep">
          {texts.keep}
        </button>
      </div>
    </Dialog>
  );
}
