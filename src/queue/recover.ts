/**
 * Updates whose process has ended under them: what became of them is read from the vendor, never written again, and
 * their row of the audit follows.
 */

import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { tableOf } from '../directory/record';
import { Deadline } from '../lib/deadline';
import type { Log } from '../ops/log';
import { Problem } from '../problem';
import type { Clinic } from '../runtime/locate';
import type { Generation, Runtime } from '../runtime/runtime';
import { topLevelOf } from '../staff/fields';
import type { Attempt } from '../store/attempts';
import type { Change, ChangeOutcome, FieldResult } from '../store/changes';
import type { Journal } from '../store/journal';
import type { Locks, Release } from '../store/locks';
import { admit } from '../update/admit';
import { valuesOf } from '../update/auditRow';
import { turnKey } from '../update/carryOut';
import { mirroredPart } from '../update/mirror';
import { makePlan } from '../update/plan';
import { landsForSure } from '../update/write';

export interface SettleParts {
  journal: Journal;
  locks: Locks;
  runtime: Runtime;
  log: Log;
}

const AT_ONCE = 20;
/** Longer than any read takes, and the pause until a vendor that does not answer is asked again. */
const LEASE_MS = 30_000;
/** A vendor that cannot be asked for this long is given up. */
const GIVE_UP_MS = 24 * 3_600_000;

/** Finds out about all abandoned attempts that are due. */
export async function settleAbandoned(parts: SettleParts): Promise<void> {
  for (;;) {
    const attempts = await parts.journal.takeAbandoned(AT_ONCE, LEASE_MS);
    await Promise.all(attempts.map((attempt) => settle(parts, attempt)));
    if (attempts.length < AT_ONCE) return;
  }
}

async function settle(parts: SettleParts, attempt: Attempt): Promise<void> {
  const { generation, release } = parts.runtime.acquire();
  try {
    const clinic = generation.clinics.get(attempt.clinic);
    // What was copied, or on its way to the mirror itself, goes nowhere from there.
    const isOwn = (attempt.kind ?? 'update') === 'update' && clinic?.vendor === attempt.vendor;
    const mirrors = isOwn && clinic.mirror !== undefined ? clinic : undefined;
    const turn = mirrors && (await turnFor(parts, mirrors, attempt));
    if (turn === 'busy') return;
    try {
      await findOut(parts, attempt, generation, mirrors);
    } finally {
      turn?.();
    }
  } finally {
    release();
  }
}

/** What is found out goes on to the mirror before what comes after it. */
async function turnFor(
  { locks }: SettleParts,
  { connection }: Clinic,
  { vendorRecordId }: Attempt,
): Promise<Release | 'busy'> {
  const deadline = new Deadline(LEASE_MS / 3);
  try {
    return await locks.wait({ key: turnKey(connection, vendorRecordId), reach: 'replicas', deadline });
  } catch (error) {
    if (error instanceof Problem) return 'busy';
    throw error;
  }
}

async function findOut(
  { journal, log }: SettleParts,
  attempt: Attempt,
  generation: Generation,
  mirrors: Clinic | undefined,
): Promise<void> {
  const connection = generation.connections.get(attempt.vendor);
  const age = Date.now() - Date.parse(attempt.createdAt);
  const finding =
    (connection && (await shownBy(connection, attempt))) ??
    (age > GIVE_UP_MS ? nothingKnown(attempt) : undefined);
  if (finding === undefined) return;
  const change = changeOf(attempt, finding);
  const mirrored = mirrors && mirroredPart(mirrors, { ...attempt, settleFirst: true }, finding.fields);
  await journal.end({ attempt: attempt.id, change, mirrored });
  log.notice('the outcome of an update that a crash interrupted is known now', {
    requestId: attempt.requestId,
    outcome: change.outcome,
  });
}

type Fields = Readonly<Record<string, FieldResult>>;

/** What the vendor's record shows of an attempt. */
interface Finding {
  fields: Fields;
  outcome: ChangeOutcome;
}

/** Undefined if the vendor cannot be asked now. */
async function shownBy(connection: VendorConnection, attempt: Attempt): Promise<Finding | undefined> {
  const table = tableOf(connection.adapter);
  const sent = new Set(attempt.patch.changes.map(({ field }) => field));
  const resources = connection.resources.filter((name) =>
    [...sent].some((field) => {
      const mapping = table[field];
      return mapping.supported && mapping.resource === name;
    }),
  );
  let record: VendorRecord;
  try {
    const deadline = new Deadline(connection.config.timeoutMs, attempt.clinic, attempt.requestId);
    record = await connection.read(attempt.vendorRecordId, deadline, undefined, resources);
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return error.kind === 'record_not_found' ? nothingKnown(attempt) : undefined;
  }
  return compare(connection, attempt, record);
}

function compare(connection: VendorConnection, attempt: Attempt, record: VendorRecord): Finding {
  const { adapter, title } = connection;
  const table = tableOf(adapter);
  try {
    const { changes, dropped } = admit(attempt.patch, table, attempt.lenient, title);
    const { targets } = makePlan(adapter, table, changes, record);
    const results = new Map<string, FieldResult>(
      dropped.map(({ change }) => [topLevelOf(change.field), 'dropped']),
    );
    /** By resource, since each is written by a request of its own. */
    const parts = new Map<string | undefined, FieldResult>();
    for (const target of targets) {
      const member = topLevelOf(target.field);
      const state = landsForSure(target, record);
      const result = state === 'landed' ? 'verified' : state === 'missing' ? 'not_applied' : 'unknown';
      const before = results.get(member) ?? 'dropped';
      results.set(member, before === 'dropped' || before === result ? result : 'unknown');
      const { resource } = target.mapping;
      parts.set(resource, (parts.get(resource) ?? result) === result ? result : 'unknown');
    }
    return {
      fields: Object.fromEntries([...results].map(([member, result]) => [`/${member}`, result])),
      outcome: overall(new Set(parts.values())),
    };
  } catch (error) {
    // The configuration or the record has changed so much that the update would be refused now.
    if (error instanceof Problem) return nothingKnown(attempt);
    throw error;
  }
}

function nothingKnown({ patch }: Attempt): Finding {
  return {
    fields: Object.fromEntries(patch.members.map((name) => [`/${name}`, 'unknown'])),
    outcome: 'unknown',
  };
}

/** @param parts what became of each resource's part */
function overall(parts: ReadonlySet<FieldResult>): ChangeOutcome {
  if (parts.has('verified')) return parts.size === 1 ? 'success' : 'partial';
  return parts.size === 1 && parts.has('not_applied') ? 'failed' : 'unknown';
}

function changeOf(attempt: Attempt, { fields, outcome }: Finding): Change {
  return {
    kind: attempt.kind ?? 'update',
    at: new Date().toISOString(),
    requestId: attempt.requestId,
    clinic: attempt.clinic,
    caller: attempt.caller,
    staffId: attempt.staffId,
    vendor: attempt.vendor,
    vendorRecordId: attempt.vendorRecordId,
    outcome,
    status: null,
    code: 'settled_by_reading',
    durationMs: Math.max(0, Date.now() - Date.parse(attempt.createdAt)),
    fields,
    values: valuesOf(attempt.patch),
  };
}
