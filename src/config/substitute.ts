import { isAbsolute } from 'node:path';
import { isObject, member } from '../lib/json';
import { type ConfigProblem, type Path, pathKey, pathText } from './problem';
import { encodedParts, encodePart } from './urlText';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sources {
  env: Environment;
  /** Reads the text of a `${file:…}`. */
  readFile(path: string): Promise<string>;
}

/** Where the text of a scalar came from. */
interface Origin {
  /** Variables and files by name, for messages. */
  names: readonly string[];
  /** The scalar is one substitution and nothing else, so numeric text may be a number. */
  whole: boolean;
}

export interface Substituted {
  tree: Record<string, unknown>;
  problems: ConfigProblem[];
  /** Paths (by `pathKey`) that hold substituted text. */
  origins: Map<string, Origin>;
  /** Paths (by `pathKey`) that could not be filled; they still hold the text as written. */
  unfilled: Set<string>;
  /** The texts of all secret files. */
  fileTexts: Set<string>;
}

/** A text that an environment variable puts in the place of one in the file. */
export class OverridingText {
  readonly variable: string;
  readonly text: string;

  constructor(variable: string, text: string) {
    this.variable = variable;
    this.text = text;
  }
}

/** `$${` is a literal `${`. The rest is one reference, or an opening that is never closed. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)(\}?)/g;
const MALFORMED = `has a malformed \${…}: write \${NAME}, \${NAME:-default} or \${file:/path}; a literal \${ is written $\${`;
const VARIABLE = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

/**
 * Fills `${NAME}`, `${NAME:-default}` and `${file:/path}` in every text of an already parsed document. What is filled in is
 * never looked at again, so a value can change neither the structure nor refer to another one. Inside a URL it is percent-encoded
 * if it is part of the user, the password or a query value.
 */
export async function substitute(document: Record<string, unknown>, sources: Sources): Promise<Substituted> {
  const state: Substituted = {
    tree: {},
    problems: [],
    origins: new Map(),
    unfilled: new Set(),
    fileTexts: new Set(),
  };
  state.tree = await fillObject(document, { path: [], ancestors: [], state, sources });
  return state;
}

interface Place {
  path: Path;
  /** The objects around this one; an alias can make YAML contain itself. */
  ancestors: readonly unknown[];
  state: Substituted;
  sources: Sources;
  /** The variable that the text is from, for messages. */
  variable?: string;
}

async function fill(value: unknown, place: Place): Promise<unknown> {
  if (typeof value === 'string') return fillText(value, place);
  if (value instanceof OverridingText) return fillOverride(value, place);
  if (place.ancestors.includes(value)) return report('contains itself through an alias', null, place);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await fill(item, below(place, index, value)));
    return items;
  }
  return isObject(value) ? fillObject(value, place) : value;
}

async function fillObject(value: Record<string, unknown>, place: Place): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const inner = below(place, key, value);
    // joi copies objects by assignment, where this key would replace the prototype and vanish unseen.
    if (key === '__proto__') report('is not a usable name', undefined, inner);
    else entries.push([key, await fill(item, inner)]);
  }
  return Object.fromEntries(entries);
}

function below(place: Place, key: string | number, parent: unknown): Place {
  return { ...place, path: [...place.path, key], ancestors: [...place.ancestors, parent] };
}

function report<Value>(message: string, instead: Value, { path, state, variable }: Place): Value {
  const from = variable === undefined ? '' : ` (from ${variable})`;
  state.problems.push({ path: pathText(path), message: message + from });
  state.unfilled.add(pathKey(path));
  return instead;
}

async function fillOverride({ variable, text }: OverridingText, place: Place): Promise<string> {
  const filled = await fillText(text, { ...place, variable });
  const { origins } = place.state;
  const key = pathKey(place.path);
  origins.set(key, { names: [variable, ...(origins.get(key)?.names ?? [])], whole: true });
  return filled;
}

async function fillText(text: string, place: Place): Promise<string> {
  const matches = [...text.matchAll(REFERENCE)];
  const names: string[] = [];
  const encode = encoderFor(text, matches);
  let filled = '';
  let end = 0;
  let failed = false;
  for (const match of matches) {
    filled += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[1] === undefined) {
      filled += '${';
      continue;
    }
    const result = await resolve(match[1], match[2] === '}', place);
    if ('problem' in result) {
      report(result.problem, undefined, place);
      failed = true;
    } else {
      filled += encode(result.text, match.index, end);
      names.push(result.name);
    }
  }
  if (failed) return text;
  const whole = names.length === 1 && /^\$\{[^{}]*\}$/.test(text);
  if (names.length > 0) place.state.origins.set(pathKey(place.path), { names, whole });
  return filled + text.slice(end);
}

/** Encodes what is filled in from `start` to `end`, if that is in such a part of a URL. */
function encoderFor(text: string, references: readonly RegExpExecArray[]) {
  const plain = references.reduce(
    (masked, { 0: { length }, index }) =>
      masked.slice(0, index) + 'x'.repeat(length) + masked.slice(index + length),
    text,
  );
  const parts = encodedParts(plain);
  return (value: string, start: number, end: number): string => {
    const index = parts.findIndex((part) => part.start <= start && end <= part.end);
    const part = parts[index];
    if (part === undefined) return value;
    const isWholeUser = plain[part.end] === '@' && part.start === start && part.end === end;
    return encodePart(value, isWholeUser);
  };
}

type Resolved = { text: string; name: string } | { problem: string };

async function resolve(reference: string, closed: boolean, place: Place): Promise<Resolved> {
  if (closed && reference.startsWith('file:')) return fromFile(reference.slice('file:'.length), place);
  const variable = closed ? VARIABLE.exec(reference) : null;
  if (variable === null) {
    return { problem: MALFORMED };
  }
  return fromEnvironment(variable[1] ?? '', variable[2], place.sources.env);
}

/** As in a shell: a default also replaces a variable that is set to nothing. */
function fromEnvironment(name: string, fallback: string | undefined, env: Environment): Resolved {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined && (value === undefined || value === '')) return { text: fallback, name };
  return value === undefined ? { problem: `environment variable ${name} is not set` } : { text: value, name };
}

async function fromFile(path: string, { state, sources }: Place): Promise<Resolved> {
  if (!isAbsolute(path)) return { problem: `the path after file: must be absolute` };
  try {
    const text = (await sources.readFile(path)).replace(/\r?\n$/, '');
    if (text !== '') state.fileTexts.add(text);
    return { text, name: path };
  } catch (error) {
    return { problem: `cannot read ${path}: ${errorCode(error)}` };
  }
}

/** The system's code for a failed file operation (`ENOENT`). */
export function errorCode(error: unknown): string {
  const code = member(error, 'code');
  return typeof code === 'string' ? code : 'unknown error';
}
