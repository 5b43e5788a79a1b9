/** Who is signed in: a token in a cookie, its digest in the store, and what the configuration says about its owner now. */
import { createHash, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { OPERATOR_ROLES, type OperatorConfig, type OperatorRole, operatorHashes } from '../config/operators';
import type { ConsoleSession, ConsoleSessions } from '../store/consoleSessions';

export interface Operator {
  name: string;
  role: OperatorRole;
}

/** A session as a request has it. */
export interface Signed {
  operator: Operator;
  token: string;
  tokenHash: string;
  /** What every act has to bring along: only who can read answers of this session knows it. */
  csrfToken: string;
  expiresAt: Date;
}

export const LONGEST_MS = 12 * 3_600_000;
export const IDLE_MS = 30 * 60_000;
/** So much older than the truth the time may be at which an operator was last seen: not every request writes. */
const SEEN_EVERY_MS = 60_000;

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface SessionsOptions {
  store: ConsoleSessions;
  /** Of the configuration in use. */
  operators: () => readonly OperatorConfig[];
  /** Whether people may sign in at a provider. */
  hasProvider: () => boolean;
  now: () => Date;
}

export class Sessions {
  readonly #store: ConsoleSessions;
  readonly #operators: () => readonly OperatorConfig[];
  readonly #hasProvider: () => boolean;
  readonly #now: () => Date;

  constructor({ store, operators, hasProvider, now }: SessionsOptions) {
    this.#hasProvider = hasProvider;
    this.#store = store;
    this.#operators = operators;
    this.#now = now;
  }

  /** Every key is compared, so that the time it takes tells nothing. @param name given, the key has to be this operator's */
  ownerOf(key: string, name?: string): { operator: Operator; keySha256: string } | undefined {
    const digest = hash('sha256', key, 'buffer');
    let found: { operator: Operator; keySha256: string } | undefined;
    for (const operator of this.#operators()) {
      for (const keySha256 of operatorHashes(operator)) {
        const fits = timingSafeEqual(digest, Buffer.from(keySha256, 'hex'));
        if (fits && (name === undefined || name === operator.name)) {
          found = { operator: { name: operator.name, role: operator.role }, keySha256 };
        }
      }
    }
    return found;
  }

  /**
   * Always a new token, whatever the browser came with.
   * @param proof the key that was shown, or the role that a provider vouches for
   * @throws StoreUnavailable
   */
  async open(operator: Operator, proof: { keySha256: string } | { role: OperatorRole }): Promise<Signed> {
    const token = randomBytes(32).toString('base64url');
    const createdAt = this.#now();
    const expiresAt = new Date(createdAt.getTime() + LONGEST_MS);
    await this.#store.tidy(createdAt, new Date(createdAt.getTime() - IDLE_MS));
    await this.#store.open({
      tokenHash: digestOf(token),
      operator: operator.name,
      ...proof,
      createdAt,
      seenAt: createdAt,
      expiresAt,
    });
    return signed(token, operator, expiresAt);
  }

  /**
   * @param token as the browser sends it
   * @param active whether the operator does something; a page that only looks again does not keep a session alive
   * @throws StoreUnavailable
   */
  async find(token: string | undefined, active: boolean): Promise<Signed | undefined> {
    if (token === undefined || !TOKEN.test(token)) return undefined;
    const tokenHash = digestOf(token);
    const session = await this.#store.find(tokenHash);
    if (session === undefined) return undefined;
    const now = this.#now();
    const idle = now.getTime() - session.seenAt.getTime();
    const operator = this.#operatorOf(session);
    if (operator === undefined || now >= session.expiresAt || idle > IDLE_MS) {
      await this.#store.close(tokenHash);
      return undefined;
    }
    if (active && idle > SEEN_EVERY_MS) await this.#store.seen(tokenHash, now);
    return signed(token, operator, session.expiresAt);
  }

  close({ tokenHash }: Pick<Signed, 'tokenHash'>): Promise<void> {
    return this.#store.close(tokenHash);
  }

  closeAll({ operator }: Signed): Promise<number> {
    return this.#store.closeAll(operator.name);
  }

  /** What the configuration says counts at once: who is taken out of it, or whose key is, is signed out. */
  #operatorOf({ operator: name, keySha256, role }: ConsoleSession): Operator | undefined {
    if (keySha256 === undefined) {
      const known = OPERATOR_ROLES.find((one) => one === role);
      return known && this.#hasProvider() ? { name, role: known } : undefined;
    }
    const configured = this.#operators().find((one) => one.name === name);
    if (configured === undefined || !operatorHashes(configured).includes(keySha256)) return undefined;
    return { name, role: configured.role };
  }
}

/** Compared in a time that tells nothing. */
export function isCsrfToken({ csrfToken }: Signed, given: string | undefined): boolean {
  const [wanted, got] = [Buffer.from(csrfToken), Buffer.from(given ?? '')];
  return wanted.length === got.length && timingSafeEqual(wanted, got);
}

function signed(token: string, operator: Operator, expiresAt: Date): Signed {
  const csrfToken = createHmac('sha256', token).update('csrf').digest('base64url');
  return { operator, token, tokenHash: digestOf(token), csrfToken, expiresAt };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
