/** Acts that come with an `Idempotency-Key`: a double click does one thing, and gets one answer. */
import { createHash, randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { idempotencyKeyOf } from '../http/headers';
import { canonicalJson } from '../lib/json';
import { Problem } from '../problem';
import type { Answer, ConsoleParts } from './route';
import type { Signed } from './sessions';

/** Longer than any act takes that a request waits for. */
const LEASE_MS = 120_000;

interface Asked {
  req: Request;
  signed: Signed;
  body: unknown;
}

/** @throws Problem `idempotency_key_reused`, `idempotency_in_progress`; StoreUnavailable */
export async function once(
  { journal }: Pick<ConsoleParts, 'journal'>,
  { req, signed, body }: Asked,
  work: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  const key = idempotencyKeyOf(req);
  if (key === undefined) return work();
  const claimed = await journal.claim({
    scope: digest(['console', signed.operator.name, req.method, req.path, key]),
    fingerprint: digest([body ?? null]),
    owner: randomUUID(),
    leaseMs: LEASE_MS,
  });
  if (claimed.kind === 'reused') {
    throw new Problem('idempotency_key_reused', 'This key was sent before with a different request.');
  }
  if (claimed.kind === 'in_progress') {
    throw new Problem('idempotency_in_progress', 'The first request with this key is still under way.', {
      headers: { 'retry-after': '1' },
    });
  }
  if (claimed.kind === 'replay') {
    const { status, body: before } = claimed.answer;
    return { status, body: before, headers: { 'idempotency-replayed': 'true' } };
  }
  const { handle } = claimed;
  let answer: Answer | undefined;
  try {
    answer = await work();
  } catch (error) {
    await journal.endClaim({ handle, state: 'free' });
    throw error;
  }
  if (answer === undefined) await journal.endClaim({ handle, state: 'free' });
  else {
    const { status = 200, body: told } = answer;
    await journal.endClaim({ handle, state: 'done', answer: { status, headers: {}, body: told } });
  }
  return answer;
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}
