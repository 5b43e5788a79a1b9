/** What the schemas are put together from. */
import { isObject } from '../../../lib/json';
import type { Part } from '../joiSchema';

export const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });

export const text = (description: string, more: Part = {}): Part => ({
  type: 'string',
  description,
  ...more,
});
export const number = (description: string, more: Part = {}): Part => ({
  type: 'integer',
  description,
  ...more,
});
export const listOf = (items: Part, description: string): Part => ({ type: 'array', items, description });
export const time = (description: string): Part => text(description, { format: 'date-time' });

/** An object in which the members whose names do not end in `?` are always there. */
export function object(description: string, members: Readonly<Record<string, Part>>): Part {
  const names = Object.keys(members);
  return {
    type: 'object',
    description,
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), members[name] ?? {}])),
  };
}

export const enveloped = (description: string, data: Part, meta: Part): Part =>
  object(description, { data, meta });

export function objectOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
