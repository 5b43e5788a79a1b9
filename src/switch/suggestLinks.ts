/** Who of a clinic's staff is which record of another connection? Sends nothing but reads, and links nobody. */
import type { VendorConnection } from '../connection/connection';
import type { VendorFailure } from '../connection/failure';
import { createLinks } from '../store/links';
import { createRejectedPairs } from '../store/rejectedPairs';
import { type Candidate, candidateOf, type Evidence } from './match/evidence';
import { type Decision, matchPeople } from './match/match';
import { linksAt } from './people';
import { readSide, type Side } from './side';
import { type MoveParts, readHere } from './sides';

/** One line of what is suggested. `reject`: somebody has said so before. */
export interface Suggestion {
  clinic: string;
  staffId: string;
  vendor: string;
  /** Empty if nobody there is alike. */
  vendorRecordId: string;
  decision: Decision | 'reject';
  /** 0 to 1. */
  confidence: number;
  reasons: readonly string[];
  here: Evidence;
  there: Evidence;
}

export interface SuggestedLinks {
  suggestions: readonly Suggestion[];
  counts: { linked: number; accept: number; review: number; none: number; rejected: number };
  /** What is to be said about it, in sentences. */
  remarks: readonly string[];
  /** Why one side could not be read to its end; then nothing is suggested. */
  failure: { connection: VendorConnection; failure: VendorFailure } | undefined;
}

export interface SuggestParts extends MoveParts {
  /** Pairs that were rejected and are not in the store: record ids by staff id. */
  rejected?: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function suggestLinks(parts: SuggestParts): Promise<SuggestedLinks> {
  const { clinic, there, database, onStep, signal } = parts;
  const { side: here, records } = await readHere(parts);
  const other = await readSide(there, { owner: clinic.name, onStep, signal });
  const unread = here.incomplete
    ? { connection: clinic.here, failure: here.incomplete }
    : other.incomplete && { connection: there, failure: other.incomplete };
  if (unread) return { suggestions: [], counts: noCounts(), remarks: [], failure: unread };
  const people = candidatesOn(clinic.here, here, records);
  const candidates = candidatesOn(there, other, new Map([...(other.listed ?? [])].map((id) => [id, id])));
  const linked = await linksAt(database, clinic.name, there.name);
  const stored = await createRejectedPairs(database).of(clinic.name, there.name);
  const rejected = (staffId: string) => [
    ...new Set([...(stored.get(staffId) ?? []), ...(parts.rejected?.get(staffId) ?? [])]),
  ];
  const matches = matchPeople({
    people,
    records: candidates,
    linkedPeople: new Set(linked.keys()),
    linkedRecords: new Set((await createLinks(database).atVendor(there.name)).keys()),
    isRejected: (staffId, recordId) =>
      stored.get(staffId)?.has(recordId) === true || parts.rejected?.get(staffId)?.has(recordId) === true,
  });
  const byRecord = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  const row = (staffId: string, vendorRecordId: string) => ({
    ...{ clinic: clinic.name, staffId, vendor: there.name, vendorRecordId },
  });
  const suggestions = matches.flatMap((match): Suggestion[] => [
    {
      ...row(match.here.id, match.there?.id ?? ''),
      ...{ decision: match.decision, confidence: match.confidence, reasons: match.reasons },
      ...{ here: match.here.shown, there: match.there?.shown ?? {} },
    },
    ...rejected(match.here.id)
      .sort()
      .map(
        (recordId): Suggestion => ({
          ...row(match.here.id, recordId),
          ...{ decision: 'reject', confidence: 0, reasons: ['rejected before'] },
          ...{ here: match.here.shown, there: byRecord.get(recordId)?.shown ?? {} },
        }),
      ),
  ]);
  const counted = (decision: Suggestion['decision']) =>
    suggestions.filter((suggestion) => suggestion.decision === decision).length;
  return {
    suggestions,
    counts: {
      ...{ linked: linked.size, accept: counted('accept'), review: counted('review') },
      ...{ none: counted('none'), rejected: counted('reject') },
    },
    remarks: [
      ...nobodyKnown(clinic, people),
      ...tooLittle(clinic.here, people),
      ...tooLittle(there, candidates),
    ],
    failure: undefined,
  };
}

function noCounts(): SuggestedLinks['counts'] {
  return { linked: 0, accept: 0, review: 0, none: 0, rejected: 0 };
}

/** @param records record ids by the ids of the candidates */
function candidatesOn(
  { adapter }: VendorConnection,
  side: Side,
  records: ReadonlyMap<string, string>,
): Candidate[] {
  return [...records].map(([id, recordId]) => {
    const found = side.find(recordId);
    return candidateOf(id, adapter, 'record' in found ? found.record : {});
  });
}

/** Where there is nobody to look for. */
function nobodyKnown({ name, here, identity }: MoveParts['clinic'], people: readonly Candidate[]): string[] {
  if (people.length > 0) return [];
  return [
    identity === 'direct'
      ? `${here.name} has no records, so nobody was looked for.`
      : `${name} has no links at ${here.name}, so nobody was looked for: import those first.`,
  ];
}

/** Where no record shows enough for anything to be accepted. */
function tooLittle({ name }: VendorConnection, candidates: readonly Candidate[]): string[] {
  const shows = (what: (candidate: Candidate) => unknown) => candidates.some((one) => Boolean(what(one)));
  if (candidates.length === 0 || shows(({ nationalId }) => nationalId)) return [];
  if (shows(({ email, birthDate }) => email && birthDate)) return [];
  if (!shows(({ words }) => words[0])) return [`${name} shows nothing that people could be matched by.`];
  return [
    `${name} shows neither a national id nor e-mail and birth date, so nothing is accepted: a name alone proves nothing.`,
  ];
}
