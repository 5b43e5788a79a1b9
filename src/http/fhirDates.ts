/** What the canonical record may show of a vendor's dates, and FHIR has no form for. */
import { isObject, member } from '../lib/json';
import { isRealDate } from '../staff/calendar';

type Shown = Readonly<Record<string, unknown>>;

/**
 * The record without dates of the year 0000 and without periods that end before they start (FHIR R4 `date` and rule `per-1`).
 * A block of hours with such a period is left out whole: without the period it would say that it always holds.
 * @returns the rest, and the pointers of what is left out
 */
export function withoutImpossibleDates(record: Shown): { record: Shown; left: readonly string[] } {
  const left: string[] = [];
  const rest: Record<string, unknown> = { ...record };
  const leaveOut = (name: string) => {
    left.push(`/${name}`);
    delete rest[name];
  };
  if (typeof record.birthDate === 'string' && !isRealDate(record.birthDate)) leaveOut('birthDate');
  if (!isPossible(record.period)) leaveOut('period');
  const blocks = record.availableTime;
  if (Array.isArray(blocks)) {
    const isWhole = (block: unknown) =>
      isPossible(member(block, 'period')) && isPossible(member(block, 'recurrence'));
    left.push(...blocks.flatMap((block, index) => (isWhole(block) ? [] : [`/availableTime/${index}`])));
    rest.availableTime = blocks.filter(isWhole);
  }
  return { record: rest, left };
}

function isPossible(period: unknown): boolean {
  if (!isObject(period)) return true;
  const { start, end } = period;
  const isHoldable = (bound: unknown) => typeof bound !== 'string' || isRealDate(bound);
  const isBackwards = typeof start === 'string' && typeof end === 'string' && end < start;
  return isHoldable(start) && isHoldable(end) && !isBackwards;
}
