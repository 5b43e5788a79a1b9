/** The table of a run, for the terminal and, as it is Markdown, for docs/performance.md and bench/HISTORY.md. */
import { medianCpu } from './measure';
import { type Measurements, type Results, type SubjectResult, summaryOf } from './results';
import { type Spread, spread } from './statistics';
import { TARGETS, type Target } from './targets';

export interface Verdict {
  target: Target;
  spread: Spread;
  /** Undefined if nothing was measured. */
  met: boolean | undefined;
}

export function judge(results: Measurements): Verdict[] {
  const summary = summaryOf(results);
  return TARGETS.map((target) => {
    const values = spread(target.measured(summary));
    return {
      target,
      spread: values,
      met: Number.isNaN(values.median) ? undefined : values.median <= target.limit,
    };
  });
}

export function subjectTable(results: Results): string {
  const summary = summaryOf(results);
  const rates = [...new Set(results.subjects.flatMap(({ latency }) => latency.map(({ rate }) => rate)))];
  const header = [
    'Subject',
    'CPU µs/request',
    'after a rest',
    'status only',
    'gateway ÷ subject',
    'least ÷ least',
    'requests/s',
    ...rates.map((rate) => `added at ${rate}/s, p50 / p99 ms`),
    'peak RSS MB',
  ];
  const leastOfGateway = leastCpu(results.subjects.find(({ name }) => name === 'gateway'));
  const row = (subject: SubjectResult) => {
    if (subject.turns.length === 0)
      return [subject.title, subject.skipped ?? '', ...header.slice(2).map(() => '')];
    const cpu = spread(subject.turns.map((turn) => turn.cpuMicrosPerRequest));
    return [
      subject.note === undefined ? subject.title : `${subject.title}; ${subject.note}`,
      range(cpu, 0),
      number(spread(subject.turns.flatMap((turn) => turn.cpuMicrosAfterRest ?? [])).median, 0),
      number(spread(subject.turns.flatMap((turn) => turn.cpuMicrosOfStatusOnly ?? [])).median, 0),
      range(spread(summary.ratios('gateway', subject.name)), 2),
      number(leastOfGateway / leastCpu(subject), 2),
      number(spread(subject.turns.map((turn) => turn.requestsPerSecond)).median, 0),
      ...rates.map((rate) => added(subject, rate)),
      number(subject.peakRssMb ?? Number.NaN, 0),
    ];
  };
  const subjects = [...results.subjects].sort((a, b) => order(a) - order(b));
  return markdownTable(header, subjects.map(row));
}

/** Disturbances only ever add, so on a busy machine the least value says most. */
export function leastCpu(subject: SubjectResult | undefined): number {
  return spread((subject?.turns ?? []).map((turn) => turn.cpuMicrosPerRequest)).min;
}

function order(subject: SubjectResult): number {
  return subject.turns.length === 0 ? Number.MAX_VALUE : medianCpu(subject);
}

function added(subject: SubjectResult, rate: number): string {
  const found = subject.latency.find((entry) => entry.rate === rate);
  if (found === undefined) return '–';
  return `${number(spread(found.addedP50).median, 2)} / ${number(spread(found.addedP99).median, 2)}`;
}

export function targetTable(verdicts: readonly Verdict[]): string {
  return markdownTable(
    ['Target', 'at most', 'measured: median (min … max)', ''],
    verdicts.map(({ target, spread: values, met }) => [
      target.title,
      `${target.limit} ${target.unit}`,
      met === undefined ? 'not measured' : range(values, 2),
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ]),
  );
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function range({ median, min, max }: Spread, digits: number): string {
  return `${number(median, digits)} (${number(min, digits)} … ${number(max, digits)})`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}
