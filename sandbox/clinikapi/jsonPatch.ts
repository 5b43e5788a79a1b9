import { isDeepStrictEqual } from 'node:util';

/** A patch that cannot be applied; the message names the operation and never a value. */
export class PatchError extends Error {}

/**
 * Applies the operations of an RFC 6902 document to a copy of `document`, all or none.
 *
 * @throws PatchError if an operation is malformed, has no target, or is a test that fails
 */
export function applyJsonPatch(document: object, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new PatchError('body: Expected array');
  const root: { document: unknown } = { document: structuredClone(document) };
  operations.forEach((operation: unknown, index) => {
    try {
      applyOne(root, Object(operation));
    } catch (error) {
      throw new PatchError(`${index}: ${error instanceof Error ? error.message : 'Invalid operation'}`);
    }
  });
  return root.document;
}

interface Operation {
  op?: unknown;
  path?: unknown;
  from?: unknown;
  value?: unknown;
}

function applyOne(root: { document: unknown }, operation: Operation): void {
  const path = tokensOf(operation.path);
  switch (operation.op) {
    case 'add':
      put(root, path, given(operation), true);
      break;
    case 'replace':
      read(root, path);
      put(root, path, given(operation), false);
      break;
    case 'remove':
      remove(root, path);
      break;
    case 'copy':
      put(root, path, structuredClone(read(root, tokensOf(operation.from))), true);
      break;
    case 'move': {
      const moved = read(root, tokensOf(operation.from));
      remove(root, tokensOf(operation.from));
      put(root, path, moved, true);
      break;
    }
    case 'test':
      if (!isDeepStrictEqual(read(root, path), given(operation))) throw new PatchError('Test failed');
      break;
    default:
      throw new PatchError('Invalid operation');
  }
}

function given(operation: Operation): unknown {
  if (!('value' in operation)) throw new PatchError('value: Required');
  return operation.value;
}

/** The steps from the holder of the document to the place of a JSON Pointer. */
function tokensOf(pointer: unknown): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) {
    throw new PatchError('path: Invalid pointer');
  }
  const steps = pointer.split('/').slice(1);
  return ['document', ...steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))];
}

function read(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((holder, step) => {
    if (!isHolder(holder) || !Object.hasOwn(holder, step)) throw new PatchError('path: No such member');
    return new Map(Object.entries(holder)).get(step);
  }, root);
}

function put(root: unknown, path: readonly string[], value: unknown, insert: boolean): void {
  const { holder, last } = placeOf(root, path);
  if (!Array.isArray(holder)) {
    Object.assign(holder, { [last]: value });
    return;
  }
  const index = last === '-' ? holder.length : indexOf(last, holder.length);
  holder.splice(index, insert ? 0 : 1, value);
}

function remove(root: unknown, path: readonly string[]): void {
  read(root, path);
  const { holder, last } = placeOf(root, path);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else Reflect.deleteProperty(holder, last);
}

function placeOf(root: unknown, path: readonly string[]): { holder: object; last: string } {
  const holder = read(root, path.slice(0, -1));
  const last = path.at(-1);
  if (!isHolder(holder) || last === undefined) throw new PatchError('path: No such member');
  return { holder, last };
}

function indexOf(step: string, length: number): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : Number.NaN;
  if (Number.isNaN(index) || index > length) throw new PatchError('path: No such member');
  return index;
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
