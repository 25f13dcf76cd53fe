import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { explain } from "./session";
import { Header, Message, Skeleton } from "./shell";
import { useTitle } from "./title";

/** A page with something that the box finds out when it is asked, and can be asked again. `load` stays the same. */
export function ReportPage<T>(props: {
  title: string;
  loading: string;
  again: string;
  load: () => Promise<T>;
  children: (report: T) => ComponentChildren;
}) {
  const { title, loading, again, load, children } = props;
  const [report, setReport] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const look = useCallback(() => {
    setReport(null);
    setProblem(null);
    load().then(setReport, error => setProblem(explain(error)));
  }, [load]);
  useEffect(look, [look]);
  useTitle(title, false);
  return (
    <>
      <Header lit={false} />
      <main class="page">
        <h1>{title}</h1>
        {problem && <Message tone="fault" title={t("load_failed_title")} text={problem} />}
        {!report && !problem && <Skeleton label={loading} />}
        {report && children(report)}
        {(report || problem) && (
          <p>
            <button type="button" class="button" onClick={look} data-testid="again">
              {again}
            </button>
          </p>
        )}
      </main>
    </>
  );
}
