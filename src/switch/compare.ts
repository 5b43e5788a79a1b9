/**
 * How every field of every staff member stands on both sides. Reads *here* twice, so that what does not even agree with itself is
 * known. Sends nothing but reads; the result, without any value, is kept for the guard.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { VendorRecord } from '../adapter/contract';
import { sameJson } from '../lib/json';
import { FIELDS, type Field, pointerOf } from '../staff/fields';
import { type Comparison, createComparisons } from '../store/comparisons';
import { atOnce } from './atOnce';
import { CodeCounts } from './codes';
import { inOrder } from './inOrder';
import { type NeededCode, tryField } from './judge';
import { readPair } from './pair';
import { linksAt, type Person, peopleOf } from './people';
import { wholeness } from './rehearse';
import { bodyFor, type ShownValue, type ShownValues, valuesIn } from './shown';
import { type Found, readSide, type Side } from './side';
import { type MoveParts, readHere } from './sides';
import {
  COMPARISON_VERDICTS,
  type ComparisonVerdict,
  noCounts,
  type Report,
  type Row,
  UNEXPLAINED,
} from './verdict';

export type ComparisonRow = Row<ComparisonVerdict>;

export interface ComparisonReport extends Report<ComparisonVerdict> {
  /** Differences that nothing explains, as the guard counts them. */
  differences: number;
  /** Fields that have changed here while all was read. */
  noise: number;
}

export interface CompareOptions extends MoveParts {
  /** Whether rows hold the values. */
  values?: boolean;
  /** By staff id, then in the order of the fields. Awaited. */
  onRow?: (row: ComparisonRow) => void | Promise<void>;
}

/** Staff members between two looks for what else there is to do. */
const AT_A_TIME = 50;
/** Of more than that the lists are believed: somebody has to copy first. */
const MOST_LOOKS = 1_000;
/** Pairs of records that are read at the same time: others use the connections too. */
const MOST_READS = 10;

export async function compare(options: CompareOptions): Promise<ComparisonReport> {
  const { clinic, there, database, onRow, onStep, signal, values = false } = options;
  const startedAt = new Date().toISOString();
  const first = await readHere(options);
  const noise = await readAgain(options, first);
  const linkedThere = await linksAt(database, clinic.name, there.name);
  const wanted = new Set(linkedThere.values());
  const other = await readSide(there, { wanted, owner: clinic.name, onStep, signal });
  const sides = { here: first.side, there: other };
  const counts = noCounts(COMPARISON_VERDICTS);
  const codes = new CodeCounts();
  const people = peopleOf(first.records, linkedThere);
  let [looks, done] = [0, 0];
  const ordered = inOrder(async (rows: readonly Compared[]) => {
    for (const { row, codes: needed } of rows) {
      counts[row.verdict] += 1;
      codes.add(needed);
      const { here, there: shown, ...rest } = row;
      await onRow?.(values ? row : rest);
    }
    done += 1;
    onStep?.({ name: 'comparing', done, total: people.length });
  });
  const most = Math.min(MOST_READS, clinic.here.config.maxConcurrent, there.config.maxConcurrent);
  await atOnce(
    people.entries(),
    most,
    async ([index, person]) => {
      if (index % AT_A_TIME === 0) await nextTurn();
      await ordered.give(index, await lookedAt(person));
    },
    signal,
  );
  /** What differs by the lists is looked at once more, record by record: a list may lag behind what was just written. */
  async function lookedAt(person: Person): Promise<Compared[]> {
    const listed = comparePerson(options, sides, person, noise);
    if (looks === MOST_LOOKS || !listed.some(({ row }) => isDoubtful(row))) return listed;
    looks += 1;
    return comparePerson(options, await readPair(options, person), person, noise);
  }

  const whole = wholeness(options, sides);
  const incomplete = [...whole.incomplete, ...noise.incomplete];
  const report: ComparisonReport = {
    ...{ clinic: clinic.name, here: clinic.here.name, there: there.name },
    ...{ complete: incomplete.length === 0, asOf: whole.asOf, incomplete },
    ...{ counts, codes: codes.list(), people: people.length },
    differences: UNEXPLAINED.reduce((sum, verdict) => sum + counts[verdict], 0),
    noise: noise.count,
  };
  await createComparisons(database).save(keptOf(report, startedAt));
  return report;
}

function isDoubtful({ verdict, field }: ComparisonRow): boolean {
  return field !== '' && (verdict === 'differs' || verdict === 'only_here');
}

function keptOf(report: ComparisonReport, startedAt: string): Comparison {
  const { clinic, here, there, complete, counts, differences } = report;
  const finishedAt = new Date().toISOString();
  return { clinic, here, there, startedAt, finishedAt, complete, counts, differences };
}

/** What has changed here between two reads of it. */
interface Noise {
  /** The other values, by record id. */
  of(recordId: string): ShownValues | undefined;
  count: number;
  incomplete: { connection: string; reason: string }[];
}

