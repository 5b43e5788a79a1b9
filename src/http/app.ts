/**
 * The Express composition: which route, in what order. Builds from what it is given and never listens.
 */
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import type { Authenticator } from '../callers/callers';
import { Anonymous, CallerLimits, type InFlight } from '../callers/limits';
import { capabilitiesOf } from '../directory/capabilities';
import { StaffLists } from '../directory/lists';
import type { Health } from '../ops/health';
import type { Log } from '../ops/log';
import type { Metrics } from '../ops/metrics';
import { PROBLEMS, Problem } from '../problem';
import type { Runtime } from '../runtime/runtime';
import type { Ceilings } from '../store/ceilings';
import { act, type Changes } from '../store/changes';
import type { Links } from '../store/links';
import { StoreUnavailable } from '../store/unavailable';
import { gatewayUnavailable } from '../update/request';
import type { UpdateParts } from '../update/update';
import { contextOf, type RequestContext, sendJson, sendProblem } from './answer';
import { authorized } from './authentication';
import { allowOrigins } from './cors';
import { type Entrance, enterAnd, enterUnknown, type Handler } from './entrance';
import { headerValues } from './headers';
import { refuseUnknownQuery } from './query';
import type { Refusals } from './refusals';
import { RequestIds } from './requestIds';
import { getChanges } from './routes/changes';
import { getDocs, getDocsFile, getOpenApi } from './routes/docs';
import { getKeys } from './routes/keys';
import { deleteLink, getLinks, putLink } from './routes/links';
import { getOperation, retryOperation } from './routes/operations';
import { getStaff, patchStaff, type ReadTrail } from './routes/staff';
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
  refusals: Refusals;
  /** Where replicas count callers' requests together; absent: each counts by itself. */
  ceilings?: Ceilings | undefined;
}

export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  // Express' own would pass over whatever is beyond its limits; `queryOf` refuses.
  app.set('query parser', false);

  app.use(beginRequest(parts, securityHeaders()));
  const origins = allowOrigins(parts.runtime.current.config.server.cors.origins);
  if (origins) app.use(origins);

  const { links, operations } = parts;
  const reads = readTrail(parts);
  const { server, audit } = parts.runtime.current.config;
  const { maxInFlight, anonymous } = server;
  const entrance: Entrance = {
    runtime: parts.runtime,
    authenticator: parts.authenticator,
    limits: new CallerLimits(parts.ceilings),
    inFlight: parts.inFlight,
    // Apart from all that is for anyone, which must not keep callers out. Behind a proxy they share an address.
    unidentified: new Anonymous({ maxInFlight, maxPerAddress: Math.ceil(maxInFlight / 2) }),
    requestIds: new RequestIds(),
  };
  // Apart from the files, whose readers may take their time: whether the process is alive must be told all the same.
  const probes = new Anonymous(anonymous);
  const files = new Anonymous(anonymous);
  // Routes are tried in their order: the one that nearly all requests are for comes first.
  route(
    app,
    '/staff/:id',
    {
      GET: (req, res) => getStaff({ links, reads }, req, res),
      PATCH: (req, res) => patchStaff(parts, req, res),
    },
    entrance,
  );

  route(app, '/healthz', { GET: (_req, res) => sendJson(res, 200, { status: 'ok' }) }, probes);
  route(app, '/readyz', { GET: readiness(parts) }, probes);
  route(app, '/problems/:code', { GET: describeProblem }, files);
  route(app, '/openapi.json', { GET: getOpenApi }, files);
  route(app, '/.well-known/jwks.json', { GET: (req, res) => getKeys(parts.runtime, req, res) }, files);
  if (parts.runtime.current.config.server.docs === 'on') {
    route(app, '/docs', { GET: getDocs }, files);
    route(app, '/docs/:file', { GET: getDocsFile }, files);
  }

  const lists = new StaffLists();
  route(app, '/staff', { GET: (req, res) => getStaffList({ lists, links, reads }, req, res) }, entrance);
  route(app, '/capabilities', { GET: getCapabilities }, entrance);
  route(app, '/staff/:id/links', { GET: (req, res) => getLinks(links, req, res) }, entrance);
  route(
    app,
    '/staff/:id/links/:vendor',
    { PUT: (req, res) => putLink(parts, req, res), DELETE: (req, res) => deleteLink(links, req, res) },
    entrance,
  );

  route(app, '/operations/:id', { GET: (req, res) => getOperation(operations, req, res) }, entrance);
  route(
    app,
    '/operations/:id/retry',
    { POST: (req, res) => retryOperation(parts.operations, req, res) },
    entrance,
  );
  const shown = { changes: parts.changes, values: audit.values, limits: entrance.limits };
  route(app, '/changes', { GET: (req, res) => getChanges(shown, req, res) }, entrance);

  app.use(() => {
    throw new Problem('not_found', 'The URL names nothing that this API has.');
  });
  app.use(answerErrors(parts.log));
  return app;
}

