/** What steps of a switch leave in the audit besides what they write. */
import { act } from '../store/changes';
import type { Call } from './route';

export interface Place {
  /** The clinic. */
  name: string;
  /** Where it may move. */
  connection: string;
}

export async function note(
  { parts, by }: Pick<Call, 'parts' | 'by'>,
  { name, connection }: Place,
  done: string,
  more: Readonly<Record<string, number>> = {},
): Promise<void> {
  const detail = { act: `switch_${done}`, ...more };
  await parts.trail.add([act({ kind: 'operator', ...by, clinic: name, vendor: connection, detail })]);
}
