import { useEffect, useState } from "preact/hooks";
import type { Trust } from "../../client";
import { t } from "../i18n";
import { useLazy } from "../parts/lazy";
import { api, explain, refreshSession, session } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { type Guide, guess, texts } from "./texts";

function Steps({ guide, open }: { guide: Guide; open: boolean }) {
  return (
    <details class="guide" open={open} data-testid={`guide-${guide.id}`}>
      <summary>{guide.name}</summary>
      <p>
        <a class="button" href={guide.file}>
          {texts.download}
        </a>
      </p>
      <ol>
        {guide.steps.map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </details>
  );
}

function Authority({ trust, sha256 }: { trust: Trust; sha256: string }) {
  const likely = guess(navigator.userAgent);
  return (
    <>
      <section aria-labelledby="fingerprint">
        <h2 id="fingerprint">{texts.fingerprint}</h2>
        <p class="fingerprint" data-testid="fingerprint">
          {sha256.match(/.{1,12}/g)?.join(" ")}
        </p>
        <p class="small quiet">{texts.compare}</p>
      </section>
      <section aria-labelledby="systems">
        <h2 id="systems">{texts.systems}</h2>
        <div class="guides">
          {texts.guides.map(guide => (
            <Steps key={guide.id} guide={guide} open={guide.id === likely} />
          ))}
        </div>
        <p class="small quiet">{texts.limits}</p>
      </section>
      <section aria-labelledby="phone">
        <h2 id="phone">{texts.phone}</h2>
        <div class="phone">
          <img src="/trust.svg" width="160" height="160" alt={texts.code} data-testid="code" />
          <div class="stack tight">
            <p>{texts.phone_text}</p>
            <p class="address">{trust.page}</p>
          </div>
        </div>
      </section>
    </>
  );
}

/** How a device comes to trust the box. It is also served by plain HTTP, to those who do not trust it yet. */
export default function TrustPage() {
  const [trust, setTrust] = useState<Trust | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    api.trust().then(setTrust, error => setProblem(explain(error)));
    // By plain HTTP nobody is signed in.
    refreshSession().catch(() => {});
  }, []);
  const card = useLazy(session.value?.owner ?? false, () => import("../certificate/card"));
  useTitle(texts.title, false);
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!trust && !problem && <Skeleton label={t("loading")} />}
        {trust && (
          <>
            <p>{trust.authority ? texts.why : trust.secure ? texts.nothing : texts.off}</p>
            {trust.authority && <Authority trust={trust} sha256={trust.authority.sha256} />}
            {trust.secure && (
              <section aria-labelledby="after">
                <h2 id="after">{texts.after}</h2>
                <p>
                  <a class="button primary large" href={trust.secure} data-testid="secure">
                    {texts.open}
                  </a>
                </p>
                <p class="address quiet">{trust.secure}</p>
                {trust.authority && <p class="small quiet">{texts.without}</p>}
              </section>
            )}
          </>
        )}
        {card && <card.CertificateCard />}
      </main>
    </>
  );
}
