/** How people write national identity numbers: in groups, with dots, spaces or hyphens between them. */
import { plainSigns, trimmed, withoutUnseen } from './spelling';

const GROUPS = /^[0-9A-Za-z]+(?:[. -]+[0-9A-Za-z]+)*$/;
/** Words that name the number instead of being a part of it; longer ones are recognised by their length. */
const LABELS = /^(?:ID|CI|NI|DU|NO|NR)$/i;
/** One dot that does not set off thousands, or thousands and one or two digits more. */
const DECIMAL = /^(?!\d{1,3}\.\d{3}$)\d+\.\d+$|\d{3}\.\d{1,2}$/;
/** The Swiss number ends like a decimal one. */
const SWISS = /^\d{3}\.\d{4}\.\d{4}\.\d{2}$/;
const EXPONENT = /^\d+\.\d+e\d+$/i;

/**
 * The number without its separators, or undefined if a sign in it is no separator: a decimal point, an exponent, a word
 * before the number, a minus.
 */
export function withoutSeparators(value: string): string | undefined {
  const text = trimmed(plainSigns(withoutUnseen(value)));
  if (!GROUPS.test(text) || EXPONENT.test(text)) return undefined;
  if (DECIMAL.test(text) && !SWISS.test(text)) return undefined;
  const groups = text.split(/[. -]+/);
  return groups.length > 1 && words(groups).some(isLabel) ? undefined : groups.join('');
}

/** What stands between the groups with digits; an abbreviation may have dots, D.N.I. */
function words(groups: readonly string[]): string[] {
  return groups
    .map((group) => (/\d/.test(group) ? ' ' : group))
    .join('')
    .split(/ +/);
}

/** Letters alone; two or fewer may be a series. */
function isLabel(group: string): boolean {
  return /^[A-Za-z]{3,}$/.test(group) || LABELS.test(group);
}
