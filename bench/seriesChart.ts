/** Costs against sizes as a picture: one panel for each group of series. */
import { escaped, STYLE, WIDTH } from './chart';

export interface Series {
  title: string;
  /** The size, and what it costs there. */
  points: readonly (readonly [number, number])[];
}

export interface Panel {
  title: string;
  series: readonly Series[];
}

const LEFT = 60;
const RIGHT = 400;
const LABEL = 15;
/** Smaller costs are drawn as this. */
const LEAST = 0.1;

/** SVG text. Both scales are logarithmic; each series has its last cost and its name at its end. */
export function seriesChart(title: string, panels: readonly Panel[]): string {
  let top = 50;
  const drawn = panels.map((panel) => {
    const bottom = top + 26 + Math.max(120, panel.series.length * LABEL);
    const text = panelText(panel, top + 12, bottom);
    top = bottom + 44;
    return text;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
  .panel { font-weight: 600 }
  .line { fill: none; stroke: #8c959f; stroke-width: 1.5 }
  .grid { stroke: #8c959f; stroke-opacity: 0.25 }
  @media (prefers-color-scheme: dark) { .line { stroke: #656c76 } }
</style>
<text class="title" x="12" y="26">${escaped(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function panelText({ title, series }: Panel, top: number, bottom: number): string {
  const points = series.flatMap((one) => one.points);
  const sizes = [...new Set(points.map(([size]) => size))];
  const powers = points.map(([, cost]) => Math.log10(Math.max(LEAST, cost)));
  const decades = [Math.floor(Math.min(...powers)), Math.ceil(Math.max(...powers))] as const;
  const x = (size: number) => LEFT + (RIGHT - LEFT) * share(Math.log10(size), sizes.map(Math.log10));
  const y = (cost: number) =>
    bottom - (bottom - top - 14) * share(Math.log10(Math.max(LEAST, cost)), decades);
  const grid = range(...decades).map((power) => {
    const at = y(10 ** power).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}"/>
<text class="note" x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${Number((10 ** power).toFixed(2))}</text>`;
  });
  const ticks = sizes.map(
    (size) =>
      `<text class="note" x="${x(size).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
  );
  const last = (one: Series) => one.points.at(-1)?.[1] ?? LEAST;
  const sorted = [...series].sort((one, other) => last(other) - last(one));
  const places = spreadOut(
    sorted.map((one) => y(last(one))),
    bottom,
  );
  const lines = sorted.map((one, index) => {
    const path = one.points.map(([size, cost]) => `${x(size).toFixed(1)},${y(cost).toFixed(1)}`).join(' ');
    return `<polyline class="line" points="${path}"/>
<text class="value" x="${RIGHT + 40}" y="${(places[index] ?? 0).toFixed(1)}" dy="4">${last(one).toFixed(1)}  ${escaped(one.title)}</text>`;
  });
  const heading = `<text class="panel" x="12" y="${top}">${escaped(title)}</text>`;
  return [heading, ...grid, ...ticks, ...lines].join('\n');
}

/** Places of labels, from above: as near to the wanted ones as there is room, none on top of another, none below the panel. */
function spreadOut(wanted: readonly number[], bottom: number): number[] {
  let above = Number.NEGATIVE_INFINITY;
  const pushed = wanted.map((place) => {
    above = Math.max(place, above + LABEL);
    return above;
  });
  let below = bottom + LABEL;
  return pushed
    .reverse()
    .map((place) => {
      below = Math.min(place, below - LABEL);
      return below;
    })
    .reverse();
}

function share(value: number, of: readonly number[]): number {
  const [least, most] = [Math.min(...of), Math.max(...of)];
  return (value - least) / Math.max(1e-9, most - least);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
