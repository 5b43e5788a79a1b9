import { isObject } from '../lib/json';
import { maskedOps } from './operators';
import { auditSecrets, type GatewayConfig, storeSecrets, type VendorConfig } from './types';

const MASK = '***';

/** A deep copy of the configuration that is fit for printing: no credential, no password, no whole key hash. */
export function maskConfig(config: GatewayConfig): GatewayConfig {
  const copy = structuredClone(config);
  return {
    ...copy,
    ops: maskedOps(copy.ops, MASK),
    operators: copy.operators.map((operator) => ({
      ...operator,
      keySha256: maskHashes(operator.keySha256),
    })),
    store: {
      ...copy.store,
      url: maskStoreUrl(copy.store.url),
      ...(copy.store.encryptionKey !== undefined && {
        encryptionKey: storeSecrets(copy.store).map(() => MASK),
      }),
    },
    audit: {
      ...copy.audit,
      ...(copy.audit.key !== undefined && { key: auditSecrets(copy.audit).map(() => MASK) }),
      ...(copy.audit.salt !== undefined && { salt: MASK }),
    },
    vendors: Object.fromEntries(
      Object.entries(copy.vendors).map(([name, vendor]) => [name, maskVendor(vendor)]),
    ),
    tokens: copy.tokens.map(({ jwksUri, ...token }) => ({
      ...token,
      ...(jwksUri !== undefined && { jwksUri: maskQuery(jwksUri) }),
    })),
    callers: copy.callers.map((caller) => ({ ...caller, keySha256: maskHashes(caller.keySha256) })),
  };
}

/** Enough of a hash to tell keys apart, too little to look for the key. */
function maskHashes(hashes: string | readonly string[]): string | string[] {
  const short = (hash: string) => `${hash.slice(0, 8)}…`;
  return typeof hashes === 'string' ? short(hashes) : hashes.map(short);
}

/** The passwords in a store's URL, as written and as meant. */
export function storePasswords(text: string): string[] {
  const url = databaseUrl(text);
  if (url === undefined) return [];
  const inQuery = passwordParameters(url).flatMap((name) => url.searchParams.getAll(name));
  return [url.password, decoded(url.password), ...inQuery].filter((password) => password !== '');
}

/** What cannot be taken apart is not printed: any part of it may be a password. */
function maskStoreUrl(text: string): string {
  if (text.startsWith('sqlite:')) return text;
  const url = databaseUrl(text);
  if (url === undefined) return MASK;
  if (url.password !== '') url.password = MASK;
  for (const name of passwordParameters(url)) url.searchParams.set(name, MASK);
  return url.href;
}

/** Some addresses of public keys carry an access key as a parameter. */
function maskQuery(text: string): string {
  if (!URL.canParse(text)) return MASK;
  const url = new URL(text);
  for (const name of new Set(url.searchParams.keys())) url.searchParams.set(name, MASK);
  return url.href;
}

/** An SQLite path is not a URL to take apart. */
function databaseUrl(text: string): URL | undefined {
  return text.startsWith('sqlite:') || !URL.canParse(text) ? undefined : new URL(text);
}

/** PostgreSQL also takes its password as a parameter (`?password=`, `?sslpassword=`). */
function passwordParameters(url: URL): string[] {
  return [...new Set(url.searchParams.keys())].filter((name) => /password/i.test(name));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function maskVendor(vendor: VendorConfig): VendorConfig {
  const credentials = Object.entries(vendor.credentials).map(([key, value]) => [key, maskValue(value)]);
  return { ...vendor, credentials: Object.fromEntries(credentials) };
}

function maskValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskValue);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskValue(item)]));
  return MASK;
}
