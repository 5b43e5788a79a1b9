/**
 * Numbers keep their digits: FHIR says that the precision of a decimal counts, so `1.50` must not become `1.5`. What JSON's own
 * numbers cannot hold travels through the repository as marked text.
 */

const MARK = '\uE000';
const NUMBER_OR_TEXT = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/** JSON text in which numbers that would change their spelling are marked text. */
export function withMarkedNumbers(json: string): string {
  return json.replace(NUMBER_OR_TEXT, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `"${MARK}${token}"`,
  );
}

/** The JSON text as it came in. */
export function withPlainNumbers(json: string): string {
  return json.replace(MARKED, '$1');
}
