import NodeCache from 'node-cache';

const KEY = 'session';
const REFUSAL = 'refusal';

/** A password that was refused is not tried again for so long: many vendors lock an account after a few failures. */
const REFUSAL_SECONDS = 30;

/** A token, and for how long it is used, in seconds. */
export interface Session {
  token: string;
  lifetimeSeconds: number;
}

/**
 * The session token of one vendor connection. Any number of concurrent requests share one login, and a token that the
 * vendor refused is replaced once, however many calls notice it.
 */
export class Sessions {
  readonly #cache = new NodeCache({ useClones: false, checkperiod: 0 });
  readonly #login: () => Promise<Session>;
  readonly #isRefusal: (error: unknown) => boolean;
  #pending: Promise<string> | undefined;

  /**
   * @param login fetches a new token; its failure is passed on to all who wait for it
   * @param isRefusal true for a failure that says that the credentials are wrong; it is passed on without a new login for
   * a while
   */
  constructor(login: () => Promise<Session>, isRefusal: (error: unknown) => boolean) {
    this.#login = login;
    this.#isRefusal = isRefusal;
  }

  /** The current token, from a new login if there is none. */
  async current(): Promise<string> {
    return this.#cache.get<string>(KEY) ?? this.#renew();
  }

  /** A token other than `refused`. A login that somebody else has made since serves as well. */
  async replacing(refused: string): Promise<string> {
    if (this.#cache.get<string>(KEY) === refused) this.#cache.del(KEY);
    return this.current();
  }

  async #renew(): Promise<string> {
    const refusal = this.#cache.get<Error>(REFUSAL);
    if (refusal !== undefined) throw refusal;
    this.#pending ??= this.#login()
      .then(({ token, lifetimeSeconds }) => {
        // To the cache, 0 means forever.
        this.#cache.set(KEY, token, Math.max(1, lifetimeSeconds));
        return token;
      })
      .catch((error: unknown) => {
        if (this.#isRefusal(error)) this.#cache.set(REFUSAL, error, REFUSAL_SECONDS);
        throw error;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }
}
