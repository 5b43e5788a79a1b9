/** Work on the switch of a clinic that an operator has begun. */

/** `interrupted`: the process that did it has ended, or shows no sign of life any more. */
export type JobState = 'running' | 'done' | 'failed' | 'stopped' | 'interrupted';

export interface NewJob {
  clinic: string;
  connection: string;
  task: string;
  /** Of a copy: also over other values. */
  overwrite: boolean;
  /** Who has begun it. */
  by: string;
}

export interface JobStep {
  name: string;
  done: number;
  total?: number | undefined;
}

export interface StoredJob extends Omit<NewJob, 'overwrite'> {
  id: string;
  state: JobState;
  overwrite?: true;
  /** ISO 8601, UTC, as all times. */
  startedAt: string;
  /** Of an interrupted one: the last sign of life. */
  finishedAt?: string;
  step?: JobStep;
  /** Counts and names, never a value of a record. */
  result?: Readonly<Record<string, unknown>>;
  /** Why it has failed. */
  reason?: string;
}

export interface JobEnd {
  state: Exclude<JobState, 'running'>;
  result?: Readonly<Record<string, unknown>>;
  reason?: string;
}
