import { STATUS_CODES } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { SANDBOX_CREDENTIALS } from './credentials';
import { type CommonOptions, createSandbox, type Sandbox } from './kit';
import { authRoutes } from './vitalis/auth';
import { professionalRoutes } from './vitalis/professionals';
import { scheduleRoutes } from './vitalis/schedules';
import type { VitalisSeeds } from './vitalis/seeds';
import { specialityRoutes } from './vitalis/specialities';
import {
  createVitalisState,
  type VitalisDialect,
  type VitalisSettings,
  type VitalisState,
} from './vitalis/store';

export interface VitalisSandboxOptions extends CommonOptions {
  /**
   * `code`: as the vendor's source behaves, header `x-token` only. `documented`: as its page says,
   * `Authorization: Bearer` only, `errors[]` with `param`, 403 for a user who is no administrator, strict state and
   * birthdate. `both` (default): `code` that accepts either header.
   */
  dialect?: VitalisDialect;
  /** A fixed administrator token; null for none. */
  adminToken?: string | null;
  /** The `admin-key` that makes an administrator of whoever registers. */
  adminKey?: string;
  /** Express' error pages as under NODE_ENV=production: the status in words instead of a stack trace. */
  production?: boolean;
  seeds?: VitalisSeeds;
}

/** Clínica Vitalis in memory: vitalis.md, checked against the recordings of the real one. */
export function createVitalisSandbox(options: VitalisSandboxOptions = {}): Sandbox<VitalisState> {
  const now = options.now ?? Date.now;
  const { adminToken = SANDBOX_CREDENTIALS.vitalis.staticAdminToken } = options;
  const settings: VitalisSettings = {
    dialect: options.dialect ?? 'both',
    adminToken: adminToken ?? undefined,
    adminKey: options.adminKey ?? SANDBOX_CREDENTIALS.vitalis.adminKey,
  };
  const { production = process.env.NODE_ENV === 'production' } = options;
  const state = createVitalisState(options.seeds ?? {}, settings, now);

  return createSandbox(state, options, (app, tools) => {
    // The parser runs before the CORS header is set: the recorded page about bad JSON does not carry it.
    app.use(express.json());
    app.use(allowAnyOrigin);
    app.use(tools.gate);
    app.use('/auth', authRoutes(state, now));
    app.use('/professionals', professionalRoutes(state, tools, now));
    app.use('/specialities', specialityRoutes(state, tools, now));
    app.use('/work_schedules', scheduleRoutes(state, tools, now));
    // Everything else ends in Express' own HTML pages, as at the vendor.
    if (production) app.use(withoutStack);
  });
}

const allowAnyOrigin: RequestHandler = (request, response, next) => {
  response.setHeader('access-control-allow-origin', '*');
  if (request.method !== 'OPTIONS') return next();
  response.setHeader('access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE');
  const wanted = request.get('access-control-request-headers');
  response.vary('Access-Control-Request-Headers');
  if (wanted) response.setHeader('access-control-allow-headers', wanted);
  response.setHeader('content-length', 0);
  response.status(204).end();
};

/** Express prints an error's stack, or what its `toString` gives if it has none. */
const withoutStack: ErrorRequestHandler = (error, _request, _response, next) => {
  const { status = 500 } = error;
  next({ status, headers: error.headers, toString: () => STATUS_CODES[status] ?? String(status) });
};
