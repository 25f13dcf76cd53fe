import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type RoomState, slotOf } from "../../client";
import { t } from "../i18n";
import { Icon } from "../parts/icons";
import { typing } from "../parts/keys";
import type { Call } from "./call";
import { devices } from "./devices";
import { grid } from "./grid";
import { Looking } from "./looking";
import { capacity, frontOf, layoutNow, pageOf, people, presenters } from "./scene";
import { ScreenTile, Tile } from "./tile";

const GAP = 8;
/** CSS pixels from which on small tiles stand beside the large one, and not below it. */
const BESIDE = 900;

interface Shows {
  call: Call;
  state: RoomState;
  looking: Looking;
}

/** Somebody, with what the room says about them. */
function Somebody({ id, call, state, looking }: Shows & { id: string }) {
  const who = state.participants[id];
  if (!who) return null;
  const self = id === state.you;
  const slot = slotOf(state, id, "camera");
  // One's own picture does not travel: it is shown as it is captured, and whether the box knows already or not.
  const own = devices.camera.value;
  const muted = !(devices.microphone.value !== null && devices.wanted.microphone.value);
  return (
    <Tile
      participant={id}
      name={who.name}
      kind={who.kind}
      video={self ? own : (who.camera && call.tracks.value.get(id)?.video) || null}
      layer={slot?.layer ?? null}
      paused={(!self && who.camera && slot?.paused) || null}
      self={self}
      muted={self ? muted : !who.microphone}
      speaking={(who.speaking ?? false) && (self ? !muted : who.microphone)}
      quality={who.quality ?? "unknown"}
      connection={who.connection}
      standIn={who.stand_in}
      onAir={state.room.live ? who.on_air : null}
      hand={Boolean(who.hand)}
      pinned={call.pinned.value === id}
      pin={call.pin}
      looking={looking}
    />
  );
}

function Screen({ id, call, state, looking }: Shows & { id: string }) {
  return (
    <ScreenTile
      participant={id}
      name={state.participants[id]?.name ?? ""}
      video={call.tracks.value.get(id)?.screen ?? null}
      paused={slotOf(state, id, "screen")?.paused ?? null}
      looking={looking}
    />
  );
}

/** The size of an element, as it changes. */
function useSize<E extends HTMLElement>() {
  const element = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = measured;
      setSize(before => (before.width === width && before.height === height ? before : { width, height }));
    };
    const watcher = new ResizeObserver(measure);
    watcher.observe(measured);
    measure();
    return () => watcher.disconnect();
  }, []);
  return [element, size] as const;
}

/** Tiles of one size, as large as fit. */
function Tiles({
  label,
  count,
  size,
  children,
}: {
  label: string;
  count: number;
  size: { width: number; height: number };
  children: ComponentChildren;
}) {
  const { columns, width, height } = grid(count, size.width, size.height, GAP);
  const style = { "--tile-columns": columns, "--tile-width": `${width}px`, "--tile-height": `${height}px` };
  return (
    <ul class="tiles" style={style} aria-label={label}>
      {children}
    </ul>
  );
}

function Pager({
  page,
  pages,
  turn,
  away,
}: {
  page: number;
  pages: number;
  turn(by: number): void;
  away: string | null;
}) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (typing(event)) return;
      const by = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      turn(by);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [turn]);
  return (
    <nav class="pager" aria-label={t("pages")}>
      <button
        type="button"
        class="button quiet square"
        onClick={() => turn(-1)}
        disabled={page === 0}
        aria-label={t("page_before")}
        data-testid="page-before"
      >
        <Icon name="left" />
      </button>
      <span class="small" role="status" data-testid="page" data-page={page + 1} data-pages={pages}>
        {t("page_of", { page: page + 1, pages })}
      </span>
      <button
        type="button"
        class="button quiet square"
        onClick={() => turn(1)}
        disabled={page === pages - 1}
        aria-label={t("page_after")}
        data-testid="page-after"
      >
        <Icon name="right" />
      </button>
      {away && <span class="small quiet pager-speaker">{t("speaks_elsewhere", { name: away })}</span>}
    </nav>
  );
}

/** Everybody the same size, on as many pages as it takes. Shared screens come first. */
function Grid({ page, ...shows }: Shows & { page: Signal<number> }) {
  const [element, size] = useSize<HTMLDivElement>();
  const { state } = shows;
  const cards = [
    ...presenters(state).map(id => ({ id, screen: true })),
    ...people(state).map(id => ({ id, screen: false })),
  ];
  const now = pageOf(cards, page.value, capacity(size.width, size.height, GAP));
  const turn = (by: number) => {
    page.value = Math.min(Math.max(0, now.page + by), now.pages - 1);
  };
  const { speaker } = state;
  const away = speaker && !now.shown.some(({ id, screen }) => id === speaker && !screen) ? speaker : null;
  return (
    <>
      <div class="frame" ref={element}>
        <Tiles label={t("in_the_call")} count={now.shown.length} size={size}>
          {size.width > 0 &&
            now.shown.map(({ id, screen }) =>
              screen ? <Screen key={`${id} screen`} id={id} {...shows} /> : <Somebody key={id} id={id} {...shows} />,
            )}
        </Tiles>
      </div>
      {now.pages > 1 && (
        <Pager
          page={now.page}
          pages={now.pages}
          turn={turn}
          away={away && away !== state.you ? (state.participants[away]?.name ?? null) : null}
        />
      )}
    </>
  );
}

