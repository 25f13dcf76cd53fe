import { useState } from "preact/hooks";
import type { SoundTest } from "../../client";
import { locale } from "../i18n";
import { fill } from "../i18n/format";
import { Findings } from "../parts/findings";
import { api, explain } from "../parts/session";
import { Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import { texts } from "./sound-texts";

const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

function Result({ test }: { test: SoundTest }) {
  const delay = String(Math.round(Math.max(0, test.delay ?? 0) / 10) * 10);
  return (
    <>
      <Findings
        testid="sound-findings"
        findings={test.findings}
        say={({ code }) => texts.codes[code] && fill(texts.codes[code], { delay })}
      />
      <ul class="small quiet sound-numbers" aria-label={texts.numbers}>
        {test.delay !== null && <li>{fill(texts.delay, { delay: test.delay })}</li>}
        {test.return_loss !== null && <li>{fill(texts.loss, { loss: tenth.format(test.return_loss) })}</li>}
        <li>{fill(texts.noise, { noise: tenth.format(test.noise) })}</li>
      </ul>
    </>
  );
}

/** Has the box play something and listen, and says what to change. For its owner. */
export function TestSound() {
  const [test, setTest] = useState<SoundTest | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setTest(null);
    try {
      setTest(await api.testSound());
    } catch (error) {
      say(explain(error), "fault");
    }
    setBusy(false);
  };
  return (
    <div class="stack">
      <p>
        <button type="button" class="button" onClick={run} disabled={busy} data-testid="sound-test">
          {test ? texts.again : texts.button}
        </button>
      </p>
      <div aria-live="polite">
        {busy ? <Skeleton label={texts.listening} lines={2} /> : <p class="small quiet">{texts.what}</p>}
        {test && <Result test={test} />}
      </div>
    </div>
  );
}
