/** One screen that a person understands: how many fields have which verdict, and what is behind those that matter. */
import type { Report } from '../../switch/verdict';
import { number } from '../links/progress';
import { printable } from '../printable';
import type { ReportRow } from './report';

/** Rows that are alike, counted. */
interface Group {
  field: string;
  verdict: string;
  detail: string;
  count: number;
}

/** So many kinds of findings are named; the file has all. */
const MOST_GROUPS = 14;
const WIDTH = 110;
/** Of these every field of a staff member has a row. */
const OF_WHOLE_RECORDS: readonly string[] = ['no_record', 'missing_there'];

export class Summary<Verdict extends string> {
  readonly #meanings: Readonly<Record<Verdict, string>>;
  readonly #quiet: readonly string[];
  readonly #groups = new Map<string, Group>();

  /**
   * @param meanings of each verdict, in the order in which they are shown
   * @param quiet verdicts that need no explanation
   */
  constructor(meanings: Readonly<Record<Verdict, string>>, quiet: readonly Verdict[]) {
    this.#meanings = meanings;
    this.#quiet = quiet;
  }

  add({ field: at, verdict, detail = '' }: ReportRow): void {
    if (detail === '' && this.#quiet.includes(verdict)) return;
    const field = OF_WHOLE_RECORDS.includes(verdict) ? '' : at;
    const key = `${verdict}\0${field}\0${detail}`;
    const known = this.#groups.get(key);
    if (known) known.count += 1;
    else this.#groups.set(key, { field, verdict, detail, count: 1 });
  }

  text({ clinic, here, there, people, counts, asOf }: Report<Verdict>): string {
    const verdicts = Object.entries<string>(this.#meanings) as [Verdict, string][];
    const width = Math.max(...verdicts.map(([verdict]) => verdict.length));
    const lines = [
      `${clinic}: ${here} → ${there}, ${number(people)} ${people === 1 ? 'person' : 'people'}, as of ${asOf}`,
      ...verdicts.map(
        ([verdict, meaning]) =>
          `  ${verdict.padEnd(width)}  ${number(counts[verdict]).padStart(9)}  ${meaning}`,
      ),
      ...this.#explanations(),
    ];
    return lines.map((line) => `${cut(printable(line))}\n`).join('');
  }

  #explanations(): string[] {
    const groups = [...this.#groups.values()].sort((one, other) => other.count - one.count);
    if (groups.length === 0) return [];
    const more = groups.length - MOST_GROUPS;
    return [
      '',
      ...groups
        .slice(0, MOST_GROUPS)
        .map(
          ({ field, verdict, detail, count }) =>
            `  ${number(count).padStart(7)}  ${(field || '(all fields)').padEnd(15)} ${verdict}${detail && `: ${detail}`}`,
        ),
      ...(more > 0 ? [`           and ${more} other kinds, see the file (--out)`] : []),
    ];
  }
}

function cut(line: string): string {
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}

/** Codes that the configuration lacks, with rows for it where the vendor's catalogue has one. */
export function codesText(
  there: string,
  codes: Report<string>['codes'],
  proposed: readonly { list: string; code: string; vendorCode: string; name: string }[],
): string {
  if (codes.length === 0) return '';
  const lines = codes.slice(0, MOST_GROUPS).map(({ list, code, count }) => {
    const found = proposed.find((one) => one.list === list && one.code === code);
    const row = found ? `  → perhaps ${found.vendorCode} (${found.name})` : '';
    return `  codes.${list}  ${code}  ${number(count)} times${row}`;
  });
  const more = codes.length - MOST_GROUPS;
  const all = [
    `\nCodes without a counterpart in vendors.${there}:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...(proposed.length > 0 ? ['Rows that may be missing, to be looked at:', ...yamlOf(proposed)] : []),
  ];
  return all
    .map((line) => `${printable(line.replace(/^\n/, ''))}\n`)
    .join('')
    .replace(/^/, '\n');
}

function yamlOf(
  proposed: readonly { list: string; code: string; vendorCode: string; name: string }[],
): string[] {
  const lists = [...new Set(proposed.map(({ list }) => list))];
  return lists.map((list) => {
    const rows = proposed
      .filter((one) => one.list === list)
      .map(
        ({ code, vendorCode }) =>
          `"${code}": ${/^\d{1,15}$/.test(vendorCode) ? vendorCode : `"${vendorCode}"`}`,
      );
    return `  ${list}: { ${rows.join(', ')} }`;
  });
}
