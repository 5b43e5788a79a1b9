/** What two connections can hold, side by side, and what would be lost on the way from one to the other. */
import Joi from 'joi';
import type { VendorConnection } from '../connection/connection';
import { capabilitiesOf, lostOnTheWay } from '../directory/capabilities';
import { Problem } from '../problem';
import type { Runtime } from '../runtime/runtime';
import { type Route, route } from './route';

const query = Joi.object<{ a?: string; b?: string }>({
  a: Joi.string()
    .max(64)
    .description('The connection that a clinic has. Absent: the first of the configuration.'),
  b: Joi.string().max(64).description('The connection that it may move to. Absent: the second one.'),
});

const compare = route({
  method: 'GET',
  path: '/capabilities',
  access: 'viewer',
  summary: 'Two connections side by side, field by field, and what would be lost from `a` to `b`.',
  query,
  work: async ({ parts: { runtime }, query: { a, b } }) => {
    const names = [...runtime.current.connections.keys()];
    const first = named(runtime, a ?? names[0]);
    const second = named(runtime, b ?? names.find((name) => name !== first.name) ?? first.name);
    const [here, there] = [capabilitiesOf(first.adapter), capabilitiesOf(second.adapter)];
    return {
      body: {
        data: {
          a: { name: first.name, title: first.title },
          b: { name: second.name, title: second.title },
          connections: names,
          fields: here.map((field) => ({
            pointer: field.pointer,
            a: withoutPointer(field),
            b: withoutPointer(there.find(({ pointer }) => pointer === field.pointer)),
          })),
          lost: lostOnTheWay(first, second),
        },
      },
    };
  },
});

function withoutPointer(capability: ReturnType<typeof capabilitiesOf>[number] | undefined) {
  const { pointer: _, ...rest } = capability ?? { pointer: '', read: false, write: false, clear: false };
  return rest;
}

function named({ current }: Runtime, name: string | undefined): VendorConnection {
  const connection = name === undefined ? undefined : current.connections.get(name);
  if (connection === undefined) {
    throw new Problem('not_found', 'The configuration has no connection of that name.');
  }
  return connection;
}

export const CAPABILITY_ROUTES: readonly Route[] = [compare];
