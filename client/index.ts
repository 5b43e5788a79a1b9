/** The typed client: what is generated from the OpenAPI document, with the little that every caller needs around it. */
import { type AcceptedAnswer, Gateway, type Problem, type UpdateAnswer } from './gateway.js';

export * from './gateway.js';
export { GatewayError, type HttpResponse, type RequestParams } from './http.js';

/** @param key an API key or an access token */
export function connect(baseUrl: string, key: string): Gateway {
  return new Gateway({ baseUrl, key });
}

/** What a caller may wish for with an update, as the headers that say it. */
export interface UpdateWishes {
  /** Drop what the vendor cannot hold instead of refusing the update. */
  lenient?: boolean;
  /** Leave `data` out of the answer. */
  minimal?: boolean;
  /** Queue the update and answer at once; the answer is then an `AcceptedAnswer`. */
  respondAsync?: boolean;
  /** The `ETag` of the record that the update was made for. */
  ifMatch?: string;
  /** A new random text for each new update, the same one when it is repeated. */
  idempotencyKey?: string;
}

/** For the last argument of `updateStaff`. */
export function wishing(wishes: UpdateWishes): { headers: Record<string, string> } {
  const prefer = [
    ...(wishes.lenient ? ['handling=lenient'] : []),
    ...(wishes.minimal ? ['return=minimal'] : []),
    ...(wishes.respondAsync ? ['respond-async'] : []),
  ];
  return {
    headers: {
      ...(prefer.length > 0 && { prefer: prefer.join(', ') }),
      ...(wishes.ifMatch !== undefined && { 'if-match': wishes.ifMatch }),
      ...(wishes.idempotencyKey !== undefined && { 'idempotency-key': wishes.idempotencyKey }),
    },
  };
}

/** Was the update queued? Tells the two successes of `updateStaff` apart. */
export function isAccepted(answer: UpdateAnswer | AcceptedAnswer): answer is AcceptedAnswer {
  return !('receipt' in answer.meta);
}

/** The problem document in what a failed call throws; undefined for anything else, such as a broken connection. */
export function problemIn(thrown: unknown): Problem | undefined {
  const error = typeof thrown === 'object' && thrown !== null && 'error' in thrown ? thrown.error : undefined;
  return isProblem(error) ? error : undefined;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'requestId' in value;
}
