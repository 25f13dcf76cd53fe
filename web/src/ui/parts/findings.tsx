import { language } from "../i18n";

/** Something that the box has found out, with what it means and what to do. */
interface Finding {
  code: string;
  level: "bad" | "note" | "good";
  text: string;
}

const levels =
  language === "de" ? { bad: "Zu tun", note: "Hinweis", good: "Gut" } : { bad: "To do", note: "Note", good: "Good" };

/**
 * What was found out. `say` knows the text of a finding in the reader's language; what it does not know, as of a box that is newer than
 * the page, is said in the box's own words, which are English.
 */
export function Findings<F extends Finding>(props: {
  findings: readonly F[];
  say?: (finding: F) => string | undefined;
  testid?: string;
}) {
  return (
    <ul class="findings" data-testid={props.testid ?? "findings"}>
      {props.findings.map(finding => {
        const { code, level, text } = finding;
        const known = props.say?.(finding);
        return (
          <li key={code + text} class="finding" data-code={code} data-level={level}>
            <strong>{levels[level]}</strong>
            {known ? <span>{known}</span> : <span lang="en">{text}</span>}
          </li>
        );
      })}
    </ul>
  );
}
