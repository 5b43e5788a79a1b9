/** A file that accepts and rejects one pair is not usable: nobody can tell which of the two is meant. */
import type { Link } from '../../store/links';
import { printable } from '../printable';
import { number } from './progress';
import { UnusableFile } from './unusable';

/** A row in which somebody has said that the two are not the same person. */
export interface RejectedPair extends Link {
  rejectedIn: number;
}

const SHOWN_CONTRADICTIONS = 10;

/**
 * @param found rejected pairs, each with the line that accepts it
 * @throws UnusableFile if there are any
 */
export function refuseContradictions(found: readonly { line: number; pair: RejectedPair }[]): void {
  if (found.length === 0) return;
  const texts = found
    .slice(0, SHOWN_CONTRADICTIONS)
    .map(({ line, pair: { staffId, vendor, vendorRecordId, rejectedIn } }) =>
      printable(
        `line ${line} accepts and line ${rejectedIn} rejects "${vendorRecordId}" of ${vendor} for "${staffId}"`,
      ),
    );
  const more = found.length - texts.length;
  throw new UnusableFile([...texts, ...(more > 0 ? [`and ${number(more)} more like these`] : [])].join('; '));
}
