/**
 * Long work that operators begin on the page: it goes on in this process without the page, and tells how far it is. All processes
 * know of it by the store: any of them can stop it, and it is seen if the one that does it is gone.
 */
import { every } from '../lib/every';
import type { JobEnd, JobStep, NewJob, StoredJob } from '../store/switchJob';
import { LOST_MS, SIGN_MS, type SwitchJobs } from '../store/switchJobs';
import type { Watch } from '../switch/watch';

export interface JobRequest extends NewJob {
  work(watch: Required<Watch>): Promise<Readonly<Record<string, unknown>>>;
}

/** What the signal of one says that an operator has stopped, or that the end of this process has. */
const STOPPED = new Error('it was stopped');
const INTERRUPTED = new Error('it was interrupted');

interface Running {
  job: StoredJob;
  stop: AbortController;
  /** Resolves when nothing of it goes on any more. */
  ended: Promise<void>;
}

export class Jobs {
  readonly #running = new Map<string, Running>();
  readonly #store: SwitchJobs;
  readonly #failed: (error: unknown) => void;

  /** @param failed hears of what no vendor and no person has caused */
  constructor(store: SwitchJobs, failed: (error: unknown) => void) {
    this.#store = store;
    this.#failed = failed;
  }

  /** The newest first. @throws StoreUnavailable */
  of(clinic: string): Promise<StoredJob[]> {
    return this.#store.of(clinic);
  }

  /** Those that are running or were interrupted, if nothing was begun after them. @throws StoreUnavailable */
  open(): Promise<StoredJob[]> {
    return this.#store.open();
  }

  /** One at a time for each clinic. @returns undefined while another one is running @throws StoreUnavailable */
  async begin({ work, ...asked }: JobRequest): Promise<StoredJob | undefined> {
    const job = await this.#store.begin(asked);
    if (job === undefined) return undefined;
    const stop = new AbortController();
    const ended = this.#run(job, stop, work).finally(() => this.#running.delete(job.id));
    this.#running.set(job.id, { job, stop, ended });
    return job;
  }

  /** It ends where nothing is half done, wherever it runs. @returns false if it is not running @throws StoreUnavailable */
  async stop(clinic: string, id: string): Promise<boolean> {
    const asked = await this.#store.askToStop({ clinic, id });
    if (asked) this.#running.get(id)?.stop.abort(STOPPED);
    return asked;
  }

  /** All that run here, because the process ends. Resolves when they have. */
  async close(): Promise<void> {
    for (const { stop } of this.#running.values()) stop.abort(INTERRUPTED);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #run(job: StoredJob, stop: AbortController, work: JobRequest['work']): Promise<void> {
    let step: JobStep | undefined;
    const onStep = (now: JobStep) => {
      step = now;
    };
    const signs = this.#showSigns(job, stop, () => step);
    const end = await this.#endOf(stop, () => work({ onStep, signal: stop.signal }));
    await signs.stop();
    // Without it the job is without signs of life, and so seen as interrupted.
    await this.#store.end(job, end).catch(this.#failed);
  }

  /** Until it ends. Who cannot tell that it lives stops before others may take its place. */
  #showSigns(job: StoredJob, stop: AbortController, step: () => JobStep | undefined) {
    let shown = performance.now();
    return every(
      SIGN_MS,
      async () => {
        const began = performance.now();
        const answer = await this.#store.sign(job, step());
        shown = began;
        if (answer !== 'goOn') stop.abort(answer === 'stop' ? STOPPED : INTERRUPTED);
      },
      () => {
        if (performance.now() - shown > LOST_MS - 2 * SIGN_MS) stop.abort(INTERRUPTED);
      },
    );
  }

  async #endOf({ signal }: AbortController, work: () => ReturnType<JobRequest['work']>): Promise<JobEnd> {
    try {
      return { state: 'done', result: await work() };
    } catch (error) {
      if (signal.aborted) return { state: signal.reason === STOPPED ? 'stopped' : 'interrupted' };
      if (error instanceof JobProblem) return { state: 'failed', reason: error.message };
      this.#failed(error);
      return { state: 'failed', reason: 'internal_error' };
    }
  }
}

/** Why a job cannot go on, in our own words. */
export class JobProblem extends Error {}
