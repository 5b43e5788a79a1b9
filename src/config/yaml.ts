import { type Document, type ErrorCode, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { isObject } from '../lib/json';
import { ConfigError, type ConfigProblem } from './problem';

/** Our own words: the parser's messages quote the text at fault, which may be a secret. */
const SYNTAX: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) without its anchor (&name); put text that starts with * in quotes',
  BAD_COLLECTION_TYPE: 'a tag that does not fit the value',
  BAD_DIRECTIVE: 'a directive (%) that is not known',
  BAD_DQ_ESCAPE: 'a backslash sequence that is not known; use single quotes',
  BAD_INDENT: 'the indentation is wrong, or a bracket or a quote further up is not closed',
  BAD_PROP_ORDER: 'an anchor or a tag in the wrong place',
  BAD_SCALAR_START: 'text that starts with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'the indentation is wrong, or text with ": " needs quotes',
  BLOCK_IN_FLOW: 'lines with "-" or "key:" cannot be inside [ ] or { }',
  DUPLICATE_KEY: 'the same key occurs twice in one place',
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

/** What is wrong at a place of the text, an offset. */
interface Fault {
  at: number;
  message: string;
}

/**
 * Reads the text as one YAML mapping. Keys stay text as written, so a code such as `0123` keeps its zero.
 * @throws ConfigError with one problem per line at fault
 */
export function parseYaml(text: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { stringKeys: true, prettyErrors: false, lineCounter: lines });
  const faults: Fault[] = [...document.errors, ...document.warnings].map((fault) => ({
    at: fault.pos[0],
    message: SYNTAX[fault.code],
  }));
  faults.push(...faultsOfNodes(document));
  if (faults.length > 0) throw new ConfigError(syntaxProblems(faults, text, lines));
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

/** What the parser lets pass. Nodes come in the order of the text, so an anchor is known before its aliases. */
function faultsOfNodes(document: Document): Fault[] {
  const faults: Fault[] = [];
  const anchors = new Set<string>();
  const remember = ({ anchor }: { anchor?: string }) => void (anchor !== undefined && anchors.add(anchor));
  visit(document, {
    Collection: (_key, node) => remember(node),
    Scalar(_key, node) {
      remember(node);
      if (losesZeros(node))
        faults.push({ at: node.range?.[0] ?? 0, message: 'a number with leading zeros needs quotes' });
    },
    Alias(_key, node) {
      if (!anchors.has(node.source)) faults.push({ at: node.range?.[0] ?? 0, message: SYNTAX.BAD_ALIAS });
    },
  });
  return faults;
}

/** Only the first fault of a line is the cause; the parser's others are its consequences. */
function syntaxProblems(faults: readonly Fault[], text: string, lines: LineCounter): ConfigProblem[] {
  const source = text.split('\n');
  const first = new Map<number, ConfigProblem>();
  for (const { at, message } of faults) {
    const { line, col } = lines.linePos(at);
    const hint = quoteHint(source[line - 1] ?? '');
    if (!first.has(line))
      first.set(line, { path: '', message: `line ${line}, column ${col}: ${message}${hint}` });
  }
  return [...first.values()];
}

function quoteHint(line: string): string {
  return line.includes('${') && /[{[]/.test(line) ? `; inside { } and [ ] put "\${…}" in quotes` : '';
}

/** Aliases are resolved only now: a bomb of them throws. */
function plainValue(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReferenceError)
      throw plain('an alias (*name) is used too often, or inside of too many others');
    throw error;
  }
}
