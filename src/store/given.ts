import { CompiledQuery, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Engine } from './engine';
import type { Schema } from './schema';
import { ForEach } from './sqlite';

/**
 * Rows of ours as a table named `given`, through one parameter: the statement's text, and so its preparation, is the
 * same for any number of rows.
 */
export function given<Column extends string>(
  engine: Engine,
  columns: Readonly<Record<Column, 'text' | 'bigint'>>,
  rows: readonly Readonly<Record<Column, string | number | null>>[],
): RawBuilder<unknown> {
  const types = Object.entries(columns);
  const json = jsonOf(engine, columns, rows);
  if (engine === 'sqlite') {
    const names = Object.keys(columns);
    const list = names.map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.id(name)}`);
    return sql`(select ${sql.join(list)} from json_each(${json})) as given`;
  }
  const list = types.map(([name, type]) => sql`${sql.id(name)} ${sql.raw(String(type))}`);
  return sql`json_to_recordset(${json}::json) as given (${sql.join(list)})`;
}

type Columns<Column extends string> = Readonly<Record<Column, 'text' | 'bigint'>>;
type Rows<Column extends string> = readonly Readonly<Record<Column, string | number | null>>[];

function jsonOf<Column extends string>(engine: Engine, columns: Columns<Column>, rows: Rows<Column>): string {
  if (engine === 'postgres') return JSON.stringify(rows);
  // By position: a third less work for SQLite than by name.
  const names = columnsOf(columns);
  return JSON.stringify(rows.map((row) => names.map((name) => row[name])));
}

function columnsOf<Column extends string>(columns: Columns<Column>): Column[] {
  return Object.keys(columns).filter((name): name is Column => name in columns);
}

/** What a statement over rows is made of: on PostgreSQL all rows at once, on SQLite one row after the other. */
interface OverRows<Result> {
  /** @param given the rows as a table of that name */
  postgres: (given: RawBuilder<unknown>) => RawBuilder<Result>;
  /** Once for each row, whose values stand in it in the order of the columns: each as `?`. */
  sqlite: string;
}

/** A statement over rows of ours and nothing else. Its text is built once, not by Kysely for each transaction. */
export function overRows<Column extends string, Result = unknown>(
  columns: Columns<Column>,
  { postgres, sqlite }: OverRows<Result>,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => Promise<readonly Result[]> {
  const names = columnsOf(columns);
  let text: string | undefined;
  const queryOver = (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => {
    if (engine === 'sqlite') {
      return CompiledQuery.raw(sqlite, [new ForEach(rows.map((row) => names.map((name) => row[name])))]);
    }
    text ??= textOf(postgres(given(engine, columns, [])).compile(transaction));
    return CompiledQuery.raw(text, [JSON.stringify(rows)]);
  };
  return async (transaction, engine, rows) => {
    // What a row is, only the statement knows.
    const query = queryOver(transaction, engine, rows) as CompiledQuery<Result>;
    return (await transaction.executeQuery(query)).rows;
  };
}

/**
 * A statement over rows that have an `id`, which may leave some of them out.
 * @param statements on PostgreSQL with `returning id`
 * @returns the ids of those that were not left out
 */
export function affectedOf<Column extends string>(
  columns: Columns<Column | 'id'>,
  statements: OverRows<{ id: string }>,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column | 'id'>) => Promise<string[]> {
  const run = overRows<Column | 'id', { id: string } | { changes: number }>(columns, statements);
  return async (transaction, engine, rows) => {
    const results = await run(transaction, engine, rows);
    return results.flatMap((result, index) => {
      if ('id' in result) return [result.id];
      return result.changes > 0 ? [String(rows[index]?.id)] : [];
    });
  };
}

function textOf({ sql: text, parameters }: CompiledQuery): string {
  if (parameters.length !== 1) throw new TypeError('the rows are the only parameter');
  return text;
}

/** `insert` of whole rows into a table. */
export function insertedRows<Column extends string>(table: string, columns: Columns<Column>) {
  const names = columnsOf(columns);
  return overRows(columns, {
    postgres: (rows) =>
      sql`insert into ${sql.id(table)} (${namesOf(columns)}) select ${namesOf(columns)} from ${rows}`,
    sqlite: `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`,
  });
}

/** The columns of a table, in the order of their list. */
function namesOf(columns: Columns<string>): RawBuilder<unknown> {
  return sql.join(Object.keys(columns).map((name) => sql.id(name)));
}
