import { useState } from "preact/hooks";
import type { Broadcast } from "../../client";
import { thumbnail } from "../../client/thumbnail";
import { t } from "../i18n";
import { Lantern } from "../parts/lantern";

/** Milliseconds for which a picture stands. All pages count them alike, so that a cache has it for all of them. */
const STANDS = 15_000;

/**
 * A small picture of what is on air, and a lantern where there is none. Another one is loaded when the page has looked what is live and the
 * time is up: never while the page is hidden, for then it does not look.
 */
export function Thumbnail({ broadcast }: { broadcast: Broadcast }) {
  const [failed, fail] = useState("");
  const src = `${thumbnail(broadcast)}&at=${Math.floor(Date.now() / STANDS)}`;
  return (
    <div class="thumbnail">
      <Lantern lit />
      {failed !== src && (
        // After a cut it is another element: what was shown before is gone at once.
        <img
          key={broadcast.cut}
          src={src}
          alt={t("picture_of", { title: broadcast.title || t("untitled") })}
          width="320"
          height="180"
          onError={() => fail(src)}
          data-testid="thumbnail"
        />
      )}
    </div>
  );
}
