import express, { type ErrorRequestHandler, type Request } from 'express';
import { checkToken, tokenRoutes } from './fhir/auth';
import { refuse, send } from './fhir/outcome';
import { capabilityStatement, resourceRoutes } from './fhir/routes';
import { pageRoutes } from './fhir/search';
import {
  createFhirState,
  defaultSettings,
  type FhirSettings,
  type FhirState,
  type Json,
  type OauthClient,
} from './fhir/store';
import { type CommonOptions, createSandbox, deferBodyErrors, type Sandbox } from './kit';

export interface FhirSandboxOptions extends CommonOptions, Partial<FhirSettings> {
  /** Replaces the seeded resources. */
  seeds?: readonly Json[];
  /** Replaces the clients of the token endpoint. */
  clients?: Readonly<Record<string, OauthClient>>;
}

/** Below the origin: the base URL of the service. */
export const FHIR_BASE = '/fhir/R4';

/**
 * A FHIR R4 server in memory: the router and the repository of Medplum's, which store, find and judge, and over them what HTTP
 * adds: versions, `If-Match`, pages, tokens. The token endpoint is `/auth/token`.
 */
export function createFhirSandbox(options: FhirSandboxOptions = {}): Sandbox<FhirState> {
  const now = options.now ?? Date.now;
  const { seeds, clients, now: _now, logLimit: _logLimit, ...chosen } = options;
  const state = createFhirState(seeds, { ...defaultSettings(), ...chosen }, clients);
  const bodies = new WeakMap<Request, string>();
  const body = deferBodyErrors(
    express.json({
      type: ['application/json', 'application/fhir+json'],
      limit: '1mb',
      verify: (request, _response, bytes) => bodies.set(request as Request, bytes.toString('utf8')),
    }),
  );

  return createSandbox(state, options, (app, tools) => {
    app.disable('x-powered-by');
    app.disable('etag');
    app.use(body.read, express.urlencoded({ extended: false }), tools.gate);
    app.get(`${FHIR_BASE}/metadata`, (_request, response) => send(response, capabilityStatement(state)));
    app.use('/auth', tokenRoutes(state, now));
    app.use(checkToken(state, now), body.raise);
    for (const place of [`${FHIR_BASE}/pages`, '/elsewhere/pages']) app.use(place, pageRoutes(state));
    app.use(
      FHIR_BASE,
      resourceRoutes(state, tools, (request) => bodies.get(request)),
    );
    app.use((_request, response) => refuse(response, 404, { code: 'not-found' }));
    app.use(answerError);
  });
}

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  const status = typeof error.status === 'number' ? error.status : 500;
  refuse(response, status, { code: status < 500 ? 'structure' : 'exception', diagnostics: String(error) });
};
