/** Cross-origin requests from browser apps, for exactly the configured origins and without cookies. */
import cors from 'cors';
import type { RequestHandler } from 'express';

const SETTINGS = {
  methods: ['GET', 'HEAD', 'PATCH', 'PUT', 'POST', 'DELETE'],
  allowedHeaders: [
    'authorization',
    'content-type',
    'accept',
    'cache-control',
    'prefer',
    'if-match',
    'if-none-match',
    'idempotency-key',
    'x-request-id',
    'traceparent',
  ],
  exposedHeaders: [
    'etag',
    'location',
    'retry-after',
    'preference-applied',
    'idempotency-replayed',
    'x-request-id',
    'ratelimit',
    'ratelimit-policy',
    'www-authenticate',
  ],
  /** Seconds that a browser may keep the answer to a preflight. */
  maxAge: 600,
} satisfies cors.CorsOptions;

/** Undefined if no origin is configured: browsers then keep other origins' apps out by themselves. */
export function allowOrigins(origins: readonly string[]): RequestHandler | undefined {
  return origins.length === 0 ? undefined : cors({ ...SETTINGS, origin: [...origins] });
}
