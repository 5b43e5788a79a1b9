/** What every route of the console is made of: one table is executed and documented. */
import type { Request, Response } from 'express';
import type Joi from 'joi';
import type { AdapterModule } from '../adapter/contract';
import type { ReportingObserver } from '../connection/telemetry';
import type { Refusals } from '../http/refusals';
import type { Health } from '../ops/health';
import type { Log } from '../ops/log';
import type { Following } from '../runtime/follow';
import type { Runtime } from '../runtime/runtime';
import type { Changes } from '../store/changes';
import type { Cipher } from '../store/cipher';
import type { Database } from '../store/database';
import type { Journal } from '../store/journal';
import type { Links } from '../store/links';
import type { Operations } from '../store/operations';
import type { Trail } from '../store/trail';
import type { UpdateParts } from '../update/update';
import type { Jobs } from './jobs';
import type { Reviews } from './reviews';
import type { Signed } from './sessions';

/** What the console looks at and acts on: the parts of the running gateway. */
export interface ConsoleParts {
  runtime: Runtime;
  adapters: readonly AdapterModule[];
  database: Database;
  /** Opens what the store holds sealed. */
  cipher: Cipher;
  operations: Operations;
  /** What every update goes through. */
  update: UpdateParts;
  links: Links;
  changes: Changes;
  trail: Trail;
  journal: Journal;
  refusals: Refusals;
  observer: ReportingObserver;
  health: () => Promise<Health>;
  /** Absent until the configuration is followed. */
  following: () => Pick<Following, 'reload' | 'reloads' | 'configRefused' | 'certificateRefused'> | undefined;
  log: Log;
  now: () => Date;
  /** `http://host:port` of the ops listener as bound. */
  url: () => string;
}

/** What is made once, and known to all routes. */
export interface Workplace extends ConsoleParts {
  jobs: Jobs;
  reviews: Reviews;
}

/** One request of somebody who is signed in. */
export interface Call<Query = unknown, Body = unknown> {
  req: Request;
  res: Response;
  parts: Workplace;
  signed: Signed;
  query: Query;
  body: Body;
  /** Who acts, as the audit names it. */
  by: { caller: string; requestId: string };
}

export interface Answer {
  /** 200 if absent. */
  status?: number;
  body: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below `/console/api`, as Express writes parameters. */
  path: string;
  /** `operator`: an act; it needs the role and the CSRF token. */
  access: 'viewer' | 'operator';
  /** An act that only shows. Each time is one of its own: its answer is kept nowhere, whatever `Idempotency-Key` comes with it. */
  shows?: true;
  summary: string;
  query?: Joi.ObjectSchema;
  body?: Joi.ObjectSchema;
  /** @returns undefined if it has answered by itself */
  work(call: Call): Promise<Answer | undefined>;
}

/** Keeps the types of query and body together with the work that they are for. */
export function route<Query = unknown, Body = unknown>(
  given: Omit<Route, 'query' | 'body' | 'work'> & {
    query?: Joi.ObjectSchema<Query>;
    body?: Joi.ObjectSchema<Body>;
    work(call: Call<Query, Body>): Promise<Answer | undefined>;
  },
): Route {
  // What the schemas have let through is of their types.
  return { ...given, work: (call) => given.work(call as Call<Query, Body>) };
}

/** A parameter of the path; Express gives it decoded. */
export function pathParameter(req: Request, name: string): string {
  return String(req.params[name]);
}
