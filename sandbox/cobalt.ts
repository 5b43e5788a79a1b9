import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { isSentLocation, locationProblem } from './cobalt/bodies';
import { providerRoutes, refuse } from './cobalt/providers';
import { type CobaltSeeds, type CobaltSettings, type CobaltState, createCobaltState } from './cobalt/store';
import { SANDBOX_CREDENTIALS } from './credentials';
import { type CommonOptions, createSandbox, deferBodyErrors, type Sandbox, type Tools } from './kit';

export interface CobaltSandboxOptions extends CommonOptions, Partial<CobaltSettings> {
  seeds?: CobaltSeeds;
}

/** Cobalt in memory: cobalt.md, with every open question behind a setting. */
export function createCobaltSandbox(options: CobaltSandboxOptions = {}): Sandbox<CobaltState> {
  const { seeds = {}, now = Date.now, logLimit: _logLimit, ...chosen } = options;
  const state = createCobaltState(seeds, { ...DEFAULTS, ...chosen }, now);

  return createSandbox(state, options, (app, tools) => {
    const body = deferBodyErrors(express.json({ limit: '1mb' }));
    app.use(body.read, tools.gate);
    app.use(checkCredentials(state), checkLink(state), body.raise);
    app.use('/v1/providers', providerRoutes(state, tools));
    app.get('/v1/locations', listLocations(state));
    app.patch('/v1/locations/:id', updateLocation(state, tools));
    app.get('/v1/settings', showSettings);
    app.use((_request, response) => refuse(response, 404, 'Not found.'));
    app.use(answerError);
  });
}

const DEFAULTS: CobaltSettings = {
  credentials: SANDBOX_CREDENTIALS.cobalt,
  linked: true,
  hoursMode: 'replace',
  acknowledgeWithoutEffect: false,
  readLag: {},
  hideInAvailability: false,
  acceptEhrFacilityIds: false,
};

/** Three headers, underscores and all; 401 is our choice, no source names it (cobalt.md section 8). */
function checkCredentials(state: CobaltState): RequestHandler {
  return (request, response, next) => {
    const { clientId, clientSecret, accessToken } = state.settings.credentials;
    const wanted = { client_id: clientId, client_secret: clientSecret, access_token: accessToken };
    for (const [name, value] of Object.entries(wanted)) {
      const sent = request.headers[name];
      if (!sent) return refuse(response, 401, `Header '${name}' is required.`);
      if (sent !== value) return refuse(response, 401, `Invalid '${name}'.`);
    }
    next();
  };
}

function checkLink(state: CobaltState): RequestHandler {
  return (_request, response, next) => {
    if (state.settings.linked) return next();
    const message = 'Account link expired. Please go through the integration setup again.';
    refuse(response, 403, message, 'login_required');
  };
}

function listLocations(state: CobaltState): RequestHandler {
  return (_request, response) => {
    const stored = state.locations.all();
    const locations = stored.flatMap((location) => state.locationLag.seen(location.id, location) ?? []);
    response.json({ success: true, locations });
  };
}

/** PATCH /v1/locations/:id, status only (cobalt.md section 5). */
function updateLocation(state: CobaltState, tools: Tools): RequestHandler<{ id: string }> {
  return (request, response) => {
    const location = state.locations.get(request.params.id);
    if (!location) return refuse(response, 404, 'Location not found.');
    const sent: unknown = request.body;
    if (!isSentLocation(sent)) {
      return refuse(response, 400, locationProblem(sent) ?? 'The request body is invalid.');
    }
    tools.commit(request, location, { ...location, status: sent.status.toLowerCase() }, (next) => {
      state.locationLag.written(location.id, location);
      state.locations.set(next);
    });
    const message = 'Location status updated successfully.';
    response.json({ success: true, message, location_id: location.id });
  };
}

/** GET /v1/settings (cobalt.md section 5): a cheap call to test credentials. */
const showSettings: RequestHandler = (_request, response) => {
  response.json({
    success: true,
    data: {
      access_token_reference_id: 'sandbox-reference',
      visit_types: [{ code: '10', description: 'New patient' }],
      visit_statuses: [{ code: '1', description: 'Scheduled' }],
      required_patient_fields: ['first_name', 'last_name', 'dob'],
      timezone: 'America/Phoenix',
    },
  });
};

const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error?.status >= 400 && error?.status < 500 ? error.status : 500;
  refuse(response, status, status === 500 ? 'Internal server error.' : 'The request body is invalid.');
};
