/**
 * One update and its account: runs the update, writes the journal around it, and gives the answer as data. The HTTP
 * route and the delivery of queued updates both come through here.
 */
import { Problem, problemBody } from '../problem';
import type { Attempt } from '../store/attempts';
import type { KeyVerdict } from '../store/idempotency';
import type { Journal } from '../store/journal';
import { StoreUnavailable } from '../store/unavailable';
import { attemptFor, changeFor, type Ended, keyVerdict, leaseMs } from './auditRow';
import { type Checks, Overtaking, type UpdateParts, type UpdateRequest, updateStaff } from './update';

export interface ExecuteParts extends UpdateParts {
  journal: Journal;
}

export interface UpdateIntake extends UpdateRequest {
  /** The caller's name, for the journal. */
  caller: string;
  /** `Prefer: return=minimal`: a success is answered without `data`. */
  minimal?: boolean;
  /** The handle that `Journal.claim` gave: the answer is kept with the key, or the key is set free. */
  idempotencyScope?: string;
}

/** What the queue of updates has to say to one that has just arrived. */
export interface Queue {
  /** Whether earlier updates of the staff member are queued. */
  isBehind: () => Promise<boolean>;
  /** Asked before an answer is given. What it returns is answered, and kept with the key, in its place. */
  instead: ((answer: FinalAnswer) => Promise<FinalAnswer | undefined>) | undefined;
}

export interface FinalAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** Set where the answer is not a success; `body` is then its document. */
  problem?: Problem;
}

/**
 * Never throws a Problem: it is turned into an answer. Durable when it resolves: what was sent, or that nothing was.
 * @param queue absent for an update that comes from the queue itself
 * @throws Overtaking, of which the journal keeps nothing; else only what is a defect, after it was written there
 */
export async function executeUpdate(
  parts: ExecuteParts,
  intake: UpdateIntake,
  queue?: Queue,
): Promise<FinalAnswer> {
  if (intake.dryRun) return answerOf(intake, await ending(parts, intake, {}));
  const started = performance.now();
  let attempt: Attempt | undefined;
  const ended = await ending(parts, intake, {
    isBehind: queue?.isBehind,
    beforeWrite: async (location) => {
      const next = attemptFor(intake, location);
      const begun = await parts.journal.begin(next, leaseMs(location), {
        linked: intake.clinic.identity !== 'direct',
        first: queue !== undefined,
      });
      if (begun === 'behind') throw new Overtaking();
      if (begun === 'moved') throw linkMoved();
      attempt = next;
    },
  });
  const facts = {
    intake,
    ended,
    sentTo: attempt?.vendorRecordId,
    durationMs: performance.now() - started,
  };
  const answer = 'defect' in ended ? undefined : answerOf(intake, ended);
  const instead = answer && (await queue?.instead?.(answer));
  const verdict: KeyVerdict = instead ? { state: 'done', answer: instead } : keyVerdict(facts, answer);
  try {
    const handle = intake.idempotencyScope;
    await parts.journal.end({
      change: changeFor(facts),
      attempt: attempt?.id,
      key: handle === undefined ? undefined : { handle, ...verdict },
    });
  } catch (error) {
    // Only where nothing was sent: an update that leaves no trace is not answered as if it had been heard.
    if (!(error instanceof StoreUnavailable)) throw error;
    return instead ?? answerOf(intake, { problem: gatewayUnavailable(intake) });
  }
  return instead ?? answer ?? answerOf(intake, ended);
}

async function ending(parts: UpdateParts, request: UpdateRequest, checks: Checks): Promise<Ended> {
  try {
    return { answer: await updateStaff(parts, request, checks) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error };
    if (error instanceof Overtaking) throw error;
    return error instanceof StoreUnavailable ? { problem: gatewayUnavailable(request) } : { defect: error };
  }
}

function answerOf({ requestId, minimal }: UpdateIntake, ended: Ended): FinalAnswer {
  if ('defect' in ended) throw ended.defect;
  if ('problem' in ended) {
    const { problem } = ended;
    return {
      status: problem.status,
      headers: { ...problem.extras.headers },
      body: problemBody(problem, requestId),
      problem,
    };
  }
  const { data, meta, etag } = ended.answer;
  return {
    status: 200,
    headers: etag === undefined ? {} : { etag },
    body: minimal ? { meta } : { data, meta },
  };
}

/** While this update was waiting, here or by another process. */
function linkMoved(): Problem {
  return new Problem('conflict', 'The link of this staff member was changed meanwhile. Nothing was sent.', {
    outcome: 'not_applied',
  });
}

/** Nothing was sent, because it could not be written down first. What an earlier try has done, nobody can tell then. */
export function gatewayUnavailable({ settleFirst }: Pick<UpdateRequest, 'settleFirst'> = {}): Problem {
  return new Problem('gateway_unavailable', 'The gateway’s own store is not available. Nothing was sent.', {
    outcome: settleFirst ? 'unknown' : 'not_applied',
    headers: { 'retry-after': '5' },
  });
}
