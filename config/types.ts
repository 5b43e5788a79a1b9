import type { AdapterSettings } from '../src/vendor/contract';

/** The configuration after substitution, validation and defaults. Everything in it is plain data. */
export interface GatewayConfig {
  server: ServerConfig;
  ops: { host: string; port: number };
  store: { url: string };
  vendors: Readonly<Record<string, VendorConfig>>;
  clinics: Readonly<Record<string, ClinicConfig>>;
  callers: readonly CallerConfig[];
}

export interface ServerConfig {
  host: string;
  port: number;
}

export interface VendorConfig extends AdapterSettings {
  /** The adapter's folder name. */
  adapter: string;
  /** Origin with an optional path, without a trailing slash. Adapters add their own `/v1`. */
  baseUrl: string;
  /** Milliseconds for all vendor calls of one request together. */
  timeoutMs: number;
  /** How often a failed read is tried again. */
  readRetries: number;
  /** Calls in flight at the same time. */
  maxConcurrent: number;
  /** Ceiling on calls, shared by the process; absent means none. */
  rateLimit?: { requests: number; perSeconds: number };
  /** `returned`: the record in the vendor's answer; `read`: a read after the write. */
  verify: 'returned' | 'read';
}

export interface ClinicConfig {
  /** A key of `vendors`. */
  vendor: string;
  /** `linked`: ids go through the links table. `direct`: the id in the URL is the vendor's own. */
  identity: 'linked' | 'direct';
}

export const SCOPES = ['staff:read', 'staff:write', 'links:write', 'changes:read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface CallerConfig {
  name: string;
  /** Lower-case hex SHA-256 of the API key. */
  keySha256: string;
  /** A key of `clinics`. */
  clinic: string;
  scopes: readonly Scope[];
}
