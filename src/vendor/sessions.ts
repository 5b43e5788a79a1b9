import NodeCache from 'node-cache';

const KEY = 'session';

/**
 * The session token of one vendor connection. Any number of concurrent requests share one login, and a token that the
 * vendor refused is replaced once, whoever noticed first.
 */
export class Sessions {
  readonly #cache = new NodeCache({ useClones: false, checkperiod: 0 });
  readonly #login: () => Promise<string>;
  readonly #lifetimeSeconds: number;
  #pending: Promise<string> | undefined;

  /** @param login fetches a new token; its failure is passed on to all who wait for it */
  constructor(login: () => Promise<string>, lifetimeSeconds: number) {
    this.#login = login;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** The current token, from a new login where there is none. */
  async current(): Promise<string> {
    return this.#cache.get<string>(KEY) ?? this.#renew();
  }

  /** A token other than `refused`. A login that somebody else has made since serves as well. */
  async replacing(refused: string): Promise<string> {
    if (this.#cache.get<string>(KEY) === refused) this.#cache.del(KEY);
    return this.current();
  }

  async #renew(): Promise<string> {
    this.#pending ??= this.#login()
      .then((token) => {
        this.#cache.set(KEY, token, this.#lifetimeSeconds);
        return token;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }
}
