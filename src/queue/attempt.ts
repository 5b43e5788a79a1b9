/** One attempt at a queued update: it is run as any other update is run. */
import type { GatewayConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import { member } from '../lib/json';
import { Problem } from '../problem';
import type { Clinic } from '../runtime/locate';
import type { Generation, Runtime } from '../runtime/runtime';
import { FIELDS } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { Lease } from '../store/operation';
import { refusal, type UpdateRequest, type UpdateResponse } from '../update/request';
import { type UpdateParts, update } from '../update/update';
import { turnedAway } from './undelivered';

export interface AttemptParts extends UpdateParts {
  runtime: Runtime;
}

/** @throws Problem, StoreUnavailable or a defect, if the update was not even begun or failed itself */
export async function makeAttempt(
  parts: AttemptParts,
  lease: Lease,
  gone: AbortSignal,
): Promise<UpdateResponse> {
  const { generation, release } = parts.runtime.acquire();
  try {
    const request = requestOf(lease, generation, gone);
    if (request instanceof Problem) {
      await parts.journal.end({ change: turnedAway(lease, request, readPatch(lease)) });
      return refusal(request, lease);
    }
    // This process has the mirror's lane.
    if (lease.mirror !== undefined) return await update(parts, request);
    // Held for as long as this process lives, on PostgreSQL: a lease may run out under a process that is only slow.
    const over = await parts.locks.wait({
      key: `operation ${lease.id}`,
      reach: 'replicas',
      deadline: new Deadline(1_000),
    });
    try {
      return await update(parts, request);
    } finally {
      over();
    }
  } finally {
    release();
  }
}

/** What was queued as an update again, or why it is none any more. */
function requestOf(lease: Lease, generation: Generation, gone: AbortSignal): UpdateRequest | Problem {
  const clinic = generation.clinics.get(lease.clinic);
  if (clinic === undefined) return new Problem('forbidden', 'The clinic is no longer configured.');
  if (lease.mirror === undefined && !mayStillWrite(generation.config, lease)) {
    return new Problem('forbidden', 'The caller may no longer update this clinic’s staff.');
  }
  const way = wayOf(lease, clinic, generation);
  if (way instanceof Problem) return way;
  const patch = readPatch(lease);
  if (patch === undefined) return unreadable(lease);
  return {
    ...way,
    requestId: lease.requestId,
    caller: lease.caller,
    staffId: lease.staffId,
    patch,
    lenient: lease.lenient,
    dryRun: false,
    settleFirst: lease.settle,
    asLeft: lease.asLeft,
    queued: true,
    gone,
    ifMatch: lease.ifMatch,
    ifNoneMatch: lease.ifNoneMatch,
    target: lease.target,
  };
}

/** Its own way, or the mirror's. */
function wayOf(
  lease: Lease,
  clinic: Clinic,
  { connections }: Generation,
): Pick<UpdateRequest, 'clinic' | 'beside' | 'kind' | 'delivered'> | Problem {
  const { mirror } = lease;
  if (mirror === undefined) return { clinic };
  const connection = connections.get(mirror);
  // What was on its way to a mirror goes there although the clinic has moved there meanwhile.
  const isWanted = clinic.mirror === mirror || clinic.vendor === mirror;
  if (connection === undefined || !isWanted) {
    return new Problem('forbidden', `${mirror} is not the mirror of this clinic any more.`);
  }
  // Ids that are the own vendor's are no ids there: staff are linked.
  return {
    clinic: { ...clinic, vendor: mirror, identity: 'linked', connection },
    beside: true,
    kind: 'mirror',
    delivered: lease,
  };
}

/**
 * A caller with a token was judged when it sent the update; what can be asked later is whether its issuer is still trusted
 * with this clinic.
 */
function mayStillWrite({ callers, tokens, clinics }: GatewayConfig, { caller, clinic }: Lease): boolean {
  const known = callers.find(({ name }) => name === caller);
  if (known) return known.clinic === clinic && known.scopes.includes('staff:write');
  const issuer = tokens.find(({ name }) => caller.startsWith(`${name}/`));
  return issuer !== undefined && Object.values(issuer.clinics ?? Object.keys(clinics)).includes(clinic);
}

/** Without its key it is tried again: the key may come back. */
function unreadable({ patch }: Lease): Problem {
  return patch === undefined
    ? new Problem('internal_error', 'The update is sealed with an unknown key.')
    : new Problem('validation_failed', 'The update was queued by a version with other fields.');
}

function readPatch({ patch }: Lease): CanonicalPatch | undefined {
  const value: unknown = patch === undefined ? undefined : JSON.parse(patch);
  return isPatch(value) ? value : undefined;
}

function isPatch(value: unknown): value is CanonicalPatch {
  const changes = member(value, 'changes');
  const members = member(value, 'members');
  return (
    Array.isArray(changes) &&
    changes.every((change) => FIELDS.some((field) => field === member(change, 'field'))) &&
    Array.isArray(members) &&
    members.every((name) => typeof name === 'string')
  );
}
