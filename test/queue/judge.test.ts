import { Problem, type ProblemCode, type ProblemExtras, problemBody } from '../../src/problem';
import { judge } from '../../src/queue/judge';
import type { UpdateResponse } from '../../src/update/request';
import { provablyUnsent } from '../../src/update/request';

const SETTINGS = {
  concurrency: 1,
  maxQueuedPerCaller: 1,
  maxAttempts: 10,
  baseDelayMs: 1_000,
  maxDelayMs: 60_000,
  leaseSeconds: 30,
  pollMs: 1_000,
  retentionDays: 7,
};
const UNSENT = { outcome: 'not_applied' } as const;

function refusal(code: ProblemCode, extras: ProblemExtras = {}): UpdateResponse {
  const problem = new Problem(code, 'Why.', extras);
  return {
    status: problem.status,
    headers: { ...extras.headers },
    body: problemBody(problem, 'r'),
    problem,
  };
}

const judged = (answer: UpdateResponse, counted = 1, settle = false, random = 1) =>
  judge(answer, { counted, settle }, SETTINGS, () => random);

describe('what an answer means for a queued update', () => {
  it('ends a success with its answer', () => {
    const answer = { status: 200, headers: {}, body: { data: {} } };
    expect(judged(answer)).toEqual({ status: 'succeeded', answer: { status: 200, body: { data: {} } } });
  });

  it.each([
    'staff_not_found',
    'conflict',
    'precondition_failed',
    'vendor_rejected',
    'unsupported_field',
    'forbidden',
  ] as const)('ends %s as failed', (code) => {
    const answer = refusal(code);
    expect(judged(answer)).toEqual({
      status: 'failed',
      answer: { status: answer.status, body: answer.body },
      error: { code, detail: 'Why.' },
    });
  });

  it.each<{ code: ProblemCode; extras: ProblemExtras; settle: boolean }>([
    { code: 'vendor_unavailable', extras: UNSENT, settle: false },
    { code: 'vendor_rate_limited', extras: { ...UNSENT, vendor: { name: 'v', status: 429 } }, settle: false },
    { code: 'gateway_unavailable', extras: UNSENT, settle: false },
    { code: 'vendor_credentials_rejected', extras: UNSENT, settle: false },
    // The vendor has answered, or a read has shown it: the write may still come late.
    { code: 'vendor_unavailable', extras: { ...UNSENT, vendor: { name: 'v', status: 503 } }, settle: true },
    { code: 'vendor_timeout', extras: UNSENT, settle: true },
    { code: 'vendor_timeout', extras: { outcome: 'unknown' }, settle: true },
    { code: 'vendor_timeout', extras: { outcome: 'applied' }, settle: true },
    { code: 'vendor_unavailable', extras: { outcome: 'unknown' }, settle: true },
    { code: 'vendor_unexpected_response', extras: { outcome: 'applied' }, settle: true },
    { code: 'write_not_confirmed', extras: {}, settle: true },
    { code: 'internal_error', extras: {}, settle: true },
  ])('tries $code again, reading first: $settle ($extras)', ({ code, extras, settle }) => {
    expect(judged(refusal(code, extras))).toMatchObject({ settle, error: { code } });
    expect(judged(refusal(code, extras), 1, true)).toMatchObject({ settle: true });
    expect(judged(refusal(code, extras), 10)).toMatchObject({ status: 'dead', settle, error: { code } });
  });

  it('waits longer each time, up to the cap, with full jitter', () => {
    const down = refusal('vendor_unavailable', UNSENT);
    const delays = [1, 2, 3, 7, 9].map((counted) => judged(down, counted));
    expect(delays).toMatchObject([1_000, 2_000, 4_000, 60_000, 60_000].map((delayMs) => ({ delayMs })));
    expect(judged(down, 3, false, 0.25)).toMatchObject({ delayMs: 1_000 });
    expect(judged(down, 3, false, 0)).toMatchObject({ delayMs: 0 });
  });

  it.each([
    { header: '5', delayMs: 5_000 },
    { header: '0', delayMs: 500 },
    { header: 'soon', delayMs: 500 },
  ])('takes Retry-After: $header as the least', ({ header, delayMs }) => {
    const down = refusal('vendor_rate_limited', { ...UNSENT, headers: { 'retry-after': header } });
    expect(judged(down, 1, false, 0.5)).toMatchObject({ delayMs });
  });

  it('waits as long as it may where only an operator can help', () => {
    expect(judged(refusal('vendor_credentials_rejected', UNSENT), 1, false, 0)).toMatchObject({
      delayMs: 60_000,
    });
  });

  it('takes nothing for unsent that does not say so', () => {
    expect(provablyUnsent(new Problem('vendor_unavailable', ''))).toBe(false);
  });
});
