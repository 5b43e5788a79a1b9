/** The console's part of the ops listener: its API, for who is signed in, and the page. Builds and never listens. */
import { createHash, randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import helmet from 'helmet';
import type Joi from 'joi';
import { Anonymous } from '../callers/limits';
import { contextOf, sendJson, sendNotModified, sendProblem } from '../http/answer';
import { readJsonBody } from '../http/jsonBody';
import { refuseUnknownQuery, validQuery } from '../http/query';
import { Problem } from '../problem';
import { createConsoleSessions } from '../store/consoleSessions';
import { createSwitchJobs } from '../store/switchJobs';
import { StoreUnavailable } from '../store/unavailable';
import { gatewayUnavailable } from '../update/request';
import { readCookie } from './cookies';
import { complaintOf, prototypesIn } from './expected';
import { Jobs } from './jobs';
import { OidcSignIn } from './oidc';
import { once } from './once';
import { CONSOLE_API } from './openapi';
import { getAsset, getPage } from './page';
import { Reviews } from './reviews';
import type { Answer, ConsoleParts, Route, Workplace } from './route';
import { ROUTES } from './routes';
import { isCsrfToken, Sessions, type Signed } from './sessions';
import {
  deleteSession,
  getSession,
  getSignIn,
  isSecure,
  operatorCaller,
  postSession,
  refuseForeign,
  SESSION_COOKIE,
  type SignInParts,
} from './signIn';
import { SignInLimits } from './signInLimits';

/** Requests under way at the same time: a console is for a few people. */
const MOST = { maxInFlight: 64, maxPerAddress: 32 };

type Work = (req: Request, res: Response) => void | Promise<void>;

export interface OperatorsConsole {
  handle: Express;
  /** Stops what operators have begun, where nothing is half done, and waits for that. */
  close(): Promise<void>;
}

export function createConsole(parts: ConsoleParts): OperatorsConsole {
  const { runtime, database, now, log } = parts;
  const operators = () => runtime.current.config.operators;
  const hasProvider = () => runtime.current.config.ops.oidc !== undefined;
  const store = createConsoleSessions(database);
  const sessions = new Sessions({ store, operators, hasProvider, now });
  const failed = (error: unknown) => log.defect({ requestId: '', route: '/console/api/switch' }, error);
  const jobs = new Jobs(createSwitchJobs(database, randomUUID()), failed);
  const workplace: Workplace = { ...parts, jobs, reviews: new Reviews() };
  const signIn: SignInParts = { ...parts, sessions, limits: new SignInLimits() };
  const oidc = new OidcSignIn(signIn);
  const entrance = new Anonymous(MOST);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', false);
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: PAGE_POLICY } }));
  app.use((req, res, next) => {
    beginRequest(parts, req, res);
    next();
  });

  const path = (at: string, methods: Readonly<Record<string, Work>>) =>
    app.route(at).all(async (req, res) => {
      contextOf(res).route = at;
      const leave = entrance.enter(req.socket.remoteAddress);
      res.once('close', leave);
      await workFor(methods, req)(req, res);
    });
  const signedIn = (work: (signed: Signed, req: Request, res: Response) => void | Promise<void>): Work => {
    return async (req, res) => work(await requireSession(signIn, req, res), req, res);
  };

  path('/console/api/sign-in', { GET: (req, res) => getSignIn(signIn, req, res) });
  path('/console/api/session', {
    POST: (req, res) => postSession(signIn, req, res),
    GET: signedIn(getSession),
    DELETE: signedIn(async (signed, req, res) => {
      requireIntent(signed, req);
      await deleteSession(signIn, signed, req, res);
    }),
  });
  path('/console/api/oidc/start', { GET: (req, res) => oidc.start(req, res) });
  path('/console/api/oidc/callback', { GET: (req, res) => oidc.callback(req, res) });
  path('/console/api/openapi.json', { GET: (_req, res) => sendJson(res, 200, CONSOLE_API()) });
  for (const [at, routes] of byPath(ROUTES)) {
    const methods = routes.map((one) => [
      one.method,
      signedIn((signed, req, res) => serve(workplace, one, signed, req, res)),
    ]);
    path(`/console/api${at}`, Object.fromEntries(methods));
  }
  app.use('/console/api', () => {
    throw new Problem('not_found', 'The URL names nothing that the console has.');
  });
  path('/console/assets/:file', { GET: getAsset });
  // The page finds its screen in the URL by itself.
  path('/console{/*screen}', { GET: getPage });
  app.use(answerErrors(parts));
  return { handle: app, close: () => jobs.close() };
}

/** Nothing from elsewhere, nothing inline, in no frame. */
const PAGE_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** Names before parameters, which would take any name for one of theirs. */
function byPath(routes: readonly Route[]): [string, Route[]][] {
  const paths = new Map<string, Route[]>();
  for (const one of routes) paths.set(one.path, [...(paths.get(one.path) ?? []), one]);
  return [...paths].sort(([a], [b]) => Number(a.includes(':')) - Number(b.includes(':')));
}

