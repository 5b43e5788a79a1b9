/**
 * Who is the same person on two sides. Accepted is only what two identifiers say that are unique on both sides; everything else
 * is left to a person. One record for one person, always; the result does not depend on the order of what is given.
 */
import { byCodeUnit } from '../people';
import { isSlip, likeness, nameReason, namesAlike } from './alike';
import { blocks } from './blocks';
import type { Candidate } from './evidence';

/** `none`: nobody there is alike; there is no record then. */
export type Decision = 'accept' | 'review' | 'none';

export interface Match {
  here: Candidate;
  there: Candidate | undefined;
  decision: Decision;
  /** 0 to 1. */
  confidence: number;
  /** In words, without values. */
  reasons: readonly string[];
}

export interface MatchInput {
  /** All staff, those that are linked already too: what is theirs is nobody else's. */
  people: readonly Candidate[];
  /** All records. */
  records: readonly Candidate[];
  /** Staff ids and record ids that are linked already. They are not matched again. */
  linkedPeople: ReadonlySet<string>;
  linkedRecords: ReadonlySet<string>;
  /** Whether somebody has said that the two are not the same. */
  isRejected: (staffId: string, recordId: string) => boolean;
}

/** From here on a person should look at it. */
const REVIEW = 0.6;
const BY_ID = 1;
const BY_EMAIL = 0.95;
/** What is left to a person is never as sure as that. */
const MOST_UNSURE = 0.94;
/** Alternatives of one person that are looked at. */
const MOST_ALTERNATIVES = 20;
/** Another one that is so much less alike is no rival. */
const RIVAL = 0.03;

/** One for each person without a link, by staff id. */
export function matchPeople(input: MatchInput): Match[] {
  const people = [...input.people].sort(byId);
  const records = [...input.records].sort(byId);
  const accepted = acceptedAmong({ ...input, people, records });
  const taken = new Set([...accepted.values()].map(({ there }) => there?.id));
  const openPeople = people.filter(({ id }) => !input.linkedPeople.has(id) && !accepted.has(id));
  const openRecords = records.filter(({ id }) => !input.linkedRecords.has(id) && !taken.has(id));
  const reviewed = assign(openPeople, openRecords, input.isRejected);
  return people
    .filter(({ id }) => !input.linkedPeople.has(id))
    .map((here) => accepted.get(here.id) ?? reviewed.get(here.id) ?? nobody(here));
}

function nobody(here: Candidate): Match {
  const shows = [here.words[0], here.nationalId, here.birthDate, here.email, here.phone].some(Boolean);
  const reason = shows ? 'nobody there is alike' : 'nothing is shown here to match by';
  return { here, there: undefined, decision: 'none', confidence: 0, reasons: [reason] };
}

/** By staff id. */
function acceptedAmong(input: MatchInput): Map<string, Match> {
  const { people, records, isRejected } = input;
  const claims = [
    ...pairsBy(people, records, ({ nationalId }) => nationalId).map((pair) => ({
      ...pair,
      by: 'id' as const,
    })),
    ...pairsBy(people, records, emailAndBirthDate).map((pair) => ({ ...pair, by: 'email' as const })),
  ];
  const claimedBy = grouped(claims.map(({ here, there }) => [here, there]));
  const claimedFor = grouped(claims.map(({ here, there }) => [there, here]));
  const candidates = blocks(records);
  const accepted = new Map<string, Match>();
  for (const { here, there, by } of claims) {
    if (accepted.has(here.id) || input.linkedPeople.has(here.id) || input.linkedRecords.has(there.id))
      continue;
    if (isRejected(here.id, there.id)) continue;
    // The same person or record is claimed for somebody else too.
    if ((claimedBy.get(here)?.size ?? 0) > 1 || (claimedFor.get(there)?.size ?? 0) > 1) continue;
    if (speaksAgainst(here, there, by) || hasBetter(here, there, candidates(here))) continue;
    accepted.set(here.id, acceptance(here, there, by));
  }
  return accepted;
}

function grouped<Key, Value>(pairs: readonly (readonly [Key, Value])[]): Map<Key, Set<Value>> {
  const groups = new Map<Key, Set<Value>>();
  for (const [key, value] of pairs) groups.set(key, (groups.get(key) ?? new Set()).add(value));
  return groups;
}

function emailAndBirthDate({ email, birthDate }: Candidate): string | undefined {
  return email === undefined || birthDate === undefined ? undefined : `${email} ${birthDate}`;
}

interface Pair {
  here: Candidate;
  there: Candidate;
}

/** Those that have a key in common which nobody else has, on either side. */
function pairsBy(
  people: readonly Candidate[],
  records: readonly Candidate[],
  keyOf: (candidate: Candidate) => string | undefined,
): Pair[] {
  const [here, there] = [onlyOnes(people, keyOf), onlyOnes(records, keyOf)];
  return [...here].flatMap(([key, person]) => {
    const record = there.get(key);
    return person !== undefined && record !== undefined ? [{ here: person, there: record }] : [];
  });
}

