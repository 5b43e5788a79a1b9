/**
 * Long work that operators begin on the page: it goes on without the page, tells how far it is, and can be stopped. Kept in this
 * process; what it has come to that others rely on is in the store.
 */
import { randomUUID } from 'node:crypto';
import type { Step, Watch } from '../switch/watch';

export type JobState = 'running' | 'done' | 'failed' | 'stopped';

export interface Job {
  id: string;
  clinic: string;
  connection: string;
  task: string;
  /** Who has begun it. */
  by: string;
  state: JobState;
  startedAt: string;
  finishedAt?: string;
  step?: Step;
  /** What it has come to: counts and names, never a value of a record. */
  result?: Readonly<Record<string, unknown>>;
  /** Why it has failed: in our own words, or the kind of the error. */
  reason?: string;
}

export interface JobRequest extends Pick<Job, 'clinic' | 'connection' | 'task' | 'by'> {
  work(watch: Required<Watch>): Promise<Readonly<Record<string, unknown>>>;
}

interface Entry {
  job: Job;
  stop: AbortController;
}

/** Finished ones that are remembered. */
const MOST = 50;
/** What the signal of a stopped one says. */
const STOPPED = new Error('it was stopped');

export class Jobs {
  #entries: Entry[] = [];
  readonly #now: () => Date;
  readonly #failed: (error: unknown) => void;

  /** @param failed hears of what no vendor and no person has caused */
  constructor(now: () => Date, failed: (error: unknown) => void) {
    this.#now = now;
    this.#failed = failed;
  }

  /** The newest first. */
  of(clinic: string): Job[] {
    return this.#entries.filter(({ job }) => job.clinic === clinic).map(({ job }) => job);
  }

  get running(): Job[] {
    return this.#entries.filter(({ job }) => job.state === 'running').map(({ job }) => job);
  }

  /** One at a time for each clinic. @returns undefined while another one is running */
  begin({ work, ...rest }: JobRequest): Job | undefined {
    if (this.of(rest.clinic).some(({ state }) => state === 'running')) return undefined;
    const job: Job = { id: randomUUID(), ...rest, state: 'running', startedAt: this.#now().toISOString() };
    const stop = new AbortController();
    // What is running is never forgotten: it could not be stopped any more, and the clinic would seem free.
    const finished = this.#entries.filter((entry) => entry.job.state !== 'running').slice(0, MOST - 1);
    const kept = new Set(finished);
    this.#entries = [
      { job, stop },
      ...this.#entries.filter((entry) => entry.job.state === 'running' || kept.has(entry)),
    ];
    void this.#run(job, stop, work);
    return job;
  }

  /** It ends where nothing is half done. @returns false if it is not running */
  stop(clinic: string, id: string): boolean {
    const entry = this.#entries.find(({ job }) => job.id === id && job.clinic === clinic);
    if (entry?.job.state !== 'running') return false;
    entry.stop.abort(STOPPED);
    return true;
  }

  /** All that run, because the process ends. */
  stopAll(): void {
    for (const { job, stop } of this.#entries) if (job.state === 'running') stop.abort(STOPPED);
  }

  async #run(job: Job, stop: AbortController, work: JobRequest['work']): Promise<void> {
    const onStep = (step: Step) => {
      job.step = step;
    };
    try {
      job.result = await work({ onStep, signal: stop.signal });
      job.state = 'done';
    } catch (error) {
      job.state = stop.signal.aborted ? 'stopped' : 'failed';
      if (job.state === 'failed') {
        job.reason = error instanceof JobProblem ? error.message : 'internal_error';
        if (!(error instanceof JobProblem)) this.#failed(error);
      }
    }
    job.finishedAt = this.#now().toISOString();
  }
}

/** Why a job cannot go on, in our own words. */
export class JobProblem extends Error {}
