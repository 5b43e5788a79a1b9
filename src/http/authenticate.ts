import { createHash, timingSafeEqual } from 'node:crypto';
import type { CallerConfig, Scope } from '../../config/types';
import { Problem } from '../problem';

/** Who is calling, as the configuration knows it. */
export type Caller = CallerConfig;

interface KnownKey {
  digest: Buffer;
  caller: Caller;
}

/** Finds callers by their API key. Only digests are kept, and all of them are compared, in constant time. */
export class Callers {
  readonly #keys: readonly KnownKey[];

  constructor(callers: readonly CallerConfig[]) {
    this.#keys = callers.map((caller) => ({ digest: Buffer.from(caller.keySha256, 'hex'), caller }));
  }

  /**
   * @param authorization the `Authorization` header
   * @throws Problem `unauthenticated`
   */
  identify(authorization: string | undefined): Caller {
    const key = /^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
    const caller = key === undefined ? undefined : this.#find(createHash('sha256').update(key).digest());
    if (caller === undefined) {
      throw new Problem('unauthenticated', 'A valid key is expected: Authorization: Bearer <key>.', {
        headers: { 'www-authenticate': 'Bearer realm="provider-directory-gateway"' },
      });
    }
    return caller;
  }

  #find(digest: Buffer): Caller | undefined {
    let found: Caller | undefined;
    for (const key of this.#keys) {
      if (timingSafeEqual(key.digest, digest)) found = key.caller;
    }
    return found;
  }
}

/** @throws Problem `forbidden` */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw new Problem('forbidden', `The scope ${scope} is needed.`);
}
