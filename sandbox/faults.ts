import type { Request } from 'express';
import Joi from 'joi';

/** How an answer body can be spoiled. `array` wraps the right body in a list; `latin1` keeps claiming UTF-8. */
export const MALFORMED_FORMS = [
  'truncated',
  'html',
  'empty',
  'array',
  'text',
  'bom',
  'latin1',
  'huge',
] as const;
export type MalformedForm = (typeof MALFORMED_FORMS)[number];

/** Everything that can go wrong between a client and a vendor. Several can apply to one request. */
export type Fault =
  /** Waits before the request is handled, between its checks and its write, or before the answer. */
  | { kind: 'delay'; milliseconds: number; when?: 'before' | 'commit' | 'after' }
  /** Ends the socket without an answer: nothing done yet, all done, or half of the answer sent. */
  | { kind: 'drop'; when?: 'before' | 'after' | 'during'; reset?: boolean }
  /** Another answer instead of the right one; the write happens only with `commit`. */
  | {
      kind: 'answer';
      status: number;
      body?: unknown;
      headers?: Record<string, string>;
      commit?: boolean;
    }
  /** Answers as if the write had happened, showing the old or the new record, and stores nothing. */
  | { kind: 'no-effect'; echo?: 'old' | 'new' }
  /** Spoils the answer body; the write happens unless `commit` is false. `bytes` is the size of a `huge` one. */
  | { kind: 'malformed'; form: MalformedForm; commit?: boolean; bytes?: number }
  /** The answer carries the id of another record. */
  | { kind: 'wrong-id'; id?: string | number }
  /** Runs a test's own code, for example an outside change between a read and a write. */
  | { kind: 'hook'; when?: 'request' | 'commit' | 'answer'; run: (request: Request) => void | Promise<void> };

/** Which requests a fault applies to; what is absent does not narrow. */
interface FaultTarget {
  /** For that many matching requests, then no more. */
  times?: number;
  /** Lets that many matching requests pass first. */
  after?: number;
  method?: string;
  /** The whole path, or a pattern. */
  path?: string | RegExp;
  when?: (request: Request) => boolean;
}

/** Short names for the header `x-sandbox-fault`. */
const NAMED_FAULTS: Readonly<Record<string, Fault>> = {
  'drop-before': { kind: 'drop', when: 'before' },
  'drop-after': { kind: 'drop', when: 'after' },
  'drop-during': { kind: 'drop', when: 'during' },
  'no-effect': { kind: 'no-effect', echo: 'new' },
  'no-effect-old': { kind: 'no-effect', echo: 'old' },
  'wrong-id': { kind: 'wrong-id' },
  'server-error': { kind: 'answer', status: 500 },
  'server-error-after': { kind: 'answer', status: 500, commit: true },
  unavailable: { kind: 'answer', status: 503, headers: { 'retry-after': '1' } },
  ...Object.fromEntries(MALFORMED_FORMS.map((form) => [form, { kind: 'malformed', form }] as const)),
};

const faultSchema = Joi.alternatives(
  Joi.object({
    kind: Joi.valid('delay').required(),
    milliseconds: Joi.number().min(0).required(),
    when: Joi.valid('before', 'commit', 'after'),
  }),
  Joi.object({
    kind: Joi.valid('drop').required(),
    when: Joi.valid('before', 'after', 'during'),
    reset: Joi.boolean(),
  }),
  Joi.object({
    kind: Joi.valid('answer').required(),
    status: Joi.number().integer().min(200).max(599).required(),
    body: Joi.any(),
    headers: Joi.object().pattern(Joi.string(), Joi.string()),
    commit: Joi.boolean(),
  }),
  Joi.object({ kind: Joi.valid('no-effect').required(), echo: Joi.valid('old', 'new') }),
  Joi.object({
    kind: Joi.valid('malformed').required(),
    form: Joi.valid(...MALFORMED_FORMS).required(),
    commit: Joi.boolean(),
    bytes: Joi.number().integer().min(0),
  }),
  Joi.object({ kind: Joi.valid('wrong-id').required(), id: Joi.alternatives(Joi.string(), Joi.number()) }),
);

function isFault(value: unknown): value is Fault {
  return faultSchema.validate(value, { convert: false }).error === undefined;
}

/** The fault that a header value names or spells out as JSON; undefined if it is neither. */
export function parseFault(text: string): Fault | undefined {
  const named = Object.hasOwn(NAMED_FAULTS, text) ? NAMED_FAULTS[text] : undefined;
  if (named) return named;
  try {
    const value: unknown = JSON.parse(text);
    return isFault(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The switched-on faults of one sandbox. */
export interface Faults {
  /** Applies `fault` to every request that `target` lets through. Gives a function that takes it away again. */
  add(fault: Fault, target?: FaultTarget): () => void;
  /** Applies `fault` to the next request, or the next `times`, that `target` lets through. */
  next(fault: Fault, target?: FaultTarget): () => void;
  clear(): void;
  /** The faults that apply to this request. Counts it, so it is asked once a request. */
  take(request: Request): Fault[];
}

interface Rule {
  fault: Fault;
  target: FaultTarget;
  skipped: number;
  used: number;
}

/** An empty set of faults. */
export function createFaults(): Faults {
  const rules = new Set<Rule>();

  function add(fault: Fault, target: FaultTarget = {}): () => void {
    const rule: Rule = { fault, target, skipped: 0, used: 0 };
    rules.add(rule);
    return () => {
      rules.delete(rule);
    };
  }

  return {
    add,
    next: (fault, target = {}) => add(fault, { times: 1, ...target }),
    clear: () => rules.clear(),
    take: (request) => [...rules].filter((rule) => applies(rule, request)).map((rule) => rule.fault),
  };
}

function applies(rule: Rule, request: Request): boolean {
  if (!matches(rule.target, request)) return false;
  if (rule.skipped < (rule.target.after ?? 0)) {
    rule.skipped += 1;
    return false;
  }
  if (rule.used >= (rule.target.times ?? Number.POSITIVE_INFINITY)) return false;
  rule.used += 1;
  return true;
}

function matches(target: FaultTarget, request: Request): boolean {
  if (target.method !== undefined && target.method.toUpperCase() !== request.method) return false;
  if (typeof target.path === 'string' && target.path !== request.path) return false;
  if (target.path instanceof RegExp && !target.path.test(request.path)) return false;
  return target.when === undefined || target.when(request);
}
