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
 * A statement over any number of rows of ours. Its texts are built here, not by Kysely for each transaction. PostgreSQL
 * takes all rows as one JSON parameter, because each statement is a way to the server and back; SQLite runs the statement for
 * each row, which costs it less than taking the rows out of JSON.
 * @param statement its text, around a query that gives the rows and may stand in it once
 */
export function overRows<Column extends string, Result = unknown>(
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  statement: (rows: string, engine: Engine) => string,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => Promise<Ran<Result>> {
  const names = Object.keys(columns).filter((name): name is Column => name in columns);
  const typed = names.map((name) => `${name} ${columns[name]}`);
  const ofJson = statement(`select * from json_to_recordset($1::json) as given (${typed})`, 'postgres');
  const ofRow = statement(`values (${names.map(() => '?')})`, 'sqlite');

  return async (transaction, engine, rows) => {
    const found: Result[] = [];
    let affected = 0;
    const run = async (sql: string, parameters: unknown[]) => {
      // What a row is, only the statement knows.
      const query = CompiledQuery.raw(sql, parameters) as CompiledQuery<Result>;
      const result = await transaction.executeQuery(query);
      found.push(...result.rows);
      affected += Number(result.numAffectedRows ?? 0n);
    };
    if (engine === 'postgres') await run(ofJson, [JSON.stringify(rows)]);
    else
      for (const row of rows)
        await run(
          ofRow,
          names.map((name) => row[name]),
        );
    return { rows: found, affected };
  };
}
