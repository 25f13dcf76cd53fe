import type { ProgramLayout, Studio, StudioPerson } from "../../client";
import { t } from "../i18n";
import type { Directing } from "./model";
import { texts } from "./texts";

/** Left, top, width and height of each part; the first is the one in front where there is one. */
type Part = [number, number, number, number];
const GRID: Part[] = [
  [2, 2, 17, 9],
  [21, 2, 17, 9],
  [2, 13, 17, 9],
  [21, 13, 17, 9],
];
const PARTS: Record<ProgramLayout, Part[]> = {
  auto: [
    [2, 2, 23, 20],
    [28, 2, 10, 5],
    [28, 9.5, 10, 5],
    [28, 17, 10, 5],
  ],
  grid: GRID,
  speaker: [
    [2, 3, 27, 18],
    [31, 3, 7, 5],
    [31, 9.5, 7, 5],
    [31, 16, 7, 5],
  ],
  side_by_side: [
    [2, 6, 17, 12],
    [21, 6, 17, 12],
  ],
  picture_in_picture: [
    [2, 2, 36, 20],
    [26, 13.5, 10, 6.5],
  ],
  screen: [
    [2, 3, 27, 18],
    [31, 9.5, 7, 5],
  ],
  cards: GRID,
};
const LAYOUTS = Object.keys(PARTS) as ProgramLayout[];

/** A small drawing of a layout beside its words. */
function Pictogram({ layout }: { layout: ProgramLayout }) {
  return (
    <svg class={`pictogram ${layout}`} viewBox="0 0 40 24" aria-hidden="true" focusable="false">
      {PARTS[layout].map(([x, y, width, height]) => (
        <rect key={`${x} ${y}`} x={x} y={y} width={width} height={height} rx="1.5" />
      ))}
      {layout === "auto" && <path d="M8 16l5.5-9 5.5 9M10 13h7" />}
      {layout === "screen" && <path d="M11.5 17.5h8M15.5 15v2.5M9 7h13v8H9z" />}
      {layout === "cards" && GRID.map(([x, y]) => <path key={`${x} ${y}`} d={`M${x + 4} ${y + 4.5}h9`} />)}
    </svg>
  );
}

/** Who is where. */
export function Layouts({ layout, directing }: { layout: ProgramLayout; directing: Directing }) {
  return (
    <section aria-labelledby="layout">
      <h2 id="layout">{texts.layout}</h2>
      <div class="layouts" role="radiogroup" aria-labelledby="layout">
        {LAYOUTS.map(one => (
          <label key={one} class="choice layout">
            <input
              type="radio"
              name="layout"
              checked={one === layout}
              onChange={() => directing.wish({ layout: one })}
              data-testid={`studio-layout-${one}`}
            />
            <Pictogram layout={one} />
            <span>{texts.layouts[one]}</span>
          </label>
        ))}
      </div>
    </section>
  );
}

function Person({ who, front, directing }: { who: StudioPerson; front: boolean; directing: Directing }) {
  const onAir = who.on_air === "yes";
  const notes = [
    who.speaking && texts.speaks,
    who.screen && texts.shares,
    !who.camera && !who.screen && texts.no_picture,
  ].filter(Boolean);
  return (
    <label class={onAir ? "choice person" : "choice person off"}>
      <input
        type="radio"
        name="front"
        checked={front}
        disabled={!onAir}
        onChange={() => directing.wish({ front: who.id })}
        data-testid="studio-front"
        data-id={who.id}
        data-name={who.name}
        data-on-air={who.on_air}
      />
      <span class="grow person-name">
        {who.name} <span class="small quiet">{notes.join(", ")}</span>
      </span>
      <span class={onAir ? "mark on-air" : "mark"}>
        {t(onAir ? "on_air" : who.on_air === "asked" ? "asked" : "not_on_air")}
      </span>
    </label>
  );
}

/** Who comes before the others. */
export function Front({ studio: { people, front }, directing }: { studio: Studio; directing: Directing }) {
  // Who left is in front of nobody.
  const chosen = people.some(who => who.id === front) ? front : null;
  return (
    <section aria-labelledby="front">
      <h2 id="front">{texts.front}</h2>
      <div class="choices" role="radiogroup" aria-labelledby="front" aria-describedby="front-text">
        <label class="choice person">
          <input
            type="radio"
            name="front"
            checked={chosen === null}
            onChange={() => directing.wish({ front: null })}
            data-testid="studio-front-auto"
          />
          <span class="grow">{texts.front_auto}</span>
        </label>
        {people.map(who => (
          <Person key={who.id} who={who} front={who.id === chosen} directing={directing} />
        ))}
      </div>
      {people.length === 0 && <p class="empty">{texts.front_none}</p>}
      <p class="small quiet" id="front-text">
        {texts.front_text}
      </p>
    </section>
  );
}
