/** The comparison as a picture: one bar for each subject, as long as its CPU time per request. */
import { medianCpu } from './measure';
import type { Results, SubjectResult } from './results';

export const WIDTH = 860;
const LABELS = 360;
const ROW = 30;
const TOP = 62;
const BARS = WIDTH - LABELS - 150;

/** Readable on a light and on a dark page: the colours follow the reader's setting. */
export const STYLE = `
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

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
