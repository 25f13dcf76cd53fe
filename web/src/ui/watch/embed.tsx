import { useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { say } from "../parts/toast";

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, mark => `&#${mark.charCodeAt(0)};`);
}

/** The lines that put a broadcast on another page, as docs/use/embed.md has them. */
export function lines(box: string, broadcast: string, title: string): { frame: string; element: string } {
  return {
    frame: `<iframe src="${box}/embed/b/${broadcast}" title="${escaped(title)}" allow="autoplay; fullscreen"
        style="width: 100%; aspect-ratio: 16 / 9; border: 0"></iframe>`,
    element: `<script type="module" src="${box}/sdk/porchlight.js"></script>
<porchlight-player src="${box}/b/${broadcast}"></porchlight-player>`,
  };
}

function Lines({ label, text, testid }: { label: string; text: string; testid: string }) {
  const [copied, setCopied] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Pages without https get no clipboard: the lines are selected, ready to be copied by hand.
      area.current?.select();
      say(t("lines_by_hand"));
    }
  };
  return (
    <div class="stack tight">
      <h3>{label}</h3>
      <textarea
        ref={area}
        class="lines-to-copy"
        readOnly
        rows={5}
        spellcheck={false}
        value={text}
        aria-label={label}
        onFocus={event => event.currentTarget.select()}
        data-testid={testid}
      />
      <button type="button" class="button" onClick={copy} data-testid={`${testid}-copy`}>
        <Icon name={copied ? "check" : "copy"} />
        <span>{copied ? t("copied") : t("copy")}</span>
      </button>
    </div>
  );
}

/** Lines to copy into another page. */
export function EmbedDialog({ broadcast, title, close }: { broadcast: string; title: string; close(): void }) {
  const { frame, element } = lines(location.origin, broadcast, title);
  return (
    <Dialog title={t("embed_title")} close={close}>
      <p>{t("embed_text")}</p>
      <Lines label={t("embed_frame")} text={frame} testid="embed-frame" />
      <Lines label={t("embed_element")} text={element} testid="embed-element" />
      {location.protocol === "http:" && <p class="small quiet">{t("embed_insecure")}</p>}
    </Dialog>
  );
}
