import { isDeepStrictEqual } from 'node:util';
import type { Request } from 'express';
import type { Table } from '../table';
import { asDateValue, asIntegerColumn, WriteError } from './columns';

/** Column values by name, in the order in which the answer shows them. */
export type Values = Map<string, unknown>;

/** A table as Sequelize knows it. */
export interface Model {
  /** Every column that a body may write. */
  columns: readonly string[];
  dates?: readonly string[];
  defaults?: Readonly<Record<string, unknown>>;
}

const STAMPS = ['createdAt', 'updatedAt'];

/**
 * The members of the body that are columns of the model, dates made of what was sent; other keys are not written. Only
 * a new record may bring its own id and stamps.
 */
export function sentValues(
  request: Request,
  { columns, dates = [] }: Model,
  more: readonly string[] = [],
): Values {
  const body: unknown = request.body;
  const members = Object.entries(typeof body === 'object' && body !== null ? body : {});
  return new Map(
    members
      .filter(([name]) => columns.includes(name) || more.includes(name))
      // An empty stamp is set as if it had not been sent.
      .filter(([name, value]) => !STAMPS.includes(name) || Boolean(value))
      .map(([name, value]) => [
        name,
        dates.includes(name) || STAMPS.includes(name) ? asDateValue(value) : value,
      ]),
  );
}

/** The id and the values of a record that is put into `table`. @throws WriteError if the id cannot be used */
export function valuesFor<Row extends { id: number }>(
  request: Request,
  model: Model,
  table: Table<number, Row>,
  now: number,
): { id: number; values: Values } {
  const sent = sentValues(request, model, ['id', ...STAMPS]);
  const wanted = sent.get('id') ?? undefined;
  const id = wanted === undefined ? table.nextNumber() : asIntegerColumn(wanted);
  if (typeof id !== 'number' || !Number.isInteger(id) || Math.abs(id) >= 2 ** 63) {
    throw new WriteError('datatype mismatch');
  }
  if (table.get(id)) throw new WriteError('the id is taken', { taken: true });
  return { id, values: newValues(sent, model, id, now) };
}

/** A new record as the vendor answers it: defaults first, then what was sent in its order, stamps last. */
export function newValues(sent: Values, model: Model, id: number, now: number): Values {
  const defaults = Object.entries({ ...model.defaults, id }).filter(([name]) => !sent.has(name));
  const stamp = new Date(now).toISOString();
  const values: Values = new Map([...defaults, ...sent, ['updatedAt', stamp]]);
  if (!values.get('id')) values.set('id', id);
  if (!sent.has('createdAt')) values.set('createdAt', stamp);
  return values;
}

/** What an update changes: values equal in value and type are no change. */
export function changedValues(request: Request, row: object, model: Model): Values {
  const held = new Map<string, unknown>(Object.entries(row));
  return new Map([...sentValues(request, model)].filter(([name, value]) => isChange(held.get(name), value)));
}

function isChange(held: unknown, value: unknown): boolean {
  if (!(value instanceof Date)) return !isDeepStrictEqual(held, value);
  // An unreadable date equals nothing, not even itself.
  return Number.isNaN(value.getTime()) || value.toISOString() !== held;
}
