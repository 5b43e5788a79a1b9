/** What speaks against moving a clinic to another connection now. Pure. */
import type { ChangeDetail } from '../store/changes';
import type { Evidence } from '../store/evidence';
import type { Identity } from '../store/whereabouts';

export const GUARD_CODES = [
  'links_incomplete',
  'not_compared',
  'comparison_stale',
  'differences',
  'queue_not_empty',
] as const;

export type GuardCode = (typeof GUARD_CODES)[number];

export interface GuardReason {
  code: GuardCode;
  /** For people; counts and times, no values. */
  detail: string;
}

const STALE_HOURS = 24;
const HOUR_MS = 3_600_000;

/**
 * Ids that are the vendor's own are linked and compared nowhere, so there is nothing to know before. A clinic that is linked until now
 * does not get past the guard by a configuration that changes both.
 * @param wanted by the configuration
 * @param known how its staff are identified where it is; undefined if that is not known
 */
export function hasNothingToJudge(
  wanted: Identity,
  known: Identity | undefined,
  { links: { linked, missing } }: Pick<Evidence, 'links'>,
): boolean {
  return wanted === 'direct' && (known ?? (linked + missing > 0 ? 'linked' : 'direct')) === 'direct';
}

export interface Judged {
  there: string;
  /** When the clinic came to where it is. */
  since: string;
  evidence: Evidence;
  now: Date;
}

/** Every reason, each of which closes the guard by itself. Empty: it is open. */
export function reasonsAgainst({ there, since, evidence, now }: Judged): GuardReason[] {
  return [...aboutLinks(there, evidence), ...aboutComparison(since, evidence, now), ...aboutQueue(evidence)];
}

function aboutLinks(there: string, { links: { linked, missing } }: Evidence): GuardReason[] {
  const detail = `${missing} of ${linked + missing} linked staff have no link at ${there}`;
  return missing === 0 ? [] : [{ code: 'links_incomplete', detail }];
}

function aboutComparison(since: string, { comparison, relinked }: Evidence, now: Date): GuardReason[] {
  if (comparison === undefined) {
    return [{ code: 'not_compared', detail: 'there is no complete comparison of the two connections' }];
  }
  const { startedAt, finishedAt, differences } = comparison;
  if (startedAt < since) {
    const detail = `the last complete comparison began at ${startedAt}, before the clinic came to where it is`;
    return [{ code: 'not_compared', detail }];
  }
  const hours = (now.getTime() - Date.parse(finishedAt)) / HOUR_MS;
  const reasons: GuardReason[] = [];
  if (hours >= STALE_HOURS) {
    const detail = `the last complete comparison ended at ${finishedAt}, more than ${STALE_HOURS} hours ago`;
    reasons.push({ code: 'comparison_stale', detail });
  } else if (relinked > 0) {
    const detail = `${relinked} ${relinked === 1 ? 'link leads' : 'links lead'} to another record since the last complete comparison began`;
    reasons.push({ code: 'comparison_stale', detail });
  }
  if (differences > 0) {
    const detail = `the last complete comparison has ${differences} unexplained ${differences === 1 ? 'difference' : 'differences'}`;
    reasons.push({ code: 'differences', detail });
  }
  return reasons;
}

function aboutQueue({ queue, mirrorQueue }: Evidence): GuardReason[] {
  const counts = {
    queued: queue.queued,
    'being delivered': queue.running,
    dead: queue.dead,
    'on their way to the mirror': mirrorQueue.queued,
    'dead on their way to the mirror': mirrorQueue.dead,
  };
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  if (told.length === 0) return [];
  const detail = `updates are not finished: ${told.map(([what, count]) => `${count} ${what}`).join(', ')}`;
  return [{ code: 'queue_not_empty', detail }];
}

/** What was known when a clinic moved, for the audit. */
export function evidenceDetail({ links, comparison, queue, mirrorQueue }: Evidence): ChangeDetail {
  return {
    linksLinked: links.linked,
    linksMissing: links.missing,
    queued: queue.queued + queue.running,
    dead: queue.dead,
    mirrorQueued: mirrorQueue.queued,
    mirrorDead: mirrorQueue.dead,
    ...(comparison !== undefined && {
      comparedAt: comparison.finishedAt,
      differences: comparison.differences,
      ...Object.fromEntries(
        Object.entries(comparison.counts).map(([verdict, count]) => [`compared.${verdict}`, count]),
      ),
    }),
  };
}
