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

/**
 * A statement over any number of rows of ours, at least one. Its texts are built here, not by Kysely for each transaction.
 * PostgreSQL takes all rows as one JSON parameter. SQLite takes them as bound values, which costs it less than taking them out
 * of JSON; each number of rows has a text of its own, which stays prepared.
 * @param statement its text, around a query that gives the rows and may occur in it once
 */
export function overRows<Column extends string, Result = unknown>(
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  statement: (rows: string, engine: Engine) => string,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => Promise<Ran<Result>> {
  const names = Object.keys(columns).filter((name): name is Column => name in columns);
  const typed = names.map((name) => `${name} ${columns[name]}`);
  const ofJson = statement(`select * from json_to_recordset($1::json) as given (${typed})`, 'postgres');
  const places = `(${names.map(() => '?')})`;
  const ofValues: string[] = [];
  const textFor = (count: number) => {
    ofValues[count] ??= statement(`values ${Array.from({ length: count }, () => places)}`, 'sqlite');
    return ofValues[count];
  };

  return async (transaction, engine, rows) => {
    // What a row of the result is, only the statement knows.
    const query = (
      engine === 'postgres'
        ? CompiledQuery.raw(ofJson, [JSON.stringify(rows)])
        : CompiledQuery.raw(textFor(rows.length), valuesOf(rows, names))
    ) as CompiledQuery<Result>;
    const result = await transaction.executeQuery(query);
    return { rows: result.rows, affected: Number(result.numAffectedRows ?? 0n) };
  };
}

/** Row by row, in a loop: this is most of what one of our own statements costs besides SQLite. */
function valuesOf<Column extends string>(rows: Rows<Column>, names: readonly Column[]): StoredValue[] {
  const values: StoredValue[] = [];
  for (const row of rows) for (const name of names) values.push(row[name]);
  return values;
}
