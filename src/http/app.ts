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
import type { Authenticator } from '../callers/callers';
import { CallerLimits, type InFlight } from '../callers/limits';
import { capabilitiesOf } from '../directory/capabilities';
import { StaffLists } from '../directory/lists';
import type { Health } from '../ops/health';
import type { Log } from '../ops/log';
import type { Metrics } from '../ops/metrics';
import { withTrace } from '../ops/trace';
import { PROBLEMS, Problem } from '../problem';
import type { Runtime } from '../runtime/runtime';
import type { Changes } from '../store/changes';
import type { Links } from '../store/links';
import { StoreUnavailable } from '../store/unavailable';
import { gatewayUnavailable } from '../update/request';
import type { UpdateParts } from '../update/update';
import { contextOf, type RequestContext, sendJson, sendProblem } from './answer';
import { authenticate, authorized } from './authentication';
import { allowOrigins } from './cors';
import { countHeader } from './headers';
import { refuseUnknownQuery } from './query';
import { getChanges } from './routes/changes';
import { getDocs, getDocsFile, getOpenApi } from './routes/docs';
import { deleteLink, getLinks, putLink } from './routes/links';
import { getOperation, retryOperation } from './routes/operations';
import { getStaff, patchStaff } from './routes/staff';
import { getStaffList } from './routes/staffList';

/** What the application is built from. */
export interface AppParts extends UpdateParts {
  runtime: Runtime;
  authenticator: Authenticator;
  links: Links;
  log: Log;
  inFlight: InFlight;
  metrics: Metrics;
  /** Whether the gateway can work. */
  health: () => Promise<Health>;
  changes: Changes;
}

type Handler = (req: Request, res: Response) => void | Promise<void>;

/** What stands before the work on a route: who is calling, and whether there is room for one more. */
interface Entrance {
  runtime: Runtime;
  authenticator: Authenticator;
  limits: CallerLimits;
  inFlight: InFlight;
}

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  // Express' own would pass over whatever is beyond its limits; `queryOf` refuses.
  app.set('query parser', false);

  app.use(helmet());
  app.use(beginRequest(parts));
  const origins = allowOrigins(parts.runtime.current.config.server.cors.origins);
  if (origins) app.use(origins);

  const { links, operations } = parts;
  const entrance = {
    runtime: parts.runtime,
    authenticator: parts.authenticator,
    limits: new CallerLimits(),
    inFlight: parts.inFlight,
  };
  // Routes are tried in their order: the one that nearly all requests are for comes first.
  route(
    app,
    '/staff/:id',
    { GET: (req, res) => getStaff(links, req, res), PATCH: (req, res) => patchStaff(parts, req, res) },
    entrance,
  );

  route(app, '/healthz', { GET: (_req, res) => sendJson(res, 200, { status: 'ok' }) });
  route(app, '/readyz', { GET: readiness(parts) });
  route(app, '/problems/:code', { GET: describeProblem });
  route(app, '/openapi.json', { GET: getOpenApi });
  if (parts.runtime.current.config.server.docs === 'on') {
    route(app, '/docs', { GET: getDocs });
    route(app, '/docs/:file', { GET: getDocsFile });
  }

  const lists = new StaffLists();
  route(app, '/staff', { GET: (req, res) => getStaffList({ lists, links }, req, res) }, entrance);
  route(app, '/capabilities', { GET: getCapabilities }, entrance);
  route(app, '/staff/:id/links', { GET: (req, res) => getLinks(links, req, res) }, entrance);
  route(
    app,
    '/staff/:id/links/:vendor',
    { PUT: (req, res) => putLink(links, req, res), DELETE: (req, res) => deleteLink(links, req, res) },
    entrance,
  );

  route(app, '/operations/:id', { GET: (req, res) => getOperation(operations, req, res) }, entrance);
  route(app, '/operations/:id/retry', { POST: (req, res) => retryOperation(operations, req, res) }, entrance);
  route(app, '/changes', { GET: (req, res) => getChanges(parts.changes, req, res) }, entrance);

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
  entrance?: Entrance,
): void {
  const names = Object.keys(handlers);
  const allow = names.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  const work: Handler = (req, res) => {
    const handler = handlers[req.method === 'HEAD' ? 'GET' : req.method];
    if (handler) return handler(req, res);
    throw new Problem('method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
  };
  // One handler for all of it, and not `app.all`, which registers it once for each of HTTP's methods.
  app.route(path).all(async (req, res) => {
    // Before anything can be refused, so that refusals are counted and logged under their route too.
    contextOf(res).route = path;
    await (entrance ? enterAnd(work, entrance, req, res) : work(req, res));
  });
}

/** Opens the session, has the work done, and lets go of the generation when both the work and the connection have ended. */
async function enterAnd(work: Handler, entrance: Entrance, req: Request, res: Response): Promise<void> {
  const { runtime, limits, inFlight } = entrance;
  // Kept alive for as long as the request lasts, whatever happens to the configuration meanwhile.
  const { generation, release } = runtime.acquire();
  const context = contextOf(res);
  context.release = release;
  context.working = true;
  let leave: (() => void) | undefined;
  try {
    // Awaiting nothing costs a turn of the queue all the same, and only tokens need it.
    const opening = authenticate(entrance.authenticator, generation, req, res);
    if (opening) await opening;
    const { caller, clinic } = authorized(res);
    limits.admit(caller, res);
    leave = inFlight.enter();
    const traced = clinic.connection.config.propagateTrace;
    await (traced ? withTrace(req.headers.traceparent, () => work(req, res)) : work(req, res));
  } finally {
    context.working = false;
    // A handler that is still at work when its client has gone lets go itself, when it has ended.
    if (res.closed) release();
    leave?.();
  }
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

function beginRequest({ log, metrics }: AppParts): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    const context: RequestContext = { requestId };
    res.locals.context = context;
    res.setHeader('x-request-id', requestId);
    const started = performance.now();
    res.on('close', () => {
      const milliseconds = performance.now() - started;
      log.request(context, req.method, res.statusCode, milliseconds);
      metrics.request(context, req.method, res.statusCode, milliseconds);
      if (!context.working) context.release?.();
    });
    // RFC 9112 section 3.2; what stands in front may have gone by the other one.
    if (countHeader(req, 'host') > 1) {
      throw new Problem('malformed_request', 'There is more than one Host header.');
    }
    next();
  };
}

function readiness(parts: AppParts): Handler {
  return async (_req, res) => {
    const health = await parts.health();
    sendJson(res, health.status === 'ready' ? 200 : 503, health);
  };
}

function getCapabilities(req: Request, res: Response): void {
  const { clinic, requestId } = authorized(res, 'staff:read');
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
    if (error instanceof StoreUnavailable) return sendProblem(res, gatewayUnavailable());
    // Express refuses a path that cannot be decoded with such an error.
    if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)) {
      return sendProblem(res, new Problem('malformed_request', 'The URL is malformed.'));
    }
    log.defect(contextOf(res), error);
    sendProblem(res, new Problem('internal_error', 'The gateway failed. Report the requestId.'));
  };
}
