import { isDeepStrictEqual } from 'node:util';
import type { Reply } from '../../support/stage';
import { openWire, type Wire } from '../../support/wire';
import type { Field } from './field';

export interface Attack {
  name: string;
  /** Rejects if the attack gets anywhere. */
  run(field: Field): Promise<void>;
}

/** @throws Error if they are not */
export function same(found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${JSON.stringify(found)} and not ${JSON.stringify(expected)}`);
}

/** Two answers from which nobody learns which is which. */
export function sameAnswer(one: Reply, other: Reply, status: number): void {
  same(one.status, status);
  same([one.status, { ...one.body, requestId: '' }], [other.status, { ...other.body, requestId: '' }]);
}

/** A connection that may be cut off at any time, which is no failure by itself. */
export async function openConnection(url: string): Promise<Wire> {
  const wire = await openWire(url);
  wire.ended.catch(() => undefined);
  return wire;
}
