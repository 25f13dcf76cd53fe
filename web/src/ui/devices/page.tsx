import type { PluggedIn } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { Findings } from "../parts/findings";
import { ReportPage } from "../parts/report";
import { api } from "../parts/session";
import { texts } from "./texts";

const KINDS = ["camera", "microphone", "speaker", "screen"] as const;
const ORDER = { bad: 0, note: 1, good: 2 };

function There({ report }: { report: PluggedIn }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div class="table-frame" tabIndex={0}>
      <table class="stats-table" data-testid="there">
        <thead>
          <tr>
            <th scope="col">{texts.kind}</th>
            <th scope="col">{texts.used}</th>
            <th scope="col">{texts.others}</th>
          </tr>
        </thead>
        <tbody>
          {KINDS.map(kind => {
            const { used, stand_in, found } = report[kind];
            const name = used ?? texts.nothing;
            return (
              <tr key={kind}>
                <td>{texts.kinds[kind]}</td>
                <td>{stand_in ? fill(texts.stand_in, { name }) : name}</td>
                <td>
                  {found
                    .map(other => other.name)
                    .filter(other => other !== used)
                    .join(", ")}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Encoder({ report }: { report: PluggedIn }) {
  const { encoder, pictures_per_second: pictures } = report;
  if (!encoder) return <p>{texts.nothing}</p>;
  return <p>{pictures ? fill(texts.codes, { encoder, pictures }) : fill(texts.unmeasured, { encoder })}</p>;
}

const load = () => api.devices();

/** What is plugged in, what of it is used, and what to do, for its owner. The box names devices and settings in its sentences. */
export default function DevicesPage() {
  return (
    <ReportPage title={texts.title} loading={texts.looking} again={texts.again} load={load}>
      {report => (
        <>
          <section aria-labelledby="findings">
            <h2 id="findings">{texts.findings}</h2>
            <Findings findings={[...report.findings].sort((a, b) => ORDER[a.level] - ORDER[b.level])} />
          </section>
          <section aria-labelledby="there">
            <h2 id="there">{texts.there}</h2>
            <There report={report} />
          </section>
          <section aria-labelledby="encoder">
            <h2 id="encoder">{texts.encoder}</h2>
            <Encoder report={report} />
          </section>
          {report.left_out.length > 0 && (
            <section aria-labelledby="left-out">
              <h2 id="left-out">{texts.left_out}</h2>
              <ul data-testid="left-out">
                {report.left_out.map(({ device, why }) => (
                  <li key={device + why} lang="en">
                    {device}: {why}
                  </li>
                ))}
              </ul>
            </section>
          )}
          <p>
            {texts.more} <a href="/reachability">{t("to_reachability")}</a>.
          </p>
        </>
      )}
    </ReportPage>
  );
}
