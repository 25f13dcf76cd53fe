import type { Reachability } from "../../client";
import { fill } from "../i18n/format";
import { Findings } from "../parts/findings";
import { ReportPage } from "../parts/report";
import { api } from "../parts/session";
import { texts } from "./texts";

function Ways({ report }: { report: Reachability }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div class="table-frame" tabIndex={0}>
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

const load = () => api.reachability();

/** How the box is reached, for its owner. */
export default function ReachabilityPage() {
  return (
    <ReportPage title={texts.title} loading={texts.trying} again={texts.again} load={load}>
      {report => (
        <>
          <p>{texts.what}</p>
          <section aria-labelledby="findings">
            <h2 id="findings">{texts.findings}</h2>
            <Findings findings={report.findings} say={({ code }) => texts.codes[code]} />
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
    </ReportPage>
  );
}
