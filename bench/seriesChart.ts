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
const RIGHT = 430;
const LABEL = 15;
/** Smaller costs are drawn as this. */
const LEAST = 0.1;

/** SVG text. Both scales are logarithmic, and the same in each panel; each series has its name and its last cost at its end. */
export function seriesChart(title: string, panels: readonly Panel[]): string {
  const points = panels.flatMap(({ series }) => series.flatMap((one) => one.points));
  const sizes = [...new Set(points.map(([size]) => size))];
  const costs = points.map(([, cost]) => Math.max(LEAST, cost));
  const [lowest, highest] = [
    Math.floor(Math.log10(Math.min(...costs))),
    Math.ceil(Math.log10(Math.max(...costs))),
  ];
  const x = (size: number) => LEFT + (RIGHT - LEFT) * share(Math.log10(size), sizes.map(Math.log10));
  let top = 50;
  const drawn = panels.map((panel) => {
    const height = Math.max(200, panel.series.length * LABEL);
    const bottom = top + 26 + height;
    const y = (cost: number) => bottom - height * share(Math.log10(Math.max(LEAST, cost)), [lowest, highest]);
    const text = panelText(panel, top + 12, { x, y, sizes, decades: range(lowest, highest), bottom });
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

interface Scales {
  x: (size: number) => number;
  y: (cost: number) => number;
  sizes: readonly number[];
  /** Powers of ten. */
  decades: readonly number[];
  bottom: number;
}

function panelText({ title, series }: Panel, top: number, { x, y, sizes, decades, bottom }: Scales): string {
  const grid = decades.map((power) => {
    const at = y(10 ** power).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}"/>
<text class="note" x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${10 ** power}</text>`;
  });
  const ticks = sizes.map(
    (size) =>
      `<text class="note" x="${x(size).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
  );
  const last = (one: Series) => one.points.at(-1)?.[1] ?? LEAST;
  const sorted = [...series].sort((a, b) => last(b) - last(a));
  // From below, so that none is on top of another and all are in the panel.
  const places: number[] = [];
  let below = bottom + LABEL;
  for (const one of [...sorted].reverse()) {
    below = Math.min(y(last(one)), below - LABEL);
    places.unshift(below);
  }
  let above = Number.NEGATIVE_INFINITY;
  const lines = sorted.map((one, index) => {
    above = Math.max(places[index] ?? 0, above + LABEL);
    const path = one.points.map(([size, cost]) => `${x(size).toFixed(1)},${y(cost).toFixed(1)}`).join(' ');
    return `<polyline class="line" points="${path}"/>
<text class="value" x="${RIGHT + 12}" y="${above.toFixed(1)}" dy="4">${last(one).toFixed(2)}  ${escaped(one.title)}</text>`;
  });
  return [`<text class="panel" x="12" y="${top}">${escaped(title)}</text>`, ...grid, ...ticks, ...lines].join(
    '\n',
  );
}

function share(value: number, of: readonly number[]): number {
  const [least, most] = [Math.min(...of), Math.max(...of)];
  return (value - least) / Math.max(1e-9, most - least);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
