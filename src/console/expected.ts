/** What is expected of a body that is not right, in words; the library's own texts may quote what was sent. */
import type { Context, ValidationErrorItem } from 'joi';
import { isObject, pointerToken } from '../lib/json';
import type { FieldError } from '../problem';

interface Complaint {
  code: string;
  detail: (context: Context) => string;
}

const COMPLAINTS: Readonly<Record<string, Complaint>> = {
  'any.required': { code: 'required', detail: () => 'This member is missing.' },
  'any.only': {
    code: 'invalid_value',
    detail: ({ valids }) => `One of these is expected: ${Array.isArray(valids) ? valids.join(', ') : ''}.`,
  },
  'object.unknown': { code: 'unknown_field', detail: () => 'There is no such member here.' },
  'object.base': { code: 'invalid_format', detail: () => 'An object is expected.' },
  'array.base': { code: 'invalid_format', detail: () => 'A list is expected.' },
  'array.min': { code: 'too_short', detail: ({ limit }) => `At least ${counted(limit, 'item')} expected.` },
  'array.max': { code: 'too_long', detail: ({ limit }) => `At most ${counted(limit, 'item')} expected.` },
  'array.unique': { code: 'invalid_value', detail: () => 'This is in the list twice.' },
  'string.base': { code: 'invalid_format', detail: () => 'A text is expected.' },
  'string.empty': { code: 'too_short', detail: () => 'A text that is not empty is expected.' },
  'string.max': {
    code: 'too_long',
    detail: ({ limit }) => `At most ${counted(limit, 'character')} expected.`,
  },
  'string.pattern.name': { code: 'invalid_format', detail: ({ name }) => `Expected is ${name}.` },
  'boolean.base': { code: 'invalid_format', detail: () => 'Either true or false is expected.' },
};

const OTHER: Complaint = {
  code: 'invalid_format',
  detail: () => 'This is not what /console/api/openapi.json says for here.',
};

export function complaintOf({ path, type, context }: ValidationErrorItem): FieldError {
  const { code, detail } = COMPLAINTS[type] ?? OTHER;
  return {
    pointer: path.map((step) => `/${pointerToken(step)}`).join(''),
    code,
    detail: detail(context ?? {}),
  };
}

function counted(limit: unknown, noun: string): string {
  return limit === 1 ? `1 ${noun} is` : `${String(limit)} ${noun}s are`;
}

/** Members that a parsed body has of its own and that would pass for a prototype. No body of the console is deep. */
export function prototypesIn(body: unknown, pointer = ''): FieldError[] {
  if (Array.isArray(body)) return body.flatMap((item, index) => prototypesIn(item, `${pointer}/${index}`));
  if (!isObject(body)) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    const at = `${pointer}/${pointerToken(name)}`;
    if (name !== '__proto__') return prototypesIn(value, at);
    return [{ pointer: at, code: 'unknown_field', detail: 'There is no such member here.' }];
  });
}
