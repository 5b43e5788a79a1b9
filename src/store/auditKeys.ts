/** What the secret `audit.key` is used for: each use has a key of its own, derived from it. */
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

export interface AuditKey {
  /** Stands with what was signed; tells nothing about the secret. */
  id: string;
  /** Signs rows and marks. A key object: out of bytes it would be made anew for each row, which takes five times as long. */
  chain: KeyObject;
  /** Makes the digests of values. */
  digests: string;
}

/** The first secret signs, all verify. */
export interface AuditKeys {
  signing: AuditKey;
  byId: ReadonlyMap<string, AuditKey>;
}

/** @returns undefined without a secret */
export function auditKeys(secrets: readonly string[]): AuditKeys | undefined {
  const keys = secrets.map(derived);
  const [signing] = keys;
  return signing && { signing, byId: new Map(keys.map((key) => [key.id, key])) };
}

function derived(secret: string): AuditKey {
  const part = (use: string, length = 32) =>
    Buffer.from(hkdfSync('sha256', secret, '', `audit ${use}`, length));
  return {
    id: part('id', 8).toString('hex'),
    chain: createSecretKey(part('chain')),
    digests: part('digests').toString('base64url'),
  };
}

/** Lower-case hex. */
export function signed(key: AuditKey, text: string): string {
  return createHmac('sha256', key.chain).update(text).digest('hex');
}
