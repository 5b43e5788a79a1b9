/** How alike two candidates are, as a number, and why, in words. */
import { distance } from 'fastest-levenshtein';
import jaroWinkler from 'talisman/metrics/jaro-winkler';
import { type Candidate, type Evidence, wordsOf } from './evidence';

/** 0 to 1. */
export interface Likeness {
  score: number;
  reasons: readonly string[];
}

/** What is compared, 0 to 1, and how much it counts. */
interface Sign {
  alike: number;
  weight: number;
  reason: string;
}

/** Words that are less alike than this have little in common: chance alone makes them half alike. */
const SAME_WORD = 0.8;
const ONE_WORD = 0.85;
/** Names alone have to be this alike. */
const NAME_ALONE = 0.88;

/** @returns undefined if the two show nothing that could be compared */
export function likeness(here: Candidate, there: Candidate): Likeness | undefined {
  const name = nameSign(here, there);
  const others = [
    nationalIdSign(here.nationalId, there.nationalId),
    birthDateSign(here.birthDate, there.birthDate),
    emailSign(here.email, there.email),
    equalSign('phone', here.phone, there.phone, { same: 0.1, other: 0.04 }),
    equalSign('specialty', here.specialty, there.specialty, { same: 0.05, other: 0.03 }),
  ].filter((sign) => sign !== undefined);
  const signs = name === undefined ? others : [name, ...others];
  if (signs.length === 0) return undefined;
  const weight = signs.reduce((sum, sign) => sum + sign.weight, 0);
  const score = signs.reduce((sum, sign) => sum + sign.alike * sign.weight, 0) / weight;
  const alone = others.every(({ weight: counts }) => counts <= 0.05);
  const enough = !alone || (name?.alike ?? 0) >= NAME_ALONE;
  return { score: enough ? score : Math.min(score, 0.5), reasons: signs.map(({ reason }) => reason) };
}

/** Words in any order, so that swapped given and family names are the same name. 0 to 1; undefined if one has none. */
export function namesAlike(one: readonly string[], other: readonly string[]): number | undefined {
  if (one.length === 0 || other.length === 0) return undefined;
  const [few, many] = one.length <= other.length ? [one, other] : [other, one];
  const pairs = few
    .flatMap((word, row) =>
      many.map((against, column) => ({ row, column, alike: wordsAlike(word, against) })),
    )
    .sort((a, b) => b.alike - a.alike || a.row - b.row || a.column - b.column);
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  let sum = 0;
  for (const { row, column, alike } of pairs) {
    if (rows.has(row) || columns.has(column)) continue;
    rows.add(row);
    columns.add(column);
    sum += alike;
  }
  return (sum / few.length) * (ONE_WORD + (1 - ONE_WORD) * (few.length / many.length));
}

const known = new Map<string, number>();
/** Names of ten thousand people are made of a few thousand words. */
const MOST_KNOWN = 200_000;

function wordsAlike(one: string, other: string): number {
  if (one === other) return 1;
  const key = one < other ? `${one} ${other}` : `${other} ${one}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const alike = jaroWinkler(one, other);
  const counted = alike < SAME_WORD ? alike / 2 : alike;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, counted);
  return counted;
}

function nameSign(here: Candidate, there: Candidate): Sign | undefined {
  const alike = namesAlike(here.words, there.words);
  if (alike === undefined) return undefined;
  return { alike, weight: 0.45, reason: nameReason(here.shown, there.shown, alike) };
}

export function nameReason(here: Evidence, there: Evidence, alike: number): string {
  if (isSwapped(here, there)) return 'given and family name swapped';
  if (alike >= 0.999) return 'same name';
  return `${alike >= SAME_WORD ? 'names alike' : 'names differ'} (${alike.toFixed(2)})`;
}

function isSwapped(here: Evidence, there: Evidence): boolean {
  const [given, family] = [wordsOf(here.given).join(' '), wordsOf(here.family).join(' ')];
  if (given === '' || family === '' || given === family) return false;
  return given === wordsOf(there.family).join(' ') && family === wordsOf(there.given).join(' ');
}

/** A figure that is wrong or missing, or two that are swapped. */
export function isSlip(one: string, other: string): boolean {
  const apart = distance(one, other);
  const sorted = (text: string) => [...text].sort().join('');
  return apart === 1 || (apart === 2 && sorted(one) === sorted(other));
}

function nationalIdSign(one: string | undefined, other: string | undefined): Sign | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === other) return { alike: 1, weight: 0.4, reason: 'same national id' };
  if (isSlip(one, other))
    return { alike: 0.8, weight: 0.3, reason: 'national ids that a slip could explain' };
  return { alike: 0, weight: 0.2, reason: 'national ids differ' };
}

function birthDateSign(one: string | undefined, other: string | undefined): Sign | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === other) return { alike: 1, weight: 0.2, reason: 'same birth date' };
  if (isSlip(one, other) || isDayAndMonthSwapped(one, other)) {
    return { alike: 0.7, weight: 0.2, reason: 'birth dates that a slip could explain' };
  }
  return { alike: 0, weight: 0.2, reason: 'birth dates differ' };
}

function isDayAndMonthSwapped(one: string, other: string): boolean {
  const [year, month, day] = one.split('-');
  return other === `${year}-${day}-${month}`;
}

function emailSign(one: string | undefined, other: string | undefined): Sign | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === other) return { alike: 1, weight: 0.2, reason: 'same e-mail' };
  if (isSlip(one, other)) return { alike: 0.8, weight: 0.15, reason: 'e-mails that a slip could explain' };
  // People have several.
  return { alike: 0, weight: 0.05, reason: 'e-mails differ' };
}

function equalSign(
  noun: string,
  one: string | undefined,
  other: string | undefined,
  { same, other: differing }: { same: number; other: number },
): Sign | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === other) return { alike: 1, weight: same, reason: `same ${noun}` };
  return { alike: 0, weight: differing, reason: `${noun} differs` };
}
