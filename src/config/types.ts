import type { ObjectSchema, Schema } from 'joi';
import type { OperatorConfig, OpsConfig } from './operators';

/** What the configuration may say about one vendor connection, as checked by the adapter's own schemas. */
export interface AdapterSettings {
  /** Origin with an optional path, without a trailing slash. Adapters add their own `/v1`. */
  baseUrl: string;
  credentials: Readonly<Record<string, unknown>>;
  options: Readonly<Record<string, unknown>>;
  /** Per code list: the caller's code → the vendor's code. */
  codes: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
}

/** What the configuration has to know of an adapter: its name, and what may be said about its connections. */
export interface ConfigurableAdapter {
  /** Folder name, and the `adapter` of a connection. */
  readonly name: string;
  /** The product's name as people write it. */
  readonly title: string;
  readonly settings: {
    readonly credentials: ObjectSchema | Schema;
    readonly options: ObjectSchema;
    readonly codes: ObjectSchema;
  };
  /** What makes an outcome `verified` unless the configuration says otherwise. */
  readonly verify: 'returned' | 'read';
}

/** The configuration after substitution, validation and defaults. Everything in it is plain data. */
export interface GatewayConfig {
  server: ServerConfig;
  ops: OpsConfig;
  operators: readonly OperatorConfig[];
  store: StoreConfig;
  vendors: Readonly<Record<string, VendorConfig>>;
  clinics: Readonly<Record<string, ClinicConfig>>;
  audit: AuditConfig;
  idempotency: { ttlHours: number };
  callers: readonly CallerConfig[];
  tokens: readonly TokenConfig[];
  deliveries: DeliveriesConfig;
}

export interface StoreConfig {
  url: string;
  /** Secret that staff data in the store is encrypted with; of a list the first encrypts, all decrypt. Absent: it is in clear. */
  encryptionKey?: string | readonly string[];
}

export interface ServerConfig {
  host: string;
  port: number;
  /** Connections at the same time; more are closed at once. */
  maxConnections: number;
  /** Requests under way at the same time; more are answered 503. */
  maxInFlight: number;
  /** Requests without a key or token under way at the same time. */
  anonymous: { maxInFlight: number; maxPerAddress: number };
  /** Milliseconds without progress after which a client that does not take its answer is cut off. */
  stallMs: number;
  /** Milliseconds within which the head of a request has to arrive. */
  headersTimeoutMs: number;
  /** Milliseconds within which a whole request has to arrive. */
  requestTimeoutMs: number;
  /** Milliseconds that requests under way get to finish after a stop was asked for. */
  drainMs: number;
  shutdownMs: number;
  /** Paths of PEM files; an empty `certFile` means plain HTTP. */
  tls: TlsConfig;
  /** Exact origins of browser apps that may call; none: CORS is off. */
  cors: { origins: readonly string[] };
  /** Whether the pages for people at `/docs` are there. */
  docs: 'on' | 'off';
}

export interface TlsConfig {
  certFile: string;
  keyFile: string;
  /** Authorities whose client certificates are accepted; empty: none are asked for. */
  clientCaFile: string;
  requireClientCert: boolean;
}

export interface VendorConfig extends AdapterSettings {
  /** The adapter's folder name. */
  adapter: string;
  /** Milliseconds for all vendor calls of one request together. */
  timeoutMs: number;
  /** How often a failed read is tried again. */
  readRetries: number;
  /** Calls in flight at the same time. */
  maxConcurrent: number;
  /** Calls that wait for one of those; more are refused at once. */
  maxQueued: number;
  /** After so many failed calls in a row no more are made for `openMs`; then one at a time, until one succeeds. */
  breaker: { failures: number; openMs: number };
  /** PEM certificates of a private authority that is trusted instead of the public ones; empty for none. */
  ca: string;
  /** Ceiling on calls, shared by the process; absent means none. */
  rateLimit?: { requests: number; perSeconds: number };
  /** `returned`: the record in the vendor's answer; `read`: a read after the write. */
  verify: 'returned' | 'read';
  /** For how long the list of all records is kept. */
  listCacheSeconds: number;
  /** Whether calls carry the caller's W3C trace context on. */
  propagateTrace: boolean;
}

