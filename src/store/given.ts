import { CompiledQuery, type QueryResult, type Transaction } from 'kysely';
import type { Engine, StoredValue } from './engine';
import type { Schema } from './schema';
import { type Run, together } from './sqlite';

type Rows<Column extends string> = readonly Readonly<Record<Column, StoredValue>>[];

interface Ran<Result> {
  /** What the statement gives, in any order. */
  rows: readonly Result[];
  /** How many rows it has written. */
  affected: number;
}

/**
 * Over how many rows at once SQLite runs a statement, each number being a text of its own that stays prepared. A run
 * over many rows costs less than many runs over one.
 */
const AT_ONCE = [32, 16, 8, 4, 2, 1] as const;

/**
 * A statement over any number of rows of ours. Its texts are built here, not by Kysely for each transaction. PostgreSQL
 * takes the rows as one JSON parameter; on SQLite their values are bound, which costs less than taking them out of JSON,
 * and the statement is run over part of them after part.
 * @param statement its text, around a query that gives the rows and may stand in it once
 */
export function overRows<Column extends string, Result = unknown>(
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  statement: (rows: string, engine: Engine) => string,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => Promise<Ran<Result>> {
  const names = Object.keys(columns).filter((name): name is Column => name in columns);
  const typed = names.map((name) => `${name} ${columns[name]}`);
  const ofJson = statement(`select * from json_to_recordset($1::json) as given (${typed})`, 'postgres');
  const places = `(${names.map(() => '?')})`;
  const ofValues = AT_ONCE.map((size) => ({
    size,
    sql: statement(`values ${Array.from({ length: size }, () => places)}`, 'sqlite'),
  }));

  /** In a loop: `flatMap` takes half as long as the statement that follows. */
  const valuesOf = (rows: Rows<Column>) => {
    const values: unknown[] = [];
    for (const row of rows) for (const name of names) values.push(row[name]);
    return values;
  };
  const runsOver = (rows: Rows<Column>) => {
    const runs: Run[] = [];
    let from = 0;
    for (const { size, sql } of ofValues) {
      for (; from + size <= rows.length; from += size) {
        runs.push({ sql, parameters: valuesOf(rows.slice(from, from + size)) });
      }
    }
    return runs;
  };

  return async (transaction, engine, rows) => {
    let results: readonly QueryResult<Result>[];
    if (engine === 'postgres') {
      // What a row is, only the statement knows.
      const query = CompiledQuery.raw(ofJson, [JSON.stringify(rows)]) as CompiledQuery<Result>;
      results = [await transaction.executeQuery(query)];
    } else {
      results = (await transaction.executeQuery(together<Result>(runsOver(rows)))).rows;
    }
    return {
      rows: results.flatMap((result) => result.rows),
      affected: results.reduce((sum, { numAffectedRows }) => sum + Number(numAffectedRows ?? 0n), 0),
    };
  };
}
