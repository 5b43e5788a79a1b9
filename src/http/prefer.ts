/** The `Prefer` header (RFC 7240): what a caller would like, and what of it is honoured. */
import { fieldMembers } from './fields';

export interface Preferences {
  lenient: boolean;
  minimal: boolean;
  /** Named in `Preference-Applied` only by the answer that honours it. */
  respondAsync: boolean;
  /** The value of `Preference-Applied`, or undefined if no preference applies. */
  applied: string | undefined;
}

const NONE: Preferences = { lenient: false, minimal: false, respondAsync: false, applied: undefined };

/** Unknown and malformed preferences are ignored, as the RFC wants; of a repeated one the first counts. */
export function parsePrefer(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const asked = new Map<string, string>();
  for (const { name, value } of fieldMembers([header].flat().join(','))) {
    if (!asked.has(name)) asked.set(name, value.toLowerCase());
  }
  const handling = asked.get('handling');
  const returns = asked.get('return');
  const applied = [
    ...(handling === 'strict' || handling === 'lenient' ? [`handling=${handling}`] : []),
    ...(returns === 'minimal' || returns === 'representation' ? [`return=${returns}`] : []),
  ];
  return {
    lenient: handling === 'lenient',
    minimal: returns === 'minimal',
    respondAsync: asked.has('respond-async'),
    applied: applied.length > 0 ? applied.join(', ') : undefined,
  };
}