/** How updates that are delivered later are tried. */
export interface DeliveriesConfig {
  /** Deliveries under way at the same time in this process; half of them at most are of one connection. */
  concurrency: number;
  /** What one caller may have queued that is not finished. */
  maxQueuedPerCaller: number;
  /** Attempts without a definite answer until an operation is `dead`. */
  maxAttempts: number;
  /** Milliseconds: the longest pause after the first attempt. It doubles with each further one, up to `maxDelayMs`. */
  baseDelayMs: number;
  maxDelayMs: number;
  /** For how long a worker has an operation to itself without a sign of life. */
  leaseSeconds: number;
  /** Milliseconds between looks for what other replicas have queued. */
  pollMs: number;
  /** For how long a finished operation and its answer are kept. */
  retentionDays: number;
}

export interface AuditConfig {
  /** `hashed`: sent values are kept as salted digests only. */
  values: 'hashed' | 'full';
  /**
   * Secret that signs the audit and makes the digests, kept outside of the store; of a list the first signs, all verify. Absent:
   * nothing is signed.
   */
  key?: string | readonly string[];
  /** Secret of the digests without a key; absent: one that the installation makes up and keeps in the store. */
  salt?: string;
  /** Whether reading a record is in the audit. */
  reads: boolean;
  /** Where the newest row is told, for keeping elsewhere; absent: nowhere. */
  headFile?: string;
  /** Absent: rows are kept forever. */
  retentionDays?: number;
}

export interface ClinicConfig {
  /** A key of `vendors`. */
  vendor: string;
  /** `linked`: ids go through the links table. `direct`: the id in the URL is the vendor's own. */
  identity: 'linked' | 'direct';
  /** Updates without `If-Match` are refused. */
  requireIfMatch: boolean;
  /** What becomes of an update that provably did not reach the vendor. */
  whenVendorDown: 'fail' | 'queue';
  /** Further connections, keys of `vendors`, at which its callers may link staff: to prepare a switch. */
  links?: readonly string[];
  /** A key of `vendors`: what the clinic's own connection has confirmed is written there too, later. */
  mirror?: string;
  /** What becomes of a new `vendor` that something speaks against: refused, or taken over with or without a warning. */
  switchGuard: SwitchGuard;
}

export const SWITCH_GUARDS = ['enforce', 'warn', 'off'] as const;
export type SwitchGuard = (typeof SWITCH_GUARDS)[number];

export const SCOPES = ['staff:read', 'staff:write', 'links:write', 'changes:read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface CallerConfig {
  name: string;
  /** Lower-case hex SHA-256 of the API key; several while a key is being replaced. */
  keySha256: string | readonly string[];
  /** A key of `clinics`. */
  clinic: string;
  scopes: readonly Scope[];
  /** Ceiling on this caller's requests; absent means none. */
  rateLimit?: { requests: number; perSeconds: number };
  /** Requests of this caller under way at the same time; absent means half of `server.maxInFlight`. */
  maxInFlight?: number;
}

/** The signature algorithms that may be allowed: asymmetric ones only. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** One issuer whose access tokens (JWT) are accepted besides API keys. */
export interface TokenConfig {
  /** Stands before the client's own name in the audit and the logs: `name/client`. */
  name: string;
  issuer: string;
  audience: string | readonly string[];
  /** Where the issuer's public keys are. Either this or `jwks`. */
  jwksUri?: string;
  /** The issuer's public keys themselves: a JSON Web Key Set. */
  jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  algorithms: readonly TokenAlgorithm[];
  clockSkewSeconds: number;
  /** For how long a token may be good, from `iat` to `exp`; absent: for as long as it says. */
  maxAgeSeconds?: number;
  /** Which claims hold the caller's properties. */
  claims: { clinic: string; scopes: string; name: string };
  /** Ceiling on the requests of each client of this issuer; absent means none. */
  rateLimit?: { requests: number; perSeconds: number };
  /** Requests of each of its clients under way at the same time; absent means half of `server.maxInFlight`. */
  maxInFlight?: number;
  /** What the clinic claim says → a key of `clinics`; may be absent if there is one clinic, and the claim is its key then. */
  clinics?: Readonly<Record<string, string>>;
}

/** The secrets of the store, as a list whichever way they are written. */
export function storeSecrets({ encryptionKey = [] }: StoreConfig): readonly string[] {
  return typeof encryptionKey === 'string' ? [encryptionKey] : encryptionKey;
}

/** The secrets of the audit, as a list whichever way they are written. */
export function auditSecrets({ key = [] }: Pick<AuditConfig, 'key'>): readonly string[] {
  return typeof key === 'string' ? [key] : key;
}

/** The hashes of a caller's keys, as a list whichever way they are written. */
export function keyHashes({ keySha256 }: Pick<CallerConfig, 'keySha256'>): readonly string[] {
  return typeof keySha256 === 'string' ? [keySha256] : keySha256;
}
