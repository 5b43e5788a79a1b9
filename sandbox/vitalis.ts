import express, { type RequestHandler } from 'express';
import { SANDBOX_CREDENTIALS } from './credentials';
import { type CommonOptions, createSandbox, type Sandbox } from './kit';
import { logIn } from './vitalis/auth';
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
  seeds?: VitalisSeeds;
}

/** Clínica Vitalis in memory: vitalis.md, checked against the recordings of the real one. */
export function createVitalisSandbox(options: VitalisSandboxOptions = {}): Sandbox<VitalisState> {
  const now = options.now ?? Date.now;
  const { adminToken = SANDBOX_CREDENTIALS.vitalis.staticAdminToken } = options;
  const settings: VitalisSettings = {
    dialect: options.dialect ?? 'both',
    adminToken: adminToken ?? undefined,
  };
  const state = createVitalisState(options.seeds ?? {}, settings, now);

  return createSandbox(state, options, (app, tools) => {
    // The parser stands before the CORS header: the recorded page about bad JSON does not carry it.
    app.use(express.json());
    app.use(allowAnyOrigin);
    app.use(tools.gate);
    app.post('/auth/login', logIn(state));
    app.use('/professionals', professionalRoutes(state, tools, now));
    app.use('/specialities', specialityRoutes(state, tools, now));
    app.use('/work_schedules', scheduleRoutes(state, tools, now));
    // Everything else ends in Express's own HTML pages, as at the vendor.
  });
}

const allowAnyOrigin: RequestHandler = (request, response, next) => {
  response.setHeader('access-control-allow-origin', '*');
  if (request.method !== 'OPTIONS') return next();
  response.setHeader('access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE');
  response.status(204).end();
};