/** Keeps of the second reading only what differs from the first. */
async function readAgain(
  { clinic, onStep, signal }: CompareOptions,
  { side, records }: { side: Side; records: ReadonlyMap<string, string> },
): Promise<Noise> {
  const changed = new Map<string, ShownValues>();
  let count = 0;
  const wanted = new Set(records.values());
  const again = await readSide(clinic.here, {
    ...{ wanted, owner: clinic.name, onStep, signal },
    keeps: (id, text) => text !== side.textOf(id),
  });
  for (const id of wanted) {
    const [before, after] = [side.find(id), again.find(id)];
    if (!('record' in before) || !('record' in after)) continue;
    const [one, other] = [before.record, after.record].map((record) => valuesIn(clinic.here.adapter, record));
    if (one === undefined || other === undefined) continue;
    const fields = FIELDS.filter((field) => !sameJson(one.get(field), other.get(field)));
    if (fields.length === 0) continue;
    count += fields.length;
    changed.set(id, other);
  }
  const reason = again.incomplete?.reason;
  const incomplete = reason === undefined ? [] : [{ connection: clinic.here.name, reason }];
  return { of: (id) => changed.get(id), count, incomplete };
}

interface Compared {
  row: ComparisonRow;
  codes: readonly NeededCode[];
}

function comparePerson(
  { clinic, there }: CompareOptions,
  sides: { here: Side; there: Side },
  person: Person,
  noise: Noise,
): Compared[] {
  const { staffId } = person;
  const [here, other] = [foundOf(sides.here, person.here), foundOf(sides.there, person.there)];
  const unread = [here, other].find((found) => 'unread' in found);
  if (unread !== undefined && 'unread' in unread) {
    const detail = `A record cannot be read. ${unread.unread.reason}`;
    return [{ row: { staffId, field: '', verdict: 'unreadable', detail }, codes: [] }];
  }
  const own = 'record' in here ? valuesIn(clinic.here.adapter, here.record) : undefined;
  if (own === undefined && !('record' in other)) {
    const detail = 'The links lead to no record, on neither side.';
    return [{ row: { staffId, field: '', verdict: 'missing_there', detail }, codes: [] }];
  }
  if (!('record' in other)) return missing(staffId, person, own ?? new Map());
  const shown = valuesIn(there.adapter, other.record);
  const later = person.here === undefined ? undefined : noise.of(person.here);
  return FIELDS.flatMap((field): Compared[] => {
    const pair = { here: own?.get(field), there: shown.get(field) };
    const found = judged(field, pair, other.record);
    if (found === undefined) return [];
    // What has changed meanwhile may be equal by now, or have been so before.
    if (later !== undefined && found.row.verdict !== 'equal' && !sameJson(later.get(field), pair.here)) {
      const now = judged(field, { ...pair, here: later.get(field) }, other.record);
      if (now === undefined) return [];
      if (now.row.verdict === 'equal') return [now];
      const detail = [now.row.detail, 'It has changed here while all was read.'];
      return [{ ...now, row: { ...now.row, detail: detail.filter(Boolean).join(' ') } }];
    }
    return [found];
  });

  function judged(field: Field, pair: Pair, record: VendorRecord): Compared | undefined {
    const found = compareField({ clinic, there }, field, pair, record);
    if (found === undefined) return undefined;
    const { codes = [], ...rest } = found;
    return { row: { staffId, field: pointerOf(field), ...rest, ...valuesOf(pair) }, codes };
  }
}

function foundOf(side: Side, recordId: string | undefined): Found {
  return recordId === undefined ? { absent: true } : side.find(recordId);
}

function missing(staffId: string, { there }: Person, own: ShownValues): Compared[] {
  const detail = there === undefined ? 'No link leads there.' : 'The link there leads to no record.';
  return [...own].map(([field, value]) => ({
    row: {
      ...{ staffId, field: pointerOf(field), verdict: 'missing_there', detail },
      ...valuesOf({ here: value, there: undefined }),
    },
    codes: [],
  }));
}

/** What is shown of one field. */
interface Pair {
  here: ShownValue | undefined;
  there: ShownValue | undefined;
}

function valuesOf({ here, there }: Pair): { here?: unknown; there?: unknown } {
  return {
    ...(here !== undefined && here !== 'unreadable' && { here: here.value }),
    ...(there !== undefined && there !== 'unreadable' && { there: there.value }),
  };
}

interface FieldComparison {
  verdict: ComparisonVerdict;
  detail?: string;
  codes?: readonly NeededCode[];
}

/** @returns undefined if there is nothing on either side */
function compareField(
  { clinic, there }: Pick<CompareOptions, 'clinic' | 'there'>,
  field: Field,
  pair: Pair,
  record: VendorRecord,
): FieldComparison | undefined {
  if (pair.here === undefined) {
    if (pair.there === undefined) return undefined;
    return pair.there === 'unreadable' ? unreadable('there') : { verdict: 'only_there' };
  }
  if (pair.here === 'unreadable') return unreadable('here');
  const { value } = pair.here;
  if (pair.there !== undefined && pair.there !== 'unreadable' && sameJson(value, pair.there.value)) {
    return { verdict: 'equal' };
  }
  const trial = tryField(there, field, bodyFor(field, value, clinic.here.adapter), record);
  const otherwise = pair.there === undefined ? 'only_here' : 'differs';
  switch (trial.verdict) {
    case 'same':
      return { verdict: 'equal' };
    case 'unsupported':
    case 'unmapped_code':
    case 'not_expressible':
      if (trial.invalid) return pair.there === 'unreadable' ? unreadable('there') : { verdict: otherwise };
      return { verdict: 'known_difference', detail: trial.detail, codes: trial.codes };
    case 'unreadable':
      return unreadable('there');
    case 'fits':
    case 'no_record':
    case 'blocked':
      return pair.there === 'unreadable' ? unreadable('there') : { verdict: otherwise };
  }
}

function unreadable(where: 'here' | 'there'): FieldComparison {
  return { verdict: 'unreadable', detail: `What is stored ${where} has no canonical meaning.` };
}
