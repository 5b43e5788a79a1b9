import type { Scope } from '../config/types';

/** Who is calling: an app of the configuration, or the holder of an access token. */
export interface Caller {
  readonly name: string;
  /** A key of `clinics`. */
  readonly clinic: string;
  readonly scopes: readonly Scope[];
  /** Ceiling on this caller's requests; absent means none. */
  readonly rateLimit?: { requests: number; perSeconds: number };
  /** Requests of it under way at the same time; absent means its share of all. */
  readonly maxInFlight?: number;
}
