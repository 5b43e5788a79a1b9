import { CompiledQuery, type Transaction } from 'kysely';
import type { Engine, StoredValue } from './engine';
import type { Schema } from './schema';

type Rows<Column extends string> = readonly Readonly<Record<Column, StoredValue>>[];

interface Ran<Result> {
  /** What the statement gives, in any order. */
  rows: readonly Result[];
  /** How many rows it has written. */
  affected: number;
}

/** A statement over rows of ours. */
export interface OverRows<Column extends string, Result> {
  (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>): Promise<Ran<Result>>;
  /** Its text for PostgreSQL, with its rows in the parameter at this place, from 1. */
  readonly textAt: (place: number) => string;
}

/** One of several statements that go together. */
export interface Part {
  /** At least one. */
  rows: Rows<string>;
  textAt: (place: number) => string;
  alone: (transaction: Transaction<Schema>, engine: Engine) => Promise<unknown>;
}

export function part<Column extends string>(statement: OverRows<Column, unknown>, rows: Rows<Column>): Part {
  const alone: Part['alone'] = (transaction, engine) => statement(transaction, engine, rows);
  return { rows, textAt: statement.textAt, alone };
}

/**
 * Statements on different tables, whose results nobody needs. On PostgreSQL they are one: there and back once, which counts where
 * others wait for the transaction's locks.
 */
export async function together(
  transaction: Transaction<Schema>,
  engine: Engine,
  parts: readonly Part[],
): Promise<void> {
  if (engine === 'sqlite') {
    for (const { alone } of parts) await alone(transaction, engine);
    return;
  }
  const texts = parts.map(({ textAt }, index) => `part_${index} as (${textAt(index + 1)})`);
  const values = parts.map(({ rows }) => JSON.stringify(rows));
  await transaction.executeQuery(CompiledQuery.raw(`with ${texts} select 1`, values));
}

/**
 * A statement over any number of rows of ours, at least one. Its texts are built here, not by Kysely for each transaction.
 * PostgreSQL takes all rows as one JSON parameter. SQLite takes them as bound values, which costs it less than taking them out
 * of JSON; each number of rows has a text of its own, which stays prepared.
 * @param statement its text, around a query that gives the rows and may occur in it once
 */
export function overRows<Column extends string, Result = unknown>(
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  statement: (rows: string, engine: Engine) => string,
): OverRows<Column, Result> {
  const names = Object.keys(columns).filter((name): name is Column => name in columns);
  const typed = names.map((name) => `${name} ${columns[name]}`);
  const textAt = (place: number) =>
    statement(`select * from json_to_recordset($${place}::json) as given (${typed})`, 'postgres');
  const ofJson = textAt(1);
  const places = `(${names.map(() => '?')})`;
  const ofValues: string[] = [];
  const textFor = (count: number) => {
    ofValues[count] ??= statement(`values ${Array.from({ length: count }, () => places)}`, 'sqlite');
    return ofValues[count];
  };

  const run = async (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => {
    // What a row of the result is, only the statement knows.
    const query = (
      engine === 'postgres'
        ? CompiledQuery.raw(ofJson, [JSON.stringify(rows)])
        : CompiledQuery.raw(textFor(rows.length), valuesOf(rows, names))
    ) as CompiledQuery<Result>;
    const result = await transaction.executeQuery(query);
    return { rows: result.rows, affected: Number(result.numAffectedRows ?? 0n) };
  };
  return Object.assign(run, { textAt });
}

/** Row by row, in a loop: this is most of what one of our own statements costs besides SQLite. */
function valuesOf<Column extends string>(rows: Rows<Column>, names: readonly Column[]): StoredValue[] {
  const values: StoredValue[] = [];
  for (const row of rows) for (const name of names) values.push(row[name]);
  return values;
}
