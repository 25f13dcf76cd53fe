import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { Icon } from "./icons";
import { say } from "./toast";

/** A link to hand on. */
export function Link(props: { url: string; label: string; testid: string; children?: ComponentChildren }) {
  const { url, label, testid, children } = props;
  const [copied, setCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setCopied(false), [url]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      setCopied(true);
    } catch {
      // Pages without https get no clipboard: the link is selected, ready to be copied by hand.
      input.current?.select();
      say(t("copy_by_hand"));
    }
  };
  return (
    <div class="row link">
      <input
        ref={input}
        readOnly
        value={url}
        aria-label={label}
        onFocus={event => event.currentTarget.select()}
        data-testid={testid}
        data-url={url}
      />
      <button type="button" class="button" onClick={copy}>
        <Icon name={copied ? "check" : "copy"} />
        <span>{copied ? t("copied") : t("copy")}</span>
      </button>
      {children}
    </div>
  );
}
