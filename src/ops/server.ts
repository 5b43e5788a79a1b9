/** The ops port: metrics and health for those who run the gateway, apart from the callers, and the operators' console. */
import type { RequestListener, ServerOptions, ServerResponse } from 'node:http';
import type { Health } from './health';
import type { Metrics } from './metrics';

export interface OpsParts {
  metrics: Metrics;
  health: () => Promise<Health>;
  /** Answers everything below `/console`; undefined while the configuration names nobody who may use it. */
  console?: (() => RequestListener | undefined) | undefined;
}

type Answer = { status: number; type: string; text: string };

export const OPS_SERVER_OPTIONS: ServerOptions = { headersTimeout: 5_000, requestTimeout: 10_000 };

export function createOpsHandler(parts: OpsParts): RequestListener {
  return (req, res) => {
    // The query string is not needed here.
    const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
    const page = path === '/console' || path.startsWith('/console/') ? parts.console?.() : undefined;
    if (page !== undefined) return page(req, res);
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      return send(res, { ...json(405, { status: 'method not allowed' }) }, { allow: 'GET, HEAD' });
    }
    answer(parts, path)
      .catch(() => json(500, { status: 'failed' }))
      .then((found) => send(res, req.method === 'HEAD' ? { ...found, text: '' } : found));
  };
}

async function answer({ metrics, health }: OpsParts, path: string): Promise<Answer> {
  if (path === '/metrics') return { status: 200, type: metrics.contentType, text: await metrics.text() };
  if (path === '/healthz') return json(200, { status: 'ok' });
  if (path === '/readyz') {
    const found = await health();
    return json(found.status === 'ready' ? 200 : 503, found);
  }
  return json(404, { status: 'not found', paths: ['/metrics', '/healthz', '/readyz'] });
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', text: JSON.stringify(body) };
}

function send(
  res: ServerResponse,
  { status, type, text }: Answer,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  res.end(text);
}
