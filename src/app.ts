/**
 * The Express composition: which route, in what order. Builds from what it is given and never listens.
 */
import { randomUUID } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import { capabilitiesOf } from './gateway/capabilities';
import type { Locks } from './gateway/locks';
import type { Runtime } from './gateway/runtime';
import { contextOf, type RequestContext, sendJson, sendProblem } from './http/answer';
import { refuseUnknownQuery } from './http/query';
import { deleteLink, getLinks, putLink } from './http/routes/links';
import { getStaff, patchStaff } from './http/routes/staff';
import { enter, openSession } from './http/session';
import type { Log } from './ops/log';
import { PROBLEMS, Problem } from './problem';
import type { Links } from './store/links';

/** What the application is built from. */
export interface AppParts {
  runtime: Runtime;
  links: Links;
  locks: Locks;
  log: Log;
  /** Resolves when the gateway can work; rejects with the reason. */
  ready: () => Promise<void>;
}

type Handler = (req: Request, res: Response) => void | Promise<void>;

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('query parser', 'simple');

  app.use(beginRequest(parts.log));
  app.use(helmet());

  route(app, '/healthz', { GET: (_req, res) => sendJson(res, 200, { status: 'ok' }) });
  route(app, '/readyz', { GET: readiness(parts) });
  route(app, '/problems/:code', { GET: describeProblem });

  const { links, locks } = parts;
  const updates = { links, locks };
  const session = withSession(parts.runtime);
  route(app, '/capabilities', { GET: getCapabilities }, session);
  route(
    app,
    '/staff/:id',
    { GET: (req, res) => getStaff(updates, req, res), PATCH: (req, res) => patchStaff(updates, req, res) },
    session,
  );
  route(app, '/staff/:id/links', { GET: (req, res) => getLinks(links, req, res) }, session);
  route(
    app,
    '/staff/:id/links/:vendor',
    { PUT: (req, res) => putLink(links, req, res), DELETE: (req, res) => deleteLink(links, req, res) },
    session,
  );

  app.use(() => {
    throw new Problem('not_found', 'The URL names nothing that this API has.');
  });
  app.use(answerErrors(parts.log));
  return app;
}

/** Registers the methods of one path; any other method is answered 405 with `Allow`. */
function route(
  app: Express,
  path: string,
  handlers: Readonly<Record<string, Handler>>,
  before?: RequestHandler,
): void {
  const names = Object.keys(handlers);
  const allow = names.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  const dispatch: RequestHandler = (req, res) => {
    contextOf(res).route = path;
    const handler = handlers[req.method === 'HEAD' ? 'GET' : req.method];
    if (handler) return handler(req, res);
    throw new Problem('method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
  };
  app.all(path, ...(before ? [before, dispatch] : [dispatch]));
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

function beginRequest(log: Log): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    const context: RequestContext = { requestId };
    res.locals.context = context;
    res.setHeader('x-request-id', requestId);
    const started = performance.now();
    res.on('close', () => log.request(context, req.method, res.statusCode, performance.now() - started));
    next();
  };
}

/** Keeps the setup alive for as long as the request lasts, whatever happens to the configuration meanwhile. */
function withSession(runtime: Runtime): RequestHandler {
  return (req, res, next) => {
    const { setup, release } = runtime.acquire();
    res.on('close', release);
    openSession(setup, req, res);
    next();
  };
}

function readiness(parts: AppParts): Handler {
  return async (_req, res) => {
    try {
      await parts.ready();
      sendJson(res, 200, { status: 'ready' });
    } catch {
      sendJson(res, 503, { status: 'not ready' });
    }
  };
}

function getCapabilities(req: Request, res: Response): void {
  const { clinic, requestId } = enter(res, 'staff:read');
  refuseUnknownQuery(req, []);
  const { name, connection } = clinic;
  sendJson(res, 200, {
    data: {
      vendor: connection.name,
      adapter: connection.config.adapter,
      fields: capabilitiesOf(connection.adapter),
    },
    meta: { requestId, clinic: name },
  });
}

/** The page behind a problem's `type`. */
function describeProblem(req: Request, res: Response): void {
  const found = Object.entries(PROBLEMS).find(([code]) => code === req.params.code);
  if (found === undefined) throw new Problem('not_found', 'There is no such problem code.');
  const [code, kind] = found;
  sendJson(res, 200, { code, ...kind });
}

/** The one error middleware: problems as they are, what the framework refuses as a problem, the rest as ours. */
function answerErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    if (error instanceof Problem) return sendProblem(res, error);
    // Express refuses a path that cannot be decoded with such an error.
    if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)) {
      return sendProblem(res, new Problem('malformed_request', 'The URL is malformed.'));
    }
    log.defect(contextOf(res), error);
    sendProblem(res, new Problem('internal_error', 'The gateway failed. Report the requestId.'));
  };
}
