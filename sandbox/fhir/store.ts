import { MemoryRepository } from '@medplum/fhir-router';
import { SANDBOX_CREDENTIALS } from '../credentials';
import { loadSearchParameters, type Type } from './definitions';
import { withMarkedNumbers, withPlainNumbers } from './exactNumbers';
import { SEEDS } from './seeds';

export type Resource = Parameters<MemoryRepository['updateResource']>[0];

/** A resource of this server as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests store and look at all shapes, wrong ones too
export type Json = Record<string, any>;

/** A client of the token endpoint: with a secret, or with public keys that are given or fetched. */
export interface OauthClient {
  secret?: string;
  jwks?: { keys: Record<string, unknown>[] };
  jwksUri?: string;
}

/** What may be changed while the sandbox runs. */
export interface FhirSettings {
  /** What opens it: nothing, the fixed bearer token, a token of the token endpoint, or either of them. */
  auth: 'none' | 'bearer' | 'oauth' | 'either';
  /** Seconds for which a token of the token endpoint is good. */
  tokenSeconds: number;
  /** Whether a token may write. */
  scope: string;
  /** Some servers take no notice of `If-Match`. */
  honoursIfMatch: boolean;
  /** What a stale version is answered with; some servers use 409. */
  staleStatus: 409 | 412;
  /** Whether an update is answered with the resource, with no body, or with a note that all is well. */
  answersUpdates: 'resource' | 'nothing' | 'outcome';
  /** Whether resources are held against the standard's definitions. */
  validates: boolean;
  /** The most resources that a page holds. */
  largestPage: number;
  /** Where pages after the first one are. */
  nextPages: 'same-path' | 'other-path' | 'other-origin' | 'relative';
  /** Whether a page has an OperationOutcome among its rows. */
  outcomeRows: boolean;
  /** What the CapabilityStatement says, and what is refused with 405. */
  interactions: Record<Type, string[]>;
  versioning: 'no-version' | 'versioned' | 'versioned-update';
}

/** Everything the sandbox remembers. */
export interface FhirState {
  settings: FhirSettings;
  repository: MemoryRepository;
  clients: Map<string, OauthClient>;
  /** Access token → when it ends, in milliseconds, and what it may do. */
  tokens: Map<string, { until: number; scope: string }>;
  /** Ids of assertions that were used. */
  usedAssertions: Set<string>;
  pages: Map<string, Resource[]>;
  get(type: Type, id: string): Promise<Json | undefined>;
  /** The stored text, digits of numbers included. */
  text(type: Type, id: string): Promise<string | undefined>;
  /** A change from outside. JSON text keeps the digits of its numbers. */
  set(resource: Json | string): void;
  change(type: Type, id: string, change: (resource: Json) => Json): Promise<void>;
  remove(type: Type, id: string): void;
  wasRemoved(type: Type, id: string): boolean;
  reset(): void;
}

/** A store with the seeds; `initial` is what `reset` goes back to. */
export function createFhirState(
  seeds: readonly Json[] | undefined,
  initial: FhirSettings,
  clients: Readonly<Record<string, OauthClient>> | undefined,
): FhirState {
  loadSearchParameters();
  const settings = structuredClone(initial);
  const removed = new Set<string>();
  const repository = new MemoryRepository();
  const state: FhirState = {
    settings,
    repository,
    clients: new Map(),
    tokens: new Map(),
    usedAssertions: new Set(),
    pages: new Map(),
    async get(type, id) {
      const text = await state.text(type, id);
      return text === undefined ? undefined : JSON.parse(text);
    },
    text: (type, id) =>
      repository.readResource(type, id).then(
        (stored) => withPlainNumbers(JSON.stringify(stored)),
        () => undefined,
      ),
    set(resource) {
      const text = typeof resource === 'string' ? resource : JSON.stringify(resource);
      void repository.updateResource(JSON.parse(withMarkedNumbers(text)));
    },
    async change(type, id, change) {
      const stored = await state.get(type, id);
      if (stored === undefined) throw new Error(`the sandbox holds no ${type} ${id}`);
      state.set(change(stored));
    },
    remove(type, id) {
      removed.add(`${type}/${id}`);
      void repository.deleteResource(type, id);
    },
    wasRemoved: (type, id) => removed.has(`${type}/${id}`),
    reset() {
      Object.assign(settings, structuredClone(initial));
      repository.clear();
      for (const table of [state.clients, state.tokens, state.usedAssertions, state.pages, removed]) {
        table.clear();
      }
      for (const [id, client] of Object.entries(clients ?? CLIENTS)) state.clients.set(id, client);
      for (const seed of seeds ?? SEEDS) state.set(seed);
    },
  };
  state.reset();
  return state;
}

const { clientId, clientSecret } = SANDBOX_CREDENTIALS.fhir;
const CLIENTS = { [clientId]: { secret: clientSecret } };

export function defaultSettings(): FhirSettings {
  return {
    auth: 'either',
    tokenSeconds: 300,
    scope: 'system/*.cruds',
    honoursIfMatch: true,
    staleStatus: 412,
    answersUpdates: 'resource',
    validates: true,
    largestPage: 100,
    nextPages: 'other-path',
    outcomeRows: false,
    interactions: {
      PractitionerRole: ['read', 'update', 'search-type'],
      Practitioner: ['read', 'update', 'search-type'],
      Organization: ['read', 'search-type'],
      Location: ['read', 'search-type'],
    },
    versioning: 'versioned-update',
  };
}
