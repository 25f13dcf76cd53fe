import { useCallback, useEffect, useState } from "preact/hooks";
import type { PluggedIn } from "../../client";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { api, explain } from "../parts/session";
import { Header, Message, Skeleton } from "../parts/shell";
import { useTitle } from "../parts/title";
import { texts } from "./texts";

const KINDS = ["camera", "microphone", "speaker", "screen"] as const;

/** What was found out, the worst first. The box names devices and settings in its sentences, which it has in English alone. */
function Findings({ report }: { report: PluggedIn }) {
  const order = { bad: 0, note: 1, ok: 2 };
  const findings = [...report.findings].sort((a, b) => order[a.level] - order[b.level]);
  return (
    <ul class="findings" data-testid="findings">
      {findings.map(({ code, level, text }) => (
        <li key={code + text} class="finding" data-code={code} data-level={level === "ok" ? "good" : level}>
          <strong>{texts.levels[level]}</strong>
          <span lang="en">{text}</span>
        </li>
      ))}
    </ul>
  );
}

function There({ report }: { report: PluggedIn }) {
  return (
    <div class="table-frame">
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
                <td>{found.filter(other => other !== used).join(", ")}</td>
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

/** What is plugged in, what of it is used, and what to do, for its owner. */
export default function DevicesPage() {
  const [report, setReport] = useState<PluggedIn | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(() => {
    setReport(null);
    setProblem(null);
    api.devices().then(setReport, error => setProblem(explain(error)));
  }, []);
  useEffect(look, [look]);
  useTitle(texts.title, false);
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{texts.title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!report && !problem && <Skeleton label={texts.looking} />}
        {report && (
          <>
            <section aria-labelledby="findings">
              <h2 id="findings">{texts.findings}</h2>
              <Findings report={report} />
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
