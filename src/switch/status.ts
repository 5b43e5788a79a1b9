/** How ready a clinic is to move: where it is, what the guard would say, and what is still on its way. */
import type { ClinicConfig } from '../config/types';
import { type Comparison, createComparisons } from '../store/comparisons';
import type { Database } from '../store/database';
import { type Evidence, evidenceOf, queuesOf } from '../store/evidence';
import { findPlace } from '../store/whereabouts';
import { type GuardReason, hasNothingToJudge, reasonsAgainst } from './guard';

export interface SwitchStatus {
  clinic: string;
  /** The connection that its updates go to: as the store says, or the configuration, if nobody has served it yet. */
  vendor: string;
  mirror: string | null;
  /** The connection that all this is about; null if none is named, mirrored or was compared. */
  connection: string | null;
  links: Evidence['links'] | null;
  /** The last one of the two, complete or not. */
  comparison: Omit<Comparison, 'clinic'> | null;
  queue: Evidence['queue'];
  mirrorQueue: Evidence['mirrorQueue'];
  guard: { open: boolean; reasons: readonly GuardReason[] };
  /** Null if it has never moved. `despite`: what the guard had against it. */
  lastMove: { from: string; to: string; at: string; despite: readonly string[] } | null;
}

export interface StatusQuestion {
  database: Database;
  name: string;
  clinic: Pick<ClinicConfig, 'vendor' | 'mirror' | 'identity'>;
  /** Default: where the configuration wants the clinic, its mirror, or the connection that was compared last. */
  connection?: string | undefined;
}

/** @throws StoreUnavailable */
export async function switchStatus(question: StatusQuestion): Promise<SwitchStatus> {
  const { database, name, clinic } = question;
  const place = await findPlace(database, name);
  const here = place?.vendor ?? clinic.vendor;
  const there = question.connection ?? (await whereNext(question, here));
  const status = {
    clinic: name,
    vendor: here,
    mirror: clinic.mirror ?? null,
    connection: there ?? null,
    lastMove:
      place?.previous === undefined
        ? null
        : { from: place.previous, to: here, at: place.since, despite: place.despite },
  };
  if (there === undefined) {
    const detail = 'no connection is named or mirrored, and none was compared';
    const guard = { open: false, reasons: [{ code: 'not_compared', detail }] } as const;
    return { ...status, ...(await queuesOf(database, name)), links: null, comparison: null, guard };
  }
  const evidence = await evidenceOf(database, name, here, there);
  const { links, queue, mirrorQueue } = evidence;
  const last = await createComparisons(database).latest(name, here, there);
  const reasons = hasNothingToJudge(clinic.identity, place?.identity, evidence)
    ? []
    : reasonsAgainst({ there, since: place?.since ?? '', evidence, now: new Date() });
  return {
    ...status,
    ...{ links, queue, mirrorQueue },
    comparison: last === undefined ? null : withoutClinic(last),
    guard: { open: reasons.length === 0, reasons },
  };
}

async function whereNext(
  { database, name, clinic }: StatusQuestion,
  here: string,
): Promise<string | undefined> {
  if (clinic.vendor !== here) return clinic.vendor;
  if (clinic.mirror !== undefined) return clinic.mirror;
  const last = await createComparisons(database).latestOf(name);
  return last?.there === here ? last.here : last?.there;
}

function withoutClinic({ clinic: _, ...comparison }: Comparison): Omit<Comparison, 'clinic'> {
  return comparison;
}
