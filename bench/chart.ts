/** The comparison as a picture: one bar for each subject, as long as its CPU time per request. */
import { medianCpu } from './measure';
import type { Results, SubjectResult } from './results';

const WIDTH = 860;
const LABELS = 360;
const ROW = 30;
const TOP = 62;
const BARS = WIDTH - LABELS - 150;

/** Readable on a light and on a dark page: the colours follow the reader's setting. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .note, .value { fill: #59636e }
  .bar { fill: #8c959f }
  .gateway { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .note, .value { fill: #9198a1 }
    .bar { fill: #656c76 }
    .gateway { fill: #4493f8 }
  }`;

/** SVG text. The gateway's ClinikAPI update is the unit. */
export function chart(results: Results): string {
  const subjects = results.subjects
    .filter(({ turns }) => turns.length > 0)
    .sort((a, b) => medianCpu(a) - medianCpu(b));
  const gateway = subjects.find(({ name }) => name === 'gateway');
  const unit = gateway ? medianCpu(gateway) : Number.NaN;
  const longest = Math.max(...subjects.map(medianCpu));
  const height = TOP + subjects.length * ROW + 12;
  const rows = subjects.map((subject, index) => bar(subject, TOP + index * ROW, unit, longest));
  const { rounds, connections } = results.settings;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="CPU time per request, compared">
<style>${STYLE}
</style>
<text class="title" x="12" y="26">CPU time per request (less is better)</text>
<text class="note" x="12" y="46">Multiples of the gateway’s ClinikAPI update; median of ${rounds} interleaved rounds, ${connections} connections, Node ${results.machine.node.replace('v', '')}</text>
${rows.join('\n')}
</svg>
`;
}

function bar(subject: SubjectResult, y: number, unit: number, longest: number): string {
  const cpu = medianCpu(subject);
  const width = Math.max(2, Math.round((cpu / longest) * BARS));
  const kind = subject.name.startsWith('gateway') ? 'bar gateway' : 'bar';
  const value = `${(cpu / unit).toFixed(2)}×  (${Math.round(cpu)} µs)`;
  return `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escaped(subject.title)}</text>
<rect class="${kind}" x="${LABELS}" y="${y}" width="${width}" height="20" rx="3"/>
<text class="value" x="${LABELS + width + 8}" y="${y + 15}">${value}</text>`;
}

export interface Series {
  title: string;
  /** The size, and what it costs there. */
  points: readonly (readonly [number, number])[];
}

const PLOT = { left: 70, right: 420, top: 60, height: 380 };

/** SVG text: costs against sizes, both on logarithmic scales, with the name of each series at its end. */
export function seriesChart(title: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const [xs, ys] = [all.map(([x]) => Math.log10(x)), all.map(([, y]) => Math.log10(Math.max(y, 0.01)))];
  const place = (value: number, of: readonly number[], from: number, to: number) => {
    const [least, most] = [Math.min(...of), Math.max(...of)];
    return from + ((value - least) / Math.max(1e-9, most - least)) * (to - from);
  };
  const bottom = PLOT.top + PLOT.height;
  const x = (size: number) => place(Math.log10(size), xs, PLOT.left, PLOT.right);
  const y = (cost: number) => place(Math.log10(Math.max(cost, 0.01)), ys, bottom, PLOT.top);
  // Names in the order of their ends, none on top of another.
  let above = Number.NEGATIVE_INFINITY;
  const lines = [...series]
    .sort((a, b) => y(a.points.at(-1)?.[1] ?? 0) - y(b.points.at(-1)?.[1] ?? 0))
    .map(({ title: name, points }) => {
      const last = points.at(-1)?.[1] ?? 0;
      above = Math.max(y(last), above + 16);
      const path = points.map(([size, cost]) => `${x(size).toFixed(1)},${y(cost).toFixed(1)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="#8c959f" stroke-width="1.5"/>
<text class="value" x="${PLOT.right + 12}" y="${(above + 4).toFixed(1)}">${escaped(name)}: ${last.toFixed(2)}</text>`;
    });
  const sizes = [...new Set(all.map(([size]) => size))];
  const ticks = sizes.map(
    (size) =>
      `<text class="note" x="${x(size)}" y="${bottom + 22}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
  );
  const height = Math.max(bottom, above) + 40;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
<text class="title" x="12" y="26">${escaped(title)}</text>
${lines.join('\n')}
${ticks.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
