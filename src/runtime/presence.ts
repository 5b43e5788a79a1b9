/** What this process knows of where clinics are, besides what its configuration says of them. */

export interface Presence {
  /** Whether the clinic's updates go to another connection than the configuration in use says. As of the last look. */
  isAway(clinic: string): boolean;
  /** Resolves when no new configuration is being taken over. */
  settled(): Promise<void>;
}

export class OwnPresence implements Presence {
  #away: ReadonlySet<string> = new Set();
  #taking: Promise<void> = Promise.resolve();

  isAway(clinic: string): boolean {
    return this.#away.has(clinic);
  }

  settled(): Promise<void> {
    return this.#taking;
  }

  get away(): ReadonlySet<string> {
    return this.#away;
  }

  /** After a look. */
  found(away: ReadonlySet<string>): void {
    this.#away = away;
  }

  /** For as long as `work` lasts, nothing is settled. */
  async taking<Result>(work: () => Promise<Result>): Promise<Result> {
    const taken = work();
    this.#taking = taken.then(
      () => {},
      () => {},
    );
    return taken;
  }
}
