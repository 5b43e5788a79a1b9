import type { Response } from 'express';

/** Receives the whole answer body; `finish` sends it on, changed or not. Not calling `finish` sends nothing. */
export type AnswerTap = (body: Buffer, finish: (body: Buffer) => void) => void;

/**
 * Puts `tap` between the routes and the socket. Every route of the sandboxes answers with one `end`, so the body is
 * always whole here. The tap that was added last sees the body first.
 */
export function tapAnswer(response: Response, tap: AnswerTap): void {
  const end = response.end.bind(response);
  const finish = (body: Buffer): void => {
    if (response.hasHeader('content-length')) response.setHeader('content-length', body.length);
    end(body);
  };
  let ended = false;
  response.end = (chunk?: unknown, encoding?: unknown): Response => {
    if (!ended) {
      ended = true;
      tap(toBuffer(chunk, encoding), finish);
    }
    return response;
  };
}

function toBuffer(chunk: unknown, encoding: unknown): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (typeof chunk !== 'string') return Buffer.alloc(0);
  return Buffer.from(chunk, typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8');
}

/** The answer as a test wants to see it: parsed if it is JSON, else its text; undefined if there is none. */
export function readAnswer(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
