/** Updates that are delivered later: durable, in order for each staff member, each held by one worker at a time. */
import { type CallerQueue, createCallerQueue } from './callerQueue';
import type { Database } from './database';
import { createOperatorQueue, type OperatorQueue } from './operatorQueue';
import { createWorkerQueue, type WorkerQueue } from './workerQueue';

/** Every method throws `StoreUnavailable` when the database does. */
export interface Operations extends CallerQueue, WorkerQueue, OperatorQueue {
  /** Calls `listener` whenever this process has made something due, so that nobody has to wait for the next look. */
  onDue(listener: () => void): void;
}

export function createOperations(database: Database): Operations {
  const callers = createCallerQueue(database);
  const operators = createOperatorQueue(database);
  const listeners = new Set<() => void>();
  const tellingDue = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    for (const listener of listeners) listener();
    return result;
  };
  return {
    ...callers,
    ...createWorkerQueue(database),
    ...operators,
    onDue: (listener) => void listeners.add(listener),
    enqueue: (operation) => tellingDue(callers.enqueue(operation)),
    enqueueWithin: (quota, operation) => tellingDue(callers.enqueueWithin(quota, operation)),
    retry: (id, clinic) => tellingDue(operators.retry(id, clinic)),
  };
}
