import { useEffect, useState } from "preact/hooks";
import type { Certificates } from "../../client";
import { locale } from "../i18n";
import { day, fill } from "../i18n/format";
import { Findings } from "../parts/findings";
import { api, explain } from "../parts/session";
import { Skeleton } from "../parts/shell";
import { say } from "../parts/toast";
import { texts } from "./texts";

/** How often it is looked at while the authority is being asked, in milliseconds. */
const LOOK = 2_000;

function Shown({ certificates }: { certificates: Certificates["certificates"] }) {
  return (
    <ul class="stack tight" data-testid="certificates">
      {certificates.map(({ source, names, valid_until }) => (
        <li key={source} data-source={source}>
          <strong>{texts.sources[source]}</strong>, {fill(texts.until, { day: day(valid_until, locale) })}
          <br />
          <span class="small quiet address">{names.join(", ")}</span>
        </li>
      ))}
    </ul>
  );
}

function Outside({ acme }: { acme: NonNullable<Certificates["acme"]> }) {
  const { failure } = acme;
  return (
    <>
      {failure && (
        <>
          <p>{fill(texts.failed, { day: day(failure.at, locale) })}</p>
          <Findings
            testid="certificate-failure"
            findings={[{ ...failure, level: acme.valid_until ? "note" : "bad" }]}
            say={({ code }) => texts.codes[code]}
          />
          {failure.detail && (
            <p class="small quiet" lang="en">
              {failure.detail}
            </p>
          )}
        </>
      )}
      <p data-testid="certificate-next">
        {acme.asking
          ? texts.asking
          : acme.next
            ? fill(acme.valid_until && !failure ? texts.renewed : texts.next, { day: day(acme.next, locale) })
            : texts.clock}
      </p>
    </>
  );
}

/** The certificates of the box, and how it goes with an authority outside. For its owner. */
export function CertificateCard() {
  const [seen, setSeen] = useState<Certificates | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = () => {
    api.certificate().then(
      now => {
        setSeen(now);
        setProblem(null);
      },
      error => setProblem(explain(error)),
    );
  };
  const asking = seen?.acme?.asking ?? false;
  useEffect(look, []);
  useEffect(() => {
    if (!asking) return;
    const timer = setInterval(look, LOOK);
    return () => clearInterval(timer);
  }, [asking]);
  const renew = () => {
    api.renewCertificate().then(
      // The box begins when it has answered.
      now => setSeen(now.acme ? { ...now, acme: { ...now.acme, asking: true } } : now),
      error => say(explain(error), "fault"),
    );
  };
  return (
    <section aria-labelledby="certificate" class="stack" data-testid="certificate">
      <h2 id="certificate">{texts.title}</h2>
      {problem && <p role="alert">{problem}</p>}
      {!seen && !problem && <Skeleton label={texts.title} lines={2} />}
      {seen && <Shown certificates={seen.certificates} />}
      {seen && (
        <div class="stack" aria-live="polite">
          {seen.acme ? <Outside acme={seen.acme} /> : <p class="small quiet">{texts.none}</p>}
        </div>
      )}
      {seen?.acme && (
        <p>
          <button type="button" class="button" onClick={renew} disabled={asking} data-testid="certificate-renew">
            {seen.acme.failure || !seen.acme.valid_until ? texts.again : texts.renew}
          </button>
        </p>
      )}
    </section>
  );
}
