import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';

export const KEY = 'key-of-the-soak';

/** A connection of the sandbox at this address. */
export function connectionAt(baseUrl: string): object {
  return {
    adapter: 'clinikapi',
    baseUrl,
    credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
  };
}

/** One clinic whose ids are the vendor's own, one caller; `more` is merged into the parts it names. */
export function soakConfiguration(
  storeUrl: string,
  vendorUrl: string,
  more: { vendor?: object; clinic?: object; deliveries?: object; vendors?: object } = {},
): string {
  return stringify({
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: storeUrl },
    vendors: {
      main: { ...connectionAt(vendorUrl), ...more.vendor },
      ...more.vendors,
    },
    clinics: { soak: { vendor: 'main', identity: 'direct', ...more.clinic } },
    ...(more.deliveries && { deliveries: more.deliveries }),
    callers: [
      {
        name: 'soak',
        keySha256: createHash('sha256').update(KEY).digest('hex'),
        clinic: 'soak',
        scopes: ['staff:read', 'staff:write', 'changes:read'],
      },
    ],
  });
}
