/**
 * One gateway before the three sandboxes, ClinikAPI in both dialects, for tests of what becomes of stored data: each vendor's
 * record is set as it is stored, and looked at as it is stored.
 */
import { createHash } from 'node:crypto';
import { FACILITY, KEYS, openStage, RECORDS, type Reply, type StageConfig } from './stage';

const LIVE_KEY = 'key-of-the-live-clinic';
const LIVE_ROLE = 'pr_def456';

export type VendorName = 'clinikapi' | 'live' | 'vitalis' | 'cobalt';

/** A stored record, or some of its members, of any form. */
type Stored = Record<string, unknown>;

export interface TruthVendor {
  /** Changes the stored record from outside; whatever is given is stored as it is. */
  store(members: Stored): void;
  /** The record as it is stored, without the vendor's own stamps. */
  stored(): Stored;
  get(headers?: Record<string, string>): Promise<Reply>;
  patch(body: unknown, headers?: Record<string, string>, query?: string): Promise<Reply>;
  /** Bodies of the writes since the last reset. */
  sent(): Stored[];
  /** How often the record was read since the last reset. */
  reads(): number;
}

export interface Truth {
  vendors: Readonly<Record<VendorName, TruthVendor>>;
  /** Shows live roles flat or as FHIR. */
  render(rendering: 'flat' | 'fhir'): void;
  reset(): void;
  close(): Promise<void>;
}

function withLiveClinic(config: StageConfig): void {
  const main = config.vendors['clinikapi-main'];
  config.vendors['clinikapi-live'] = { ...main, options: { dialect: 'live' } };
  config.clinics.live = { vendor: 'clinikapi-live', identity: 'direct' };
  config.callers.push({
    name: 'live-app',
    keySha256: createHash('sha256').update(LIVE_KEY).digest('hex'),
    clinic: 'live',
    scopes: ['staff:read', 'staff:write'],
  });
  config.vendors['cobalt-main'].options = { recurrenceUnits: { day: 'days', week: 'weeks' } };
}

const STAMPS = ['updatedAt', 'version'];

export async function openTruth(configure: (config: StageConfig) => void = () => undefined): Promise<Truth> {
  const stage = await openStage({
    logLevel: 'silent',
    clinikapi: { dialect: 'both', rateLimit: 1_000_000 },
    configure: (config) => {
      withLiveClinic(config);
      configure(config);
    },
  });
  const { clinikapi, vitalis, cobalt } = stage;

  const vendor = (
    key: string,
    staffId: string,
    sandbox: typeof clinikapi | typeof vitalis | typeof cobalt,
    row: { get(): object | undefined; change(members: object): void },
  ): TruthVendor => ({
    store: (members) => row.change(members),
    stored: () =>
      Object.fromEntries(Object.entries(row.get() ?? {}).filter(([name]) => !STAMPS.includes(name))),
    get: (headers = {}) => stage.call('GET', `/staff/${staffId}`, { key, headers }),
    patch: (body, headers = {}, query = '') => stage.patch(key, body, headers, staffId, query),
    sent: () => sandbox.log.flatMap(({ method, body }) => (method === 'PATCH' ? [Object(body)] : [])),
    reads: () => sandbox.log.filter(({ method }) => method === 'GET').length,
  });
  const roles = (id: string) => ({
    get: () => clinikapi.state.roles.get(id),
    change: (members: object) => void clinikapi.state.roles.change(id, members),
  });

  return {
    vendors: {
      clinikapi: vendor(KEYS.north, 'st-1', clinikapi, roles(RECORDS['clinikapi-main'])),
      live: vendor(LIVE_KEY, LIVE_ROLE, clinikapi, roles(LIVE_ROLE)),
      vitalis: vendor(KEYS.centro, 'st-1', vitalis, {
        get: () => vitalis.state.professionals.get(1),
        change: (members) => void vitalis.state.professionals.change(1, members),
      }),
      cobalt: vendor(KEYS.south, 'st-1', cobalt, {
        get: () => cobalt.state.providers.get(RECORDS['cobalt-main']),
        change: (members) => void cobalt.state.providers.change(RECORDS['cobalt-main'], members),
      }),
    },
    render: (rendering) => {
      clinikapi.state.settings.rendering = rendering;
    },
    reset: () => {
      for (const sandbox of [clinikapi, vitalis, cobalt]) sandbox.reset();
    },
    close: () => stage.close(),
  };
}

/** `/status unreadable`, … */
export function warnings(reply: Reply): string[] {
  return reply.body.meta.warnings.map(
    ({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`,
  );
}

/** `/status verified`, … */
export function receipt(reply: Reply): string[] {
  return reply.body.meta.receipt.map(
    ({ pointer, outcome }: { pointer: string; outcome: string }) => `${pointer} ${outcome}`,
  );
}

/** `/status not_clearable`, … */
export function complaints(reply: Reply): string[] {
  return (reply.body.errors ?? []).map(
    ({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`,
  );
}

/** The record that a GET has shown, as a form sends it back: without the id, which cannot be changed. */
export function form(reply: Reply): Record<string, unknown> {
  const { id: _, ...rest } = reply.body.data;
  return rest;
}

export function ifMatch(reply: Reply): { 'if-match': string } {
  return { 'if-match': reply.headers.get('etag') ?? '' };
}

/** A shift as Cobalt stores it. */
export function shift(start: string, end: string, extra: object = {}): Record<string, unknown> {
  return { start, end, facility_id: FACILITY, ...extra };
}

export function day(name: string, ...shifts: unknown[]): Record<string, unknown> {
  return { day: name, shifts };
}

/** A block of canonical hours. */
export function block(
  daysOfWeek: readonly string[],
  availableStartTime: string,
  availableEndTime: string,
  extra: object = {},
): Record<string, unknown> {
  return { daysOfWeek, availableStartTime, availableEndTime, ...extra };
}
