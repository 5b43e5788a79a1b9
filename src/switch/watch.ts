/** How long work is watched, and stopped. */

/** One step of a work: so many of its things are done. */
export interface Step {
  /** What is being done: `reading north-main`. */
  name: string;
  done: number;
  /** How many there will be; absent: nobody knows. */
  total?: number | undefined;
}

export interface Watch {
  /** Called often: whoever shows it chooses how often. */
  onStep?: ((step: Step) => void) | undefined;
  /** Stops the work at the next point where nothing is half done; the work then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}
