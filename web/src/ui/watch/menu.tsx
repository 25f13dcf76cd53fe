import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { fill } from "../i18n/format";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { STEP } from "./rewind";
import { chooses, type Steered } from "./steering";
import { texts } from "./texts";
import type { Offer, Picture } from "./variants";

interface Option<T> {
  value: T;
  label: string;
  text?: string;
  testid: string;
}

/**
 * Choices of which one is taken. The arrow keys go from one to the next and take none: a size is made by the box for
 * whoever takes it.
 */
function Choices<T>(props: {
  label: string;
  options: Option<T>[];
  chosen: T;
  first?: boolean;
  choose(value: T): void;
  children?: ComponentChildren;
}) {
  const { label, options, chosen, first, choose, children } = props;
  const id = useId();
  const group = useRef<HTMLDivElement>(null);
  const there = options.some(({ value }) => value === chosen);
  useEffect(() => {
    if (first) group.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }, []);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all: Element[] = [...(group.current?.querySelectorAll("[role=radio]") ?? [])];
    const at = document.activeElement ? all.indexOf(document.activeElement) : 0;
    const next = all[(at + step + all.length) % all.length];
    if (next instanceof HTMLElement) next.focus();
  };
  return (
    <div>
      <h3 id={id}>{label}</h3>
      <div class="choices" role="radiogroup" aria-labelledby={id} ref={group} onKeyDown={move}>
        {options.map(({ value, label, text, testid }, index) => (
          // biome-ignore lint/a11y/useSemanticElements: the arrow keys take each of those that they pass
          <button
            key={testid}
            type="button"
            role="radio"
            class="switch"
            aria-checked={value === chosen}
            tabIndex={value === chosen || (!there && index === 0) ? 0 : -1}
            onClick={() => choose(value)}
            data-testid={testid}
          >
            <span class="grow">
              {label}
              {text && <span class="block small quiet">{text}</span>}
            </span>
            {value === chosen && <Icon name="check" />}
          </button>
        ))}
      </div>
      {children}
    </div>
  );
}

function pictures(offer: Offer | null): Option<Picture>[] {
  const lines = (n: number) => fill(texts.lines, { lines: n });
  const { source = null, sizes = [], sound = null } = offer ?? {};
  const all: (Option<Picture> | null | false)[] = [
    { value: "auto", label: texts.auto, testid: "quality-auto" },
    chooses && {
      value: "source",
      label: source?.lines ? `${texts.source} (${lines(source.lines)})` : texts.source,
      testid: "quality-source",
    },
    ...(chooses ? sizes : []).map(
      ({ lines: n }) => n !== null && { value: n, label: lines(n), testid: `quality-${n}` as const },
    ),
    sound && { value: "sound", label: texts.sound, testid: "quality-sound" },
  ];
  return all.filter(one => !!one);
}

const KEYS = [
  [`${texts.space}, K`, texts.key_pause],
  ["M", texts.key_sound],
  ["F", t("fullscreen")],
  ["I", texts.pip],
  ["← →", `${texts.key_back}, ${STEP} s`],
  ["L", t("to_live")],
] as const;

/** Which picture, how far behind live, and the keys. */
export function Menu(props: {
  steered: Steered;
  offer(): Promise<Offer>;
  choose(picture: Picture): void;
  hold(smooth: boolean): void;
  close(): void;
}) {
  const { steered, offer, choose, hold, close } = props;
  const [found, setFound] = useState<Offer | "failed" | null>(null);
  useEffect(() => {
    offer().then(setFound, () => setFound("failed"));
  }, []);
  const delays: Option<boolean>[] = [
    { value: false, label: texts.closest, text: texts.closest_text, testid: "latency-closest" },
    { value: true, label: texts.smooth, text: texts.smooth_text, testid: "latency-smooth" },
  ];
  return (
    <Dialog title={texts.menu} close={close} kind="menu">
      <Choices
        first
        label={texts.picture}
        options={pictures(found === "failed" ? null : found)}
        chosen={steered.making ?? steered.picture}
        choose={picture => {
          close();
          choose(picture);
        }}
      >
        <p class="small quiet" role="status">
          {found === null ? texts.reading : found === "failed" && texts.unread}
        </p>
      </Choices>
      <Choices
        label={texts.delay}
        options={delays}
        chosen={steered.smooth}
        choose={smooth => {
          close();
          hold(smooth);
        }}
      />
      <div class="keys-hint">
        <h3>{texts.keys}</h3>
        <ul class="small">
          {KEYS.map(([key, what]) => (
            <li key={key} class="row">
              <kbd>{key}</kbd>
              <span>{what}</span>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
