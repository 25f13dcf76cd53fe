import { useEffect, useRef, useState } from "preact/hooks";
import { elapsed } from "../i18n/format";

/** Seconds from one picture to the next: about what there is a keyframe for. */
const GRAIN = 2;

/**
 * A small picture of the moment under the pointer, above the bar. One is loaded at a time, and the newest that is wanted comes next: whoever
 * moves along the bar wants more of them than the box makes.
 */
export function Peek({ address, behind, far }: { address: string; behind: number; far: number }) {
  const wanted = Math.round(behind / GRAIN) * GRAIN;
  const [asked, ask] = useState(wanted);
  const [failed, fail] = useState(-1);
  const loading = useRef(true);
  const next = () => {
    loading.current = asked !== wanted;
    if (loading.current) fail(-1);
    ask(wanted);
  };
  useEffect(() => {
    if (!loading.current) next();
  }, [wanted]);
  return (
    <div
      class="peek small"
      ref={box => box?.style.setProperty("--at", String(1 - behind / far))}
      aria-hidden="true"
      data-testid="peek"
      data-behind={asked}
    >
      {/* After a cut the address is another one, and so is the element: what was shown before is gone at once. */}
      {failed !== asked && (
        <img
          key={address}
          src={`${address}&behind=${asked}`}
          alt=""
          width="160"
          height="90"
          onLoad={next}
          onError={() => {
            fail(asked);
            next();
          }}
        />
      )}
      <span>{`\u2212${elapsed(0, behind * 1000)}`}</span>
    </div>
  );
}
