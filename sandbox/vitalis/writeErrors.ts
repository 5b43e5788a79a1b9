import type { ErrorRequestHandler } from 'express';
import { WriteError } from './columns';

/** What a route answers to a failed statement. */
interface FailureTexts {
  /** To anything that fails, with 500. */
  failed?: string;
  /** By method, to a row that breaks the unique index, with 409; `failed` if there is none. */
  taken?: Readonly<Record<string, string>>;
}

/**
 * What the vendor answers when a statement fails: 500 without a reason, and 409 on the routes that look for a broken
 * unique index. An error that has its own status (a path that is no UTF-8, say) goes on to Express.
 */
export function answerWriteErrors({
  failed = 'Error del servidor',
  taken = {},
}: FailureTexts = {}): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent || hasStatus(error)) return next(error);
    const clash = error instanceof WriteError && error.taken ? taken[request.method] : undefined;
    response.status(clash === undefined ? 500 : 409).json({ msg: clash ?? failed });
  };
}

function hasStatus(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error;
}
