/** What would become of every field of every staff member if the clinic moved now. Sends nothing but reads. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pointerOf } from '../staff/fields';
import { CodeCounts, type ProposedCode, proposeCodes } from './codes';
import { type NeededCode, type Trial, tryField } from './judge';
import type { Person } from './people';
import { bodyFor, valuesIn } from './shown';
import type { Found } from './side';
import { type MoveParts, readSides, type Sides } from './sides';
import { noCounts, REHEARSAL_VERDICTS, type RehearsalVerdict, type Report, type Row } from './verdict';

export type RehearsalRow = Row<RehearsalVerdict>;
export interface Rehearsal extends Report<RehearsalVerdict> {
  /** What may be missing in the configuration, by the vendor's own catalogue. */
  proposed: readonly ProposedCode[];
}

export interface RehearseOptions extends MoveParts {
  /** Whether rows hold the values. */
  values?: boolean;
  /** By staff id, then in the order of the fields. Awaited. */
  onRow?: (row: RehearsalRow) => void | Promise<void>;
}

/** Staff members between two looks for what else there is to do. */
const AT_A_TIME = 50;

export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const { clinic, there, onRow, onStep, signal, values = false } = options;
  const sides = await readSides(options);
  const counts = noCounts(REHEARSAL_VERDICTS);
  const codes = new CodeCounts();
  const people = sides.people.filter(({ here }) => here !== undefined);
  for (const [index, person] of people.entries()) {
    if (index % AT_A_TIME === 0) await nextTurn();
    signal?.throwIfAborted();
    for (const judged of judgePerson(options, sides, person)) {
      counts[judged.row.verdict] += 1;
      codes.add(judged.codes);
      const { here, there: _, ...rest } = judged.row;
      await onRow?.(values && here !== undefined ? { ...rest, here } : rest);
    }
    onStep?.({ name: 'rehearsing', done: index + 1, total: people.length });
  }
  return {
    ...{ clinic: clinic.name, here: clinic.here.name, there: there.name },
    ...wholeness(options, sides),
    ...{ counts, codes: codes.list(), people: people.length },
    proposed: await proposeCodes(there, codes.list(), codes.names),
  };
}

/** Whether both sides are whole, and when they were read. */
export function wholeness(
  { clinic, there }: Pick<MoveParts, 'clinic' | 'there'>,
  sides: Pick<Sides, 'here' | 'there'>,
): Pick<Rehearsal, 'complete' | 'asOf' | 'incomplete'> {
  const incomplete = (
    [
      [clinic.here.name, sides.here],
      [there.name, sides.there],
    ] as const
  ).flatMap(([connection, { incomplete: failure }]) =>
    failure === undefined ? [] : [{ connection, reason: failure.reason }],
  );
  return { complete: incomplete.length === 0, asOf: sides.here.asOf, incomplete };
}

/** One field of a staff member, judged. */
export interface JudgedField {
  row: RehearsalRow;
  codes: readonly NeededCode[];
  /** Of a field that could be copied. */
  trial?: Trial;
}

/** All fields of a staff member that have a value here. */
export function judgePerson(
  { clinic, there }: Pick<MoveParts, 'clinic' | 'there'>,
  sides: Pick<Sides, 'here' | 'there'>,
  { staffId, here, there: recordThere }: Person,
): JudgedField[] {
  const found = here === undefined ? { absent: true as const } : sides.here.find(here);
  if (!('record' in found)) return [{ row: { staffId, field: '', ...lacking(found) }, codes: [] }];
  const current = recordThere === undefined ? undefined : sides.there.find(recordThere);
  return [...valuesIn(clinic.here.adapter, found.record)].map(([field, shown]): JudgedField => {
    const row = { staffId, field: pointerOf(field) };
    if (shown === 'unreadable') {
      const detail = 'What is stored here has no canonical meaning, so it cannot be copied.';
      return { row: { ...row, verdict: 'unreadable', detail }, codes: [] };
    }
    const withValue = { ...row, here: shown.value };
    if (current === undefined) {
      return { row: { ...withValue, verdict: 'no_record', detail: 'No link leads there.' }, codes: [] };
    }
    if ('unread' in current) {
      const detail = `The record there cannot be read. ${current.unread.reason}`;
      return { row: { ...withValue, verdict: 'unreadable', detail }, codes: [] };
    }
    const body = bodyFor(field, shown.value, clinic.here.adapter);
    const trial = tryField(there, field, body, 'record' in current ? current.record : undefined);
    return { row: { ...withValue, ...rowOf(trial) }, codes: 'codes' in trial ? trial.codes : [], trial };
  });
}

function rowOf(trial: Trial): Pick<RehearsalRow, 'verdict' | 'detail'> {
  if (trial.verdict === 'same') return { verdict: 'same' };
  if (trial.verdict !== 'fits') return { verdict: trial.verdict, detail: trial.detail };
  return trial.replaces
    ? { verdict: 'fits', detail: 'Another value is there; copy replaces it only with --overwrite.' }
    : { verdict: 'fits' };
}

function lacking(found: Exclude<Found, { record: unknown }>): Pick<RehearsalRow, 'verdict' | 'detail'> {
  return 'unread' in found
    ? { verdict: 'unreadable', detail: `The record here cannot be read. ${found.unread.reason}` }
    : { verdict: 'no_record', detail: 'The link here leads to no record.' };
}
