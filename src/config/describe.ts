import { isObject, member } from '../lib/json';

/** A joi description, read as unknown data: joi types it as `any`. */
export type Description = Readonly<Record<string, unknown>>;

/** The parts of a description one level deeper, with the key or placeholder that leads there. */
export function childrenOf(description: Description): { key: string; child: Description; open: boolean }[] {
  const fixed = Object.entries(objectOf(description.keys)).flatMap(([key, child]) =>
    isObject(child) ? [{ key, child, open: false }] : [],
  );
  const open = [...rules(description.patterns), ...listOf(description.items)].map((child) => ({
    key: description.type === 'array' ? '[]' : placeholder(description),
    child,
    open: true,
  }));
  return [...fixed, ...open, ...formsOf(description).flatMap(childrenOf)];
}

/** The alternatives of a description: each form that a value may take. */
export function formsOf(description: Description): Description[] {
  return listOf(description.matches).flatMap((match) => (isObject(match.schema) ? [match.schema] : []));
}

/** The named keys that an object so described may have. */
export function keysOf(description: Description): string[] {
  return childrenOf(description).flatMap(({ key, open }) => (open ? [] : [key]));
}

/** The description at a path, if there is one. */
export function descriptionAt(
  description: Description,
  path: readonly (string | number)[],
): Description | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return description;
  const children = childrenOf(description);
  const next = children.find(({ key, open }) => !open && key === step) ?? children.find(({ open }) => open);
  return next === undefined ? undefined : descriptionAt(next.child, rest);
}

/** A flag of a description (`default`, `presence`, `description`). */
export function flagOf(description: Description, flag: string): unknown {
  return member(description.flags, flag);
}

/** A member of a description's meta objects. */
export function metaOf(description: Description, key: string): unknown {
  return listOf(description.metas)
    .map((meta) => member(meta, key))
    .find((value) => value !== undefined);
}

/** The items of a list that are objects. */
export function listOf(value: unknown): Description[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function objectOf(value: unknown): Description {
  return isObject(value) ? value : {};
}

function rules(patterns: unknown): Description[] {
  return listOf(patterns).flatMap(({ rule }) => (isObject(rule) ? [rule] : []));
}

function placeholder(description: Description): string {
  const name = metaOf(description, 'child');
  return typeof name === 'string' ? name : '<key>';
}
