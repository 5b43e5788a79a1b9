import { sendNotFound } from './clinikapi/answers';
import { fhirRoutes } from './clinikapi/fhirRoutes';
import {
  answerBodyError,
  bodyParser,
  checkKey,
  limitRate,
  openCall,
  rejectMethodOverride,
} from './clinikapi/gatekeeper';
import { practitionerRoutes } from './clinikapi/practitioners';
import { referenceRoutes } from './clinikapi/references';
import { roleRoutes } from './clinikapi/roles';
import type { Reference, Role } from './clinikapi/seeds';
import { type ClinikapiSettings, type ClinikapiState, createClinikapiState } from './clinikapi/store';
import { type CommonOptions, createSandbox, deferBodyErrors, type Sandbox } from './kit';

export interface ClinikapiSandboxOptions extends CommonOptions, Partial<ClinikapiSettings> {
  /** Replaces the seeded roles. */
  roles?: readonly Role[];
  /** Replaces the seeded practitioners. */
  practitioners?: readonly Reference[];
}

/** ClinikAPI in memory: clinikapi.md, both dialects from one store. */
export function createClinikapiSandbox(options: ClinikapiSandboxOptions = {}): Sandbox<ClinikapiState> {
  const now = options.now ?? Date.now;
  const { roles, practitioners, now: _now, logLimit: _logLimit, ...chosen } = options;
  const state = createClinikapiState({ roles, practitioners }, { ...defaults(options), ...chosen }, now);

  return createSandbox(state, options, (app, tools) => {
    app.disable('x-powered-by');
    const body = deferBodyErrors(bodyParser);
    app.use(openCall(state, now), body.read, tools.gate);
    app.get('/health', (_request, response) => void response.json({ status: 'ok' }));
    app.get('/v1/metadata', (_request, response) => {
      response.json({ resourceType: 'CapabilityStatement', status: 'active', kind: 'instance' });
    });
    // Who asks, before what is asked: no source gives this order.
    app.use(rejectMethodOverride, checkKey(state), limitRate(state, now), body.raise);
    app.use('/v1/practitioner-roles', roleRoutes(state, tools, now));
    app.use('/v1/practitioners', practitionerRoutes(state, tools, now));
    app.use('/v1/practitioners', referenceRoutes('Practitioner', state));
    app.use('/v1/organizations', referenceRoutes('Organization', state));
    app.use('/v1/locations', referenceRoutes('Location', state));
    app.use('/v1/fhir', fhirRoutes(state, tools, now));
    app.use((_request, response) => sendNotFound(response));
    app.use(answerBodyError);
  });
}

function defaults(options: ClinikapiSandboxOptions): ClinikapiSettings {
  return {
    dialect: 'documented',
    rendering: options.dialect === 'live' ? 'fhir' : 'flat',
    showReferences: 'get',
    rateLimit: 1000,
    retryAfter: false,
    quota: undefined,
    conflicts: 0,
    checkReferences: false,
    searchLagMs: 0,
    phantomRows: false,
  };
}
