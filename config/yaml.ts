import { type ErrorCode, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { isObject } from '../src/staff/json';
import { ConfigError, type ConfigProblem } from './problem';

/** Our own words: the parser's messages quote the text at fault, which may be a secret. */
const SYNTAX: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) without its anchor (&name); put text that starts with * in quotes',
  BAD_COLLECTION_TYPE: 'a tag that does not fit the value',
  BAD_DIRECTIVE: 'a directive (%) that is not known',
  BAD_DQ_ESCAPE: 'a backslash sequence that is not known; use single quotes',
  BAD_INDENT: 'the indentation is wrong',
  BAD_PROP_ORDER: 'an anchor or a tag in the wrong place',
  BAD_SCALAR_START: 'text that starts with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation is wrong, or text with ": " needs quotes',
  BLOCK_IN_FLOW: 'lines with "-" or "key:" cannot stand inside [ ] or { }',
  DUPLICATE_KEY: 'the same key stands twice in one place',
  IMPOSSIBLE: 'this cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'the key is too long',
  MISSING_CHAR: 'a closing quote or bracket, a comma or a space is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines; is a colon missing?',
  MULTIPLE_ANCHORS: 'two anchors at one value',
  MULTIPLE_DOCS: 'the file holds more than one document (---)',
  MULTIPLE_TAGS: 'two tags at one value',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'the nesting is too deep',
  TAB_AS_INDENT: 'a tab is used as indentation; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (!) that is not known; put text that starts with ! in quotes',
  UNEXPECTED_TOKEN: 'this does not fit here',
};

/**
 * Reads the text as one YAML mapping. Keys stay text as written, so a code such as `0123` keeps its zero.
 * @throws ConfigError with one problem per line at fault
 */
export function parseYaml(text: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { stringKeys: true, prettyErrors: false, lineCounter: lines });
  const faults = [...document.errors, ...document.warnings].map((fault) => ({
    line: lines.linePos(fault.pos[0]).line,
    message: SYNTAX[fault.code],
  }));
  visit(document, {
    Scalar(_key, node) {
      if (losesZeros(node))
        faults.push({ line: lineOf(node, lines), message: 'a number with leading zeros needs quotes' });
    },
  });
  if (faults.length > 0) throw new ConfigError(syntaxProblems(faults, text));
  if (document.contents === null) throw plain('the file is empty');
  const value = plainValue(() => document.toJS());
  if (!isObject(value)) throw plain('the file must hold keys with values, such as "server:"');
  return value;
}

/** A problem with the file as a whole. */
export function plain(message: string): ConfigError {
  return new ConfigError([{ path: '', message }]);
}

function losesZeros(node: Scalar): boolean {
  return typeof node.value === 'number' && /^[-+]?0\d/.test(node.source ?? '');
}

function lineOf(node: Scalar, lines: LineCounter): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}

/** Only the first fault of a line is the cause; the parser's others are its consequences. */
function syntaxProblems(faults: readonly { line: number; message: string }[], text: string): ConfigProblem[] {
  const source = text.split('\n');
  const first = new Map<number, string>();
  for (const { line, message } of faults) if (!first.has(line)) first.set(line, message);
  return [...first].map(([line, message]) => ({
    path: '',
    message: `line ${line}: ${message}${quoteHint(source[line - 1] ?? '')}`,
  }));
}

function quoteHint(line: string): string {
  return line.includes('${') && /[{[]/.test(line) ? `; inside { } and [ ] put "\${…}" in quotes` : '';
}

/** Aliases are resolved only now: an unknown one, or a bomb of them, throws. */
function plainValue(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReferenceError)
      throw plain('an alias (*name) has no anchor (&name), or aliases are nested too deeply');
    throw error;
  }
}