/** Small tiles beside or below what is in front. They scroll; what is out of sight is not sent. */
function Strip({ ids, ...shows }: Shows & { ids: readonly string[] }) {
  if (ids.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <ul class="strip" aria-label={t("others_in_the_call")} tabIndex={0} data-testid="strip">
      {ids.map(id => (
        <Somebody key={id} id={id} {...shows} />
      ))}
    </ul>
  );
}

function Split({
  children,
  strip,
}: {
  children: (size: { width: number; height: number }) => ComponentChildren;
  strip: ComponentChildren;
}) {
  const [whole, outer] = useSize<HTMLDivElement>();
  const [element, size] = useSize<HTMLDivElement>();
  return (
    <div class={outer.width >= BESIDE && outer.width > outer.height ? "split beside" : "split"} ref={whole}>
      <div class="frame" ref={element}>
        {children(size)}
      </div>
      {strip}
    </div>
  );
}

/** One in front, the others small. */
function Front({ front, ...shows }: Shows & { front: string | null }) {
  const rest = people(shows.state).filter(id => id !== front);
  return (
    <Split strip={<Strip ids={rest} {...shows} />}>
      {size => (
        <Tiles label={t("in_front")} count={1} size={size}>
          {front && <Somebody key={front} id={front} {...shows} />}
        </Tiles>
      )}
    </Split>
  );
}

/** Shared screens in front: one after choice, or all side by side. People small, who speaks first. */
function Presenter({ front, ...shows }: Shows & { front: string | null }) {
  const { call, state } = shows;
  const all = presenters(state);
  const [chosen, choose] = useState<string | null>(null);
  const [beside, setBeside] = useState(false);
  // Who shares last is what people look for.
  const one = chosen && all.includes(chosen) ? chosen : all.at(-1);
  const shown = beside ? all : all.filter(id => id === one);
  const rest = people(state);
  const strip = front ? [front, ...rest.filter(id => id !== front)] : rest;
  return (
    <>
      {all.length > 1 && (
        <fieldset class="screens">
          <legend class="sr-only">{t("shared_screens")}</legend>
          {all.map(id => (
            <button
              key={id}
              type="button"
              class="button chip"
              aria-pressed={!beside && id === one}
              onClick={() => {
                setBeside(false);
                choose(id);
              }}
              data-testid="screen-choose"
              data-participant={id}
            >
              {state.participants[id]?.name}
            </button>
          ))}
          <button
            type="button"
            class="button chip"
            aria-pressed={beside}
            onClick={() => setBeside(!beside)}
            data-testid="screens-beside"
          >
            {t("side_by_side")}
          </button>
        </fieldset>
      )}
      <Split strip={<Strip ids={strip} call={call} state={state} looking={shows.looking} />}>
        {size => (
          <Tiles label={t("shared_screens")} count={shown.length} size={size}>
            {shown.map(id => (
              <Screen key={id} id={id} {...shows} />
            ))}
          </Tiles>
        )}
      </Split>
    </>
  );
}

/** Everybody in the call, and the screens they share, in the layout that was chosen. */
export function Stage({ call }: { call: Call }) {
  const looking = useMemo(() => new Looking(view => call.show(view)), [call]);
  useEffect(() => () => looking.stop(), [looking]);
  const before = useRef<string | null>(null);
  const state = call.state.value;
  const layout = state ? layoutNow(call.layouts.value, presenters(state).length) : "grid";
  const front = state ? frontOf(state, call.pinned.value, before.current) : null;
  before.current = front;
  const named = layout === "grid" ? call.pinned.value : front;
  useEffect(() => looking.front(named === state?.you ? null : named), [looking, named, state?.you]);
  if (!state) return null;
  const shows = { call, state, looking };
  const alone = Object.keys(state.participants).length === 1;
  return (
    <>
      {alone && <p class="alone quiet">{call.may("invite") ? t("alone_invite") : t("alone")}</p>}
      {layout === "grid" && <Grid page={call.page} {...shows} />}
      {layout === "speaker" && <Front front={front} {...shows} />}
      {layout === "presenter" && <Presenter front={front} {...shows} />}
    </>
  );
}
