/** JSON whose numbers keep their digits: `1.50`, `1e2`, and integers that a double cannot hold are written as they were read. */

declare global {
  interface JSON {
    /** A value that `JSON.stringify` writes as this text. */
    rawJSON(text: string): object;
  }
}

/** Where a number may begin that is not written as JavaScript would write it. */
const UNUSUAL_NUMBER = /[:,[]\s*(?:-?\d+[.eE]|-?\d{16}|-0[\s,}\]])/;

/**
 * Parses JSON. A number that JavaScript would write in another way becomes a value that only `JSON.stringify` understands.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!UNUSUAL_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source
      ? JSON.rawJSON(source)
      : value;
  });
}
