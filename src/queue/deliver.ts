/**
 * Delivers queued updates: takes what is due, runs it as any other update is run, and writes down what came of it. An
 * attempt whose outcome is not known is never repeated blindly: the next one reads first.
 */
import { randomUUID } from 'node:crypto';
import { createSignal } from '../lib/signal';
import type { Log } from '../ops/log';
import { Problem } from '../problem';
import type { Lane } from '../store/lanes';
import type { Lease } from '../store/operation';
import { StoreUnavailable } from '../store/unavailable';
import { refusal, type UpdateResponse } from '../update/request';
import { type AttemptParts, makeAttempt } from './attempt';
import { judge } from './judge';
import { createMirrorLanes, laneOf } from './mirrorLanes';
import { createMirrorPace } from './mirrorPace';
import { createTurns } from './turns';

export interface DeliveryParts extends AttemptParts {
  log: Log;
}

export interface Deliveries {
  start(): void;
  /**
   * Takes nothing new, lets what is under way end within `graceMs`, then cancels what was not yet sent. What has not
   * ended even then is taken over when its lease runs out.
   */
  stop(graceMs: number): Promise<void>;
}

/** How long after the cancelling a stop waits for what was cancelled to be given back. */
export const GIVE_BACK_MS = 2_000;
/** How long updates for mirrors gather before they are fetched. */
const GATHER_MS = 500;
const PURGE_MS = 3_600_000;