/** By key; undefined where several have it. */
function onlyOnes(
  candidates: readonly Candidate[],
  keyOf: (candidate: Candidate) => string | undefined,
): Map<string, Candidate | undefined> {
  const found = new Map<string, Candidate | undefined>();
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    if (key !== undefined) found.set(key, found.has(key) ? undefined : candidate);
  }
  return found;
}

/** An identifier may be mistyped, or shared by a family: what else is shown must not contradict it. */
function speaksAgainst(here: Candidate, there: Candidate, by: 'id' | 'email'): boolean {
  const names = namesAlike(here.words, there.words);
  if (by === 'email') {
    const ids = [here.nationalId, there.nationalId] as const;
    const otherId = ids[0] !== undefined && ids[1] !== undefined && !isSameOrSlip(ids[0], ids[1]);
    return otherId || (names !== undefined && names < 0.75);
  }
  const agrees = (key: 'birthDate' | 'email' | 'phone') =>
    here[key] !== undefined && here[key] === there[key];
  const days = [here.birthDate, there.birthDate] as const;
  const otherDay = days[0] !== undefined && days[1] !== undefined && !isSameOrSlip(days[0], days[1]);
  if (otherDay && !agrees('email') && !agrees('phone')) return true;
  if (names === undefined || names >= 0.7) return false;
  return otherDay || !(['birthDate', 'email', 'phone'] as const).some(agrees);
}

function isSameOrSlip(one: string, other: string): boolean {
  return one === other || isSlip(one, other);
}

/** Whether another record has this very name and something else of the person, and this one has another name. */
function hasBetter(here: Candidate, there: Candidate, others: Iterable<Candidate>): boolean {
  const own = namesAlike(here.words, there.words);
  if (own === undefined || own >= 0.9) return false;
  for (const other of others) {
    if (other === there || (namesAlike(here.words, other.words) ?? 0) < own + 0.15) continue;
    const same = (key: 'birthDate' | 'email' | 'phone') =>
      here[key] !== undefined && here[key] === other[key];
    if (same('birthDate') || same('email') || same('phone')) return true;
  }
  return false;
}

function acceptance(here: Candidate, there: Candidate, by: 'id' | 'email'): Match {
  const names = namesAlike(here.words, there.words);
  const reasons = [
    by === 'id' ? 'same national id' : 'same e-mail and birth date',
    'unique on both sides',
    ...(names === undefined ? [] : [nameReason(here.shown, there.shown, names)]),
  ];
  return { here, there, decision: 'accept', confidence: by === 'id' ? BY_ID : BY_EMAIL, reasons };
}

interface Alike extends Pair {
  score: number;
  reasons: readonly string[];
}

/** The most alike first, each person and each record once. By staff id. */
function assign(
  people: readonly Candidate[],
  records: readonly Candidate[],
  isRejected: MatchInput['isRejected'],
): Map<string, Match> {
  const candidates = blocks(records);
  const pairs = people.flatMap((here) =>
    [...candidates(here)]
      .filter((there) => !isRejected(here.id, there.id))
      .flatMap((there): Alike[] => {
        const found = likeness(here, there);
        return found !== undefined && found.score >= REVIEW ? [{ here, there, ...found }] : [];
      })
      .sort(mostAlikeFirst)
      .slice(0, MOST_ALTERNATIVES),
  );
  const ofPerson = grouped(pairs.map((pair) => [pair.here, pair]));
  const ofRecord = grouped(pairs.map((pair) => [pair.there, pair]));
  const found = new Map<string, Match>();
  const taken = new Set<string>();
  for (const pair of pairs.toSorted(mostAlikeFirst)) {
    const { here, there, score, reasons } = pair;
    if (found.has(here.id) || taken.has(there.id)) continue;
    taken.add(there.id);
    const rivals = rivalsOf(pair, ofPerson.get(here), ofRecord.get(there));
    found.set(here.id, {
      ...{ here, there, decision: 'review' },
      // Of several who are alike, only one is the right one.
      confidence: Math.min(score, MOST_UNSURE) / (1 + (rivals?.count ?? 0)),
      reasons: rivals === undefined ? reasons : [...reasons, rivals.reason],
    });
  }
  return found;
}

function mostAlikeFirst(one: Alike, other: Alike): number {
  return (
    other.score - one.score ||
    byCodeUnit(one.here.id, other.here.id) ||
    byCodeUnit(one.there.id, other.there.id)
  );
}

/** Others that are as alike. @param records, people all pairs of this person, and of this record */
function rivalsOf(
  { here, there, score }: Alike,
  records: Iterable<Alike> = [],
  people: Iterable<Alike> = [],
): { count: number; reason: string } | undefined {
  const isNear = (pair: Alike) => pair.score >= score - RIVAL;
  const others = [...records].filter((pair) => isNear(pair) && pair.there !== there).length;
  if (others > 0) {
    return {
      count: others,
      reason: `${others} other ${others === 1 ? 'record is' : 'records are'} as alike`,
    };
  }
  const staff = [...people].filter((pair) => isNear(pair) && pair.here !== here).length;
  return staff > 0 ? { count: staff, reason: `as alike to ${staff} other staff` } : undefined;
}

function byId(one: Candidate, other: Candidate): number {
  return byCodeUnit(one.id, other.id);
}
