import { hash, timingSafeEqual } from 'node:crypto';
import { type CallerConfig, keyHashes, type Scope } from '../../config/types';
import { Problem } from '../problem';
import { looksLikeToken, type Tokens } from './tokens';

/** Who is calling: an app of the configuration, or the holder of an access token. */
export interface Caller {
  readonly name: string;
  /** A key of `clinics`. */
  readonly clinic: string;
  readonly scopes: readonly Scope[];
  /** Ceiling on this caller's requests; absent means none. */
  readonly rateLimit?: { requests: number; perSeconds: number };
}

interface KnownKey {
  digest: Buffer;
  caller: Caller;
}

/** The challenge of every 401 and 403 (RFC 6750 section 3). */
const CHALLENGE = 'Bearer realm="provider-directory-gateway"';

/** Finds callers by their API key. Only digests are kept, and all of them are compared, in constant time. */
export class Callers {
  readonly #keys: readonly KnownKey[];
  readonly #tokens: Tokens | undefined;
  readonly #isClinic: (name: string) => boolean;

  /**
   * @param tokens for callers with an access token, if any issuer is configured
   * @param isClinic whether the configuration has a clinic of that name
   */
  constructor(
    callers: readonly CallerConfig[],
    tokens?: Tokens,
    isClinic: (name: string) => boolean = () => true,
  ) {
    this.#keys = callers.flatMap((caller) =>
      keyHashes(caller).map((hex) => ({ digest: Buffer.from(hex, 'hex'), caller })),
    );
    this.#tokens = tokens;
    this.#isClinic = isClinic;
  }

  /**
   * An API key is looked up at once; an access token takes a promise.
   * @param authorization the `Authorization` header
   * @throws Problem `unauthenticated`, which never says what exactly is wrong
   */
  identify(authorization: string | undefined): Caller | Promise<Caller> {
    const credential = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(authorization ?? '')?.[1];
    if (credential === undefined) throw unauthenticated(authorization === undefined);
    if (this.#tokens && looksLikeToken(credential)) return this.#byToken(this.#tokens, credential);
    const caller = this.#find(hash('sha256', credential, 'buffer'));
    if (caller === undefined) throw unauthenticated(false);
    return caller;
  }

  async #byToken(tokens: Tokens, token: string): Promise<Caller> {
    const caller = await tokens.identify(token, this.#isClinic);
    if (caller === undefined) throw unauthenticated(false);
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

/** @param missing whether nothing was sent at all, which is no error of the credential */
function unauthenticated(missing: boolean): Problem {
  return new Problem('unauthenticated', 'A valid key or token is expected: Authorization: Bearer <key>.', {
    headers: { 'www-authenticate': missing ? CHALLENGE : `${CHALLENGE}, error="invalid_token"` },
  });
}

/** @throws Problem `forbidden` */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return;
  throw new Problem('forbidden', `The scope ${scope} is needed.`, {
    headers: { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` },
  });
}