export function createDeliveries(parts: DeliveryParts): Deliveries {
  const { runtime, operations, log } = parts;
  const owner = randomUUID();
  const running = new Map<string, { lease: Lease; ended: Promise<void>; cancel: () => void }>();
  const turns = createTurns();
  const signal = createSignal();
  const pace = createMirrorPace();
  let gathering: NodeJS.Timeout | undefined;
  let stopping = false;
  let troubled = false;

  const settings = () => runtime.current.config.deliveries;
  const { locks } = parts;
  const mirrors = createMirrorLanes({
    locks,
    pace,
    settings,
    giveBack: (leases) => operations.release(leases),
  });

  /** @returns milliseconds until it is worth looking again; the end of a delivery wakes earlier */
  async function takeWhatIsDue(): Promise<number> {
    const { concurrency, leaseSeconds, pollMs } = settings();
    const lanes = (await operations.lanes()).map((lane) => ({
      ...lane,
      dueMs: Math.max(lane.dueMs, isMirror(lane) ? pace.restOf(lane) : 0),
    }));
    const busy = [...running.values()].flatMap(({ lease }) =>
      lease.mirror === undefined ? [laneOf(lease)] : [],
    );
    const due = lanes.filter(({ dueMs }) => dueMs <= 0);
    const own = due.filter((lane) => !isMirror(lane));
    const shares = [
      ...turns.share(own, { most: concurrency, busy }, sharedConnections()),
      ...(await mirrors.shares(due.filter(isMirror))),
    ];
    if (shares.length === 0) {
      const waits = lanes.filter(({ dueMs }) => dueMs > 0).map(({ dueMs }) => Math.ceil(dueMs));
      return Math.min(pollMs, ...waits);
    }
    const leases = await operations.claim(owner, shares, leaseSeconds);
    if (stopping) {
      await operations.release(leases);
      return pollMs;
    }
    const callers = leases.filter(({ mirror }) => mirror === undefined);
    for (const lease of callers) begin(lease, Promise.resolve(true));
    const mirrored = leases.filter(({ mirror }) => mirror !== undefined);
    const turnOf = await mirrors.take(mirrored);
    for (const lease of mirrored) begin(lease, turnOf(lease));
    // Of what is for mirrors, the end of a delivery tells when it is worth looking again.
    return callers.length > 0 ? 0 : pollMs;
  }

  /** A clinic that has moved to its mirror sends its callers' own updates there. */
  function isMirror({ connection, clinic }: Pick<Lane, 'connection' | 'clinic'>): boolean {
    return runtime.current.config.clinics[clinic]?.mirror === connection;
  }

  /** Somebody waits for a caller's update. Updates for mirrors gather first, unless more of them are due than were fetched. */
  function wake({ mirror }: Lease): void {
    const gather = Math.min(GATHER_MS, settings().pollMs);
    if (mirror === undefined || mirrors.isBehind) signal.raise();
    else {
      gathering ??= setTimeout(() => {
        gathering = undefined;
        signal.raise();
      }, gather);
    }
  }

  function sharedConnections(): ReadonlySet<string> {
    const used = Object.values(runtime.current.config.clinics).flatMap(({ vendor, mirror }) =>
      mirror === undefined ? [vendor] : [vendor, mirror],
    );
    return new Set(used.filter((vendor, index) => used.indexOf(vendor) !== index));
  }

  async function work(): Promise<void> {
    while (!stopping) {
      let pause = settings().pollMs;
      try {
        pause = await takeWhatIsDue();
        troubled = false;
      } catch (error) {
        // Logged once, not once a second for as long as the store is away.
        if (!troubled) log.notice('queued updates cannot be fetched', { reason: reasonOf(error) });
        troubled = true;
      } finally {
        mirrors.leaveIdle();
      }
      if (pause > 0 && !stopping) await signal.wait(pause);
    }
  }

  function begin(lease: Lease, turn: Promise<boolean>): void {
    const gone = new AbortController();
    const ended = attempt(lease, turn, gone).finally(() => {
      running.delete(lease.id);
      wake(lease);
    });
    running.set(lease.id, { lease, ended, cancel: () => gone.abort() });
  }

  /** One attempt when its turn comes, and the note of its result. If that cannot be written, the lease runs out. */
  async function attempt(lease: Lease, turn: Promise<boolean>, gone: AbortController): Promise<void> {
    const renewal = keepLease(lease, gone);
    let hasTurn = false;
    try {
      hasTurn = await turn;
      if (hasTurn) await conclude(lease, await answerTo(lease, gone.signal), gone.signal);
    } catch (error) {
      log.notice('a delivery could not be written down', { operation: lease.id, reason: reasonOf(error) });
    } finally {
      clearInterval(renewal);
      if (hasTurn && lease.mirror !== undefined) mirrors.ended(lease);
    }
  }

  function keepLease(lease: Lease, gone: AbortController): NodeJS.Timeout {
    const { leaseSeconds } = settings();
    return setInterval(
      () => {
        operations.renew(lease, leaseSeconds).then(
          // Another process has it: what was not yet sent must not be sent by both.
          (ours) => ours || gone.abort(),
          () => {},
        );
      },
      (leaseSeconds * 1000) / 3,
    );
  }

  async function answerTo(lease: Lease, gone: AbortSignal): Promise<UpdateResponse> {
    try {
      return await makeAttempt(parts, lease, gone);
    } catch (error) {
      if (error instanceof Problem) return refusal(error, lease);
      if (!(error instanceof StoreUnavailable)) {
        log.defect({ requestId: lease.requestId, route: 'delivery', clinic: lease.clinic }, error);
      }
      return refusal(
        new Problem('internal_error', 'The gateway failed while it delivered the update.'),
        lease,
      );
    }
  }

  async function conclude(lease: Lease, answer: UpdateResponse, gone: AbortSignal): Promise<void> {
    if (gone.aborted && answer.problem?.extras.outcome === 'not_applied') return operations.release([lease]);
    const verdict = judge(answer, lease, settings());
    if (lease.mirror !== undefined) pace.ended(laneOf(lease), !('delayMs' in verdict), settings());
    if ('delayMs' in verdict) {
      await operations.postpone(lease, verdict);
      return;
    }
    if (lease.mirror !== undefined && verdict.status === 'succeeded') {
      // What was written there has ended with its row of the audit.
      if (answer.problem !== undefined) await parts.journal.finishMirrored(lease);
      return;
    }
    const ours = await operations.finish(lease, verdict);
    if (!ours || verdict.status === 'succeeded') return;
    const what = lease.mirror === undefined ? 'a queued update' : 'an update for a mirror';
    const end = verdict.status === 'dead' ? 'is dead' : 'has failed for good';
    log.notice(`${what} ${end}: see "deliveries list"`, {
      operation: lease.id,
      clinic: lease.clinic,
      ...(lease.mirror !== undefined && { mirror: lease.mirror }),
      code: verdict.error?.code ?? '',
    });
  }

  const expire = async () => {
    const ids = await operations.expire(settings().retentionDays);
    for (const operation of ids)
      log.notice('a dead update has expired: nobody decided about it', { operation });
    return ids.length;
  };

  const purge = async () => {
    try {
      for (let expired = await expire(); expired > 0 && !stopping; expired = await expire());
      while (!stopping && (await operations.purge(settings().retentionDays)) > 0);
    } catch (error) {
      log.notice('old operations cannot be purged', { reason: reasonOf(error) });
    }
  };

  let working: Promise<void> | undefined;
  let purging: NodeJS.Timeout | undefined;

  return {
    start: () => {
      operations.onDue(signal.raise);
      working ??= work();
      purging ??= setInterval(() => void purge(), PURGE_MS).unref();
      void purge();
    },
    stop: async (graceMs) => {
      stopping = true;
      clearInterval(purging);
      clearTimeout(gathering);
      signal.raise();
      await working;
      await mirrors.stop();
      const all = () => Promise.all([...running.values()].map(({ ended }) => ended));
      if (await within(graceMs, all())) return;
      for (const { cancel } of running.values()) cancel();
      await within(GIVE_BACK_MS, all());
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.reason;
  return error instanceof Error ? error.name : 'unknown';
}

/** Whether the work ended in time. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
