/** Vendor bodies are hostile input: bytes in, JSON or nothing out. */
import { parseExactJson } from '../lib/exactJson';
import { unexpectedResponse } from './failure';

/** Deeper than any vendor's record, far below where recursion hurts. */
const MAX_DEPTH = 64;

/**
 * Parses an answer's bytes as JSON whatever its content type says, since vendors label loosely. Honours `charset`, drops
 * a byte order mark.
 * @param exactNumbers whether numbers keep their spelling, for a vendor whose records are sent back whole
 * @returns the value, or undefined if the body is empty or not JSON (an HTML error page, say)
 */
export function parseAnswer(
  bytes: Buffer,
  headers: Readonly<Record<string, string | undefined>>,
  exactNumbers = false,
): unknown {
  const coding = headers['content-encoding'];
  // Nothing compressed is asked for, so nothing is inflated: no decompression bomb can go off here.
  if (coding !== undefined && coding !== '' && coding !== 'identity') {
    throw unexpectedResponse('The vendor’s answer is compressed although that was not asked for.');
  }
  const text = decode(bytes, headers['content-type'] ?? '');
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value = exactNumbers
      ? parseExactJson(text)
      : JSON.parse(LONG_NUMBER.test(text) ? withExactNumbers(text) : text);
    return opens(text) > MAX_DEPTH && isDeeper(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** Where a number may begin in an object or an array. Long digits within texts, such as ids, are passed over. */
const LONG_NUMBER = /[:,[]\s*-?\d{16}/;
const STRING_OR_LONG_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** Whole numbers that a double cannot hold become text, digit by digit: two ids must not become one by rounding. */
function withExactNumbers(json: string): string {
  return json.replace(STRING_OR_LONG_NUMBER, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
  );
}

/** Keeps nothing from one text to the next. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer, contentType: string): string | undefined {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1];
  try {
    const decoder = charset === undefined ? UTF_8 : new TextDecoder(charset, { fatal: true });
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** How many objects and arrays a text begins, at most: there is no depth without them. */
function opens(json: string): number {
  return json.match(/[[{]/g)?.length ?? 0;
}

/** Looks at most one level deeper than `levels`; a value that holds nothing has one level. */
function isDeeper(value: unknown, levels: number): boolean {
  if (levels === 0) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((item) => isDeeper(item, levels - 1));
}