function workFor(methods: Readonly<Record<string, Work>>, req: Request): Work {
  const work = methods[req.method === 'HEAD' ? 'GET' : req.method];
  if (work) return work;
  const allow = Object.keys(methods)
    .flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
    .join(', ');
  throw new Problem('method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
}

function beginRequest({ log, refusals }: ConsoleParts, req: Request, res: Response): void {
  const context = { requestId: randomUUID() };
  res.locals.context = context;
  res.setHeader('x-request-id', context.requestId);
  const started = performance.now();
  const address = req.socket.remoteAddress ?? '';
  res.on('close', () => {
    const done = contextOf(res);
    log.request(done, req.method, res.statusCode, performance.now() - started);
    const { code, requestId, route = '', caller = '' } = done;
    if (code !== 'unauthenticated' && code !== 'forbidden' && code !== 'rate_limited') return;
    // Who is not signed in yet has not been refused anything.
    if (code === 'unauthenticated' && req.method === 'GET') return;
    refusals.note({
      requestId,
      status: res.statusCode,
      code,
      address,
      method: req.method,
      route,
      clinic: '',
      caller,
    });
  });
}

/** @throws Problem `unauthenticated` */
async function requireSession(parts: SignInParts, req: Request, res: Response): Promise<Signed> {
  // A page that looks again by itself is no sign of a person.
  const active = req.headers['x-console-poll'] === undefined;
  const signed = await parts.sessions.find(readCookie(req, SESSION_COOKIE, isSecure(parts)), active);
  if (signed === undefined) {
    throw new Problem('unauthenticated', 'Sign in first: there is no session, or it has ended.');
  }
  contextOf(res).caller = operatorCaller(signed.operator.name);
  return signed;
}

/** That the page of this session means it, and no other page. @throws Problem `forbidden` */
function requireIntent(signed: Signed, req: Request): void {
  refuseForeign(req);
  const given = req.headers['x-csrf-token'];
  if (isCsrfToken(signed, typeof given === 'string' ? given : undefined)) return;
  throw new Problem(
    'forbidden',
    'The header X-CSRF-Token is missing, or belongs to another session. Load the page again, or send the csrfToken that signing in has answered.',
  );
}

async function serve(
  parts: Workplace,
  one: Route,
  signed: Signed,
  req: Request,
  res: Response,
): Promise<void> {
  if (one.access === 'operator') {
    requireIntent(signed, req);
    if (signed.operator.role !== 'operator') {
      throw new Problem('forbidden', 'A viewer reads. Acting takes the role operator.');
    }
  }
  const query = one.query === undefined ? refuseUnknownQuery(req, []) : validQuery(req, one.query);
  const body = one.body === undefined ? undefined : valid(one.body, await readJsonBody(req));
  const by = { caller: operatorCaller(signed.operator.name), requestId: contextOf(res).requestId };
  const work = () => one.work({ req, res, parts, signed, query, body, by });
  const isAct = one.access === 'operator' && one.shows !== true;
  const answer = isAct ? await once(parts, { req, signed, body }, work) : await work();
  if (answer === undefined) return;
  if (one.method === 'GET') sendRead(req, res, answer);
  else sendJson(res, answer.status ?? 200, answer.body, answer.headers);
}

/** With an entity tag, so that looking again costs nothing while nothing has changed. */
function sendRead(req: Request, res: Response, { body }: Answer): void {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 27)}"`;
  if (req.headers['if-none-match']?.includes(etag)) sendNotModified(res, etag);
  else sendJson(res, 200, body, { etag });
}

function valid(schema: Joi.ObjectSchema, body: unknown): unknown {
  const { error, value } = schema.validate(body, {
    abortEarly: false,
    convert: false,
    errors: { render: false },
  });
  // The library passes over a member of the name `__proto__`.
  const errors = [...(error?.details ?? []).map(complaintOf), ...prototypesIn(body)];
  if (errors.length === 0) return value;
  throw new Problem('validation_failed', 'The body is not what /console/api/openapi.json says for here.', {
    errors,
  });
}

function answerErrors({ log }: ConsoleParts): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    if (res.headersSent) {
      // A file that has begun cannot become a problem, and one that just ended would look complete.
      const isStore = error instanceof StoreUnavailable;
      contextOf(res).code = isStore ? 'gateway_unavailable' : 'internal_error';
      if (!isStore) log.defect(contextOf(res), error);
      return void res.destroy();
    }
    if (error instanceof Problem) return sendProblem(res, error);
    if (error instanceof StoreUnavailable) return sendProblem(res, gatewayUnavailable());
    if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)) {
      return sendProblem(res, new Problem('malformed_request', 'The URL is malformed.'));
    }
    log.defect(contextOf(res), error);
    sendProblem(res, new Problem('internal_error', 'The gateway failed. Report the requestId.'));
  };
}
