import { locale } from "../i18n";

/** One line of a plot; moments without a value are gaps. */
export interface Line {
  name: string;
  values: readonly (number | null)[];
}

/** How many moments a plot shows: two minutes, one a second. */
export const MOMENTS = 120;
const HEIGHT = 40;

/** A number as people read it: three digits that say something. */
function number(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** The next round number over the largest value: 1, 2 or 5 times a power of ten. */
export function ceiling(values: readonly (number | null)[], least: number): number {
  const most = values.reduce<number>((most, value) => Math.max(most, value ?? 0), least);
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 5, 10].find(step => most <= step * power) ?? 10;
  return step * power;
}

/** The path of a line, newest moment at the right. */
export function path(values: readonly (number | null)[], top: number, moments = MOMENTS): string {
  let drawn = "";
  let pen = "M";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const x = moments - values.length + at;
    const y = HEIGHT - (HEIGHT * Math.min(value, top)) / top;
    drawn += `${pen}${x} ${y.toFixed(2)}`;
    pen = "L";
  });
  return drawn;
}

/** A small plot of one or two lines, with their newest values in words. */
export function Plot(props: {
  name: string;
  unit: string;
  lines: readonly Line[];
  least: number;
  testid: string;
  moments?: number;
}) {
  const { lines, unit, moments = MOMENTS } = props;
  const top = ceiling(
    lines.flatMap(line => line.values),
    props.least,
  );
  const said = lines.map(line => {
    const last = line.values.at(-1) ?? null;
    return { name: line.name, text: last === null ? "–" : `${number(last)} ${unit}`.trim() };
  });
  const points = lines[0]?.values.filter(value => value !== null).length ?? 0;
  return (
    <figure class="plot" data-testid={props.testid} data-points={points}>
      <figcaption>
        <h2>{props.name}</h2>
        <p class="plot-values small">
          {said.map((line, at) => (
            <span key={line.name} class={at === 0 ? "plot-key" : "plot-key second"}>
              {line.name && <span class="quiet">{line.name}</span>} {line.text}
            </span>
          ))}
        </p>
      </figcaption>
      <svg
        viewBox={`0 0 ${moments} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${props.name}: ${said.map(({ name, text }) => `${name} ${text}`.trim()).join(", ")}`}
      >
        {lines.map((line, at) => (
          <path
            key={line.name}
            class={at === 0 ? "plot-line" : "plot-line second"}
            d={path(line.values, top, moments)}
          />
        ))}
      </svg>
      <p class="plot-top small quiet" aria-hidden="true">
        {number(top)} {unit}
      </p>
    </figure>
  );
}
