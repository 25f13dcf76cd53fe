import { useCallback, useEffect, useState } from "preact/hooks";
import type { Reachability } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { texts } from "./texts";

function Findings({ report }: { report: Reachability }) {
  return (
    <ul class="findings" data-testid="findings">
      {report.findings.map(({ code, level, text }) => (
        <li key={code} class="finding" data-code={code} data-level={level}>
          <strong>{texts.levels[level]}</strong>
          {/* A box that is newer than the page says more than the page knows. */}
          <span>{texts.codes[code] ?? text}</span>
        </li>
      ))}
    </ul>
  );
}

function Ways({ report }: { report: Reachability }) {
  return (
    <div class="table-frame">
      <table class="stats-table" data-testid="ways">
        <thead>
          <tr>
            <th scope="col">{texts.address}</th>
            <th scope="col">{texts.known}</th>
            <th scope="col">{texts.outcome}</th>
          </tr>
        </thead>
        <tbody>
          {report.ways.map(way => (
            <tr key={way.transport + way.address}>
              <td class="address">
                {way.transport.toUpperCase()} {way.address}
              </td>
              <td>
                {texts.origins[way.origin]}, {texts.scopes[way.scope]}
              </td>
              <td title={way.error ?? undefined}>
                {way.took === null ? texts.fails : fill(texts.works, { took: way.took })}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How the box is reached, for its owner. */
export default function ReachabilityPage() {
  const [report, setReport] = useState<Reachability | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(() => {
    setReport(null);
    setProblem(null);
    api.reachability().then(setReport, error => setProblem(explain(error)));
  }, []);
  useEffect(look, [look]);
  useTitle(texts.title, false);
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!report && !problem && <Skeleton label={texts.trying} />}
        {report && (
          <>
            <p>{texts.what}</p>
            <section aria-labelledby="findings">
              <h2 id="findings">{texts.findings}</h2>
              <Findings report={report} />
            </section>
            <section aria-labelledby="ways">
              <h2 id="ways">{texts.ways}</h2>
              <Ways report={report} />
            </section>
            <section aria-labelledby="router">
              <h2 id="router">{texts.router}</h2>
              <p>
                {fill(texts.routers[report.router.state], { outside: report.router.outside.join(", ") })}
                {report.router.reason && <span class="quiet"> ({report.router.reason})</span>}
              </p>
            </section>
            {report.seen.length > 0 && (
              <section aria-labelledby="stun">
                <h2 id="stun">{texts.stun}</h2>
                {report.seen.map(seen => (
                  <p key={seen.server + seen.address}>{fill(texts.sees, { ...seen })}</p>
                ))}
              </section>
            )}
          </>
        )}
        {(report || problem) && (
          <p>
            <button type="button" class="button" onClick={look} data-testid="again">
              {texts.again}
            </button>
          </p>
        )}
      </main>
    </>
  );
}
