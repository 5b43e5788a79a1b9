/** Who was refused, for the audit: a row at the first time, and one for all that follow within a minute. */
import { act, type Change } from '../store/changes';

export interface Refusal {
  requestId: string;
  status: number;
  code: string;
  /** Of the connection, as the system tells it. */
  address: string;
  method: string;
  /** The route's template. */
  route: string;
  /** Empty if nobody is known. */
  clinic: string;
  caller: string;
}

export interface Refusals {
  note(refusal: Refusal): void;
  /** Writes what was counted. */
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
/** Kinds of refusals that are told apart within a minute: however many there are, the audit grows by a few rows a minute. */
const MOST_KINDS = 20;

/** @param write adds a row; a failure is its own to tell */
export function createRefusals(write: (change: Change) => Promise<void>): Refusals {
  let counts = new Map<string, { first: Refusal; further: number }>();
  let timer: NodeJS.Timeout | undefined;

  function end(): Promise<unknown> {
    clearTimeout(timer);
    timer = undefined;
    const ended = counts;
    counts = new Map();
    const rows = [...ended.values()].filter(({ further }) => further > 0);
    return Promise.all(rows.map(({ first, further }) => write(rowOf(first, further)).catch(() => {})));
  }

  return {
    note(refusal) {
      timer ??= setTimeout(() => void end(), MINUTE_MS).unref();
      const known = counts.has(kindOf(refusal)) || counts.size < MOST_KINDS;
      const counted = known ? refusal : { ...refusal, ...OTHERS };
      const kind = kindOf(counted);
      const count = counts.get(kind);
      if (count !== undefined) count.further += 1;
      else {
        counts.set(kind, { first: counted, further: 0 });
        write(rowOf(counted, 1)).catch(() => {});
      }
    },
    close: async () => {
      await end();
    },
  };
}

const OTHERS = { address: 'others', clinic: '', caller: '', method: '', route: '' } as const;

function kindOf({ status, clinic, caller, address }: Refusal): string {
  return JSON.stringify([status, clinic, caller, address]);
}

function rowOf(
  { requestId, status, code, address, method, route, clinic, caller }: Refusal,
  count: number,
): Change {
  const detail = { address, method, route, count };
  return act({ kind: 'refusal', outcome: 'refused', requestId, clinic, caller, status, code, detail });
}
