/** Suggested pairs that wait for a person, in the memory of this process and nowhere else: they hold personal values. */
import type { Suggestion } from '../switch/suggestLinks';

export class Reviews {
  readonly #open = new Map<string, Map<string, Suggestion>>();

  /** What was suggested before for the two is forgotten. */
  keep(clinic: string, connection: string, suggestions: readonly Suggestion[]): void {
    const open = suggestions.filter(({ decision }) => decision === 'accept' || decision === 'review');
    this.#open.set(placeKey(clinic, connection), new Map(open.map((one) => [pairKey(one), one])));
  }

  /** The most alike first. Undefined if nothing was suggested. */
  of(clinic: string, connection: string): Suggestion[] | undefined {
    const open = this.#open.get(placeKey(clinic, connection));
    return open && [...open.values()].sort((one, other) => other.confidence - one.confidence);
  }

  find(clinic: string, connection: string, pair: Pair): Suggestion | undefined {
    return this.#open.get(placeKey(clinic, connection))?.get(pairKey(pair));
  }

  /** Somebody has decided. */
  close(clinic: string, connection: string, pair: Pair): void {
    this.#open.get(placeKey(clinic, connection))?.delete(pairKey(pair));
  }
}

type Pair = Pick<Suggestion, 'staffId' | 'vendorRecordId'>;

function placeKey(clinic: string, connection: string): string {
  return `${clinic}\0${connection}`;
}

function pairKey({ staffId, vendorRecordId }: Pair): string {
  return `${staffId}\0${vendorRecordId}`;
}