function readTrail({ journal, runtime }: AppParts): ReadTrail {
  if (!runtime.current.config.audit.reads) return undefined;
  return (read) => journal.end({ change: act({ kind: 'read', ...read, status: 200 }) });
}

/** Registers the methods of one path; any other method is answered 405 with `Allow`. */
function route(
  app: Express,
  path: string,
  handlers: Readonly<Record<string, Handler>>,
  entrance: Entrance | Anonymous,
): void {
  const names = Object.keys(handlers);
  const allow = names.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  const work: Handler = (req, res) => {
    const handler = handlers[req.method === 'HEAD' ? 'GET' : req.method];
    if (handler) return handler(req, res);
    throw new Problem('method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
  };
  // One handler for all of it, and not `app.all`, which registers it once for each of HTTP's methods.
  app.route(path).all((req, res) => {
    // Before anything can be refused, so that refusals are counted and logged under their route too.
    contextOf(res).route = path;
    return entrance instanceof Anonymous
      ? enterUnknown(work, entrance, req, res)
      : enterAnd(work, entrance, req, res);
  });
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** helmet's, which are the same for every answer: its middleware is asked once. */
function securityHeaders(): Map<string, string> {
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  helmet()(req, res, () => {});
  return new Map(Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)]));
}

function beginRequest({ log, metrics, refusals }: AppParts, security: Map<string, string>): RequestHandler {
  return (req, res, next) => {
    res.setHeaders(security);
    const given = req.headers['x-request-id'];
    const givenId = typeof given === 'string' && REQUEST_ID.test(given);
    const requestId = givenId ? given : randomUUID();
    const context: RequestContext = { requestId, givenId };
    res.locals.context = context;
    res.setHeader('x-request-id', requestId);
    const started = performance.now();
    // Of a connection that is closed nobody can tell any more.
    const address = req.socket.remoteAddress ?? '';
    res.on('close', () => {
      const milliseconds = performance.now() - started;
      log.request(context, req.method, res.statusCode, milliseconds);
      metrics.request(context, req.method, res.statusCode, milliseconds);
      noteRefusal(refusals, { context, method: req.method, status: res.statusCode, address });
      if (!context.working) context.release?.();
    });
    // RFC 9112 section 3.2; a proxy in front may have used the other one.
    if (headerValues(req, 'host').length > 1) {
      throw new Problem('malformed_request', 'There is more than one Host header.');
    }
    next();
  };
}

/** A caller that is not known, or may not do what it asked for. */
function noteRefusal(
  refusals: Refusals,
  refused: { context: RequestContext; method: string; status: number; address: string },
): void {
  const { context, ...rest } = refused;
  const { code, requestId, route = '', clinic = '', caller = '' } = context;
  if (code !== 'unauthenticated' && code !== 'forbidden') return;
  refusals.note({ ...rest, code, requestId, route, clinic, caller });
}

function readiness(parts: AppParts): Handler {
  return async (_req, res) => {
    // Which connections there are is for those who run the gateway: the ops port tells.
    const { vendors: _, ...health } = await parts.health();
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
