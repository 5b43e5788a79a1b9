/** Updates that are delivered later: durable, in order for each staff member, each held by one worker at a time. */
import { type CallerQueue, createCallerQueue } from './callerQueue';
import { type Cipher, PLAIN } from './cipher';
import type { Database } from './database';
import { createOperatorQueue, type OperatorQueue } from './operatorQueue';
import { createTrail, type Trail } from './trail';
import { createWorkerQueue, type WorkerQueue } from './workerQueue';

/** Every method throws `StoreUnavailable` when the database does. */
export interface Operations extends CallerQueue, WorkerQueue, OperatorQueue {
  /** Calls `listener` whenever this process has made something due, so that nobody has to wait for the next look. */
  onDue(listener: () => void): void;
}

export interface OperationsOptions {
  /** Seals what is asked for and what is answered; absent: it is kept in clear. */
  cipher?: Cipher;
  /** Where operators' decisions are noted; absent: unsigned, which a signed audit refuses. */
  trail?: Trail;
}

export function createOperations(database: Database, options: OperationsOptions = {}): Operations {
  const { cipher = PLAIN, trail = createTrail(database, { values: { kind: 'full' } }) } = options;
  const callers = createCallerQueue(database, cipher);
  const operators = createOperatorQueue(database, trail);
  const listeners = new Set<() => void>();
  const tellingDue = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    for (const listener of listeners) listener();
    return result;
  };
  return {
    ...callers,
    ...createWorkerQueue(database, cipher),
    ...operators,
    onDue: (listener) => void listeners.add(listener),
    enqueue: (operation) => tellingDue(callers.enqueue(operation)),
    enqueueWithin: (quota, operation) => tellingDue(callers.enqueueWithin(quota, operation)),
    retry: (id, by) => tellingDue(operators.retry(id, by)),
    expire: (days) => tellingDue(operators.expire(days)),
  };
}
