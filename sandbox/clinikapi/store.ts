import { SANDBOX_CREDENTIALS } from '../credentials';
import { createLaggedView, createTable, type LaggedView, type Table } from '../table';
import {
  type ApiKey,
  LOCATIONS,
  ORGANIZATION,
  ORGANIZATIONS,
  PRACTITIONERS,
  type Reference,
  ROLES,
  type Role,
} from './seeds';

/** What may be changed while the sandbox runs. */
export interface ClinikapiSettings {
  /** Which body PATCH and POST take: the document's, the SDK's, or either member by member. */
  dialect: 'documented' | 'live' | 'both';
  /** How a role is shown: flat as in the document, or as FHIR as in the SDK. */
  rendering: 'flat' | 'fhir';
  /** Where a flat role shows `organizationId` and `locationId`. */
  showReferences: 'never' | 'get' | 'always';
  /** Requests in 60 seconds, over all keys of an organization. */
  rateLimit: number;
  /** Whether a 429 for speed carries `Retry-After`, which is not documented. */
  retryAfter: boolean;
  /** Answers every authorised request with this 429. */
  quota: 'MONTHLY_QUOTA_EXCEEDED' | 'SANDBOX_QUOTA_EXCEEDED' | undefined;
  /** How many of the next updates are answered with 409. */
  conflicts: number;
  /** Whether ids of organizations and locations must exist; not documented. */
  checkReferences: boolean;
  /** How long a list still shows a role as it was before a write, about 10 s at the vendor. */
  searchLagMs: number;
  /** Whether a list ends with a row that is no record and has no id. */
  phantomRows: boolean;
}

/** Everything the sandbox remembers. */
export interface ClinikapiState {
  roles: Table<string, Role>;
  practitioners: Table<string, Reference>;
  organizations: Table<string, Reference>;
  locations: Table<string, Reference>;
  keys: Table<string, ApiKey>;
  settings: ClinikapiSettings;
  /** When requests of an organization came in, for the rate window. */
  requests: Map<string, number[]>;
  /** Authorised requests since the start, for the quota headers. */
  quotaUsed: number;
  lag: LaggedView<string, Role>;
  /** The same for practitioners. */
  practitionerLag: LaggedView<string, Reference>;
  reset(): void;
}

const KEYS = SANDBOX_CREDENTIALS.clinikapi;

function key(text: string, rest: Partial<ApiKey> = {}): ApiKey {
  return {
    key: text,
    organization: ORGANIZATION,
    environment: text.startsWith('clk_test_') ? 'test' : 'live',
    scopes: ['*'],
    state: 'active',
    ...rest,
  };
}

const API_KEYS: readonly ApiKey[] = [
  key(KEYS.liveKey),
  key(KEYS.testKey),
  key(KEYS.readOnlyKey, { scopes: ['read'] }),
  key(KEYS.writeOnlyKey, { scopes: ['write'] }),
  key(KEYS.revokedKey, { state: 'revoked' }),
  key(KEYS.expiredKey, { state: 'expired' }),
  key(KEYS.otherOrganizationKey, { organization: 'tenant-other' }),
];

/** A store with the seeds; `initial` is what `reset` goes back to. */
export function createClinikapiState(
  seeds: { roles: readonly Role[] | undefined; practitioners: readonly Reference[] | undefined },
  initial: ClinikapiSettings,
  now: () => number,
): ClinikapiState {
  const settings = { ...initial };
  const tables = {
    roles: createTable(seeds.roles ?? ROLES, (row: Role) => row.id),
    practitioners: createTable(seeds.practitioners ?? PRACTITIONERS, (row: Reference) => row.id),
    organizations: createTable(ORGANIZATIONS, (row) => row.id),
    locations: createTable(LOCATIONS, (row) => row.id),
    keys: createTable(API_KEYS, (row) => row.key),
  };
  const state: ClinikapiState = {
    ...tables,
    settings,
    requests: new Map(),
    quotaUsed: 0,
    lag: createLaggedView(now, () => ({ milliseconds: settings.searchLagMs })),
    practitionerLag: createLaggedView(now, () => ({ milliseconds: settings.searchLagMs })),
    reset() {
      for (const table of Object.values(tables)) table.reset();
      Object.assign(settings, initial);
      state.requests.clear();
      state.quotaUsed = 0;
      state.lag.reset();
      state.practitionerLag.reset();
    },
  };
  return state;
}
