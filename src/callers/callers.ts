import { hash, timingSafeEqual } from 'node:crypto';
import { type CallerConfig, type GatewayConfig, keyHashes, type Scope } from '../config/types';
import { sameJson } from '../lib/json';
import { Problem } from '../problem';
import type { Caller } from './caller';
import { looksLikeToken, type TokenRefused, Tokens } from './tokens';

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

/** The callers of each configuration in use; requests under way keep those that they began with. */
export class Authenticator {
  readonly #refused: TokenRefused | undefined;
  readonly #known = new WeakMap<GatewayConfig, Callers>();
  #issuers: { config: GatewayConfig['tokens']; tokens: Tokens } | undefined;

  /** @param refused hears why a token was refused */
  constructor(refused?: TokenRefused) {
    this.#refused = refused;
  }

  callersOf(config: GatewayConfig): Callers {
    let callers = this.#known.get(config);
    if (callers === undefined) {
      callers = new Callers(config.callers, this.#tokensOf(config), (name) =>
        Object.hasOwn(config.clinics, name),
      );
      this.#known.set(config, callers);
    }
    return callers;
  }

  /** Issuers that a new configuration leaves alone keep the keys that they have fetched. */
  #tokensOf({ tokens: config }: GatewayConfig): Tokens {
    if (this.#issuers === undefined || !sameJson(this.#issuers.config, config)) {
      this.#issuers = { config, tokens: new Tokens(config, this.#refused) };
    }
    return this.#issuers.tokens;
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
