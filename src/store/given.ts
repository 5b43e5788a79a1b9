import { CompiledQuery, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Engine } from './engine';
import type { Schema } from './schema';

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
  const names = Object.keys(columns).filter((name): name is Column => name in columns);
  return JSON.stringify(rows.map((row) => names.map((name) => row[name])));
}

/** A statement over rows of ours and nothing else. Kysely builds its text once for each engine, not for each transaction. */
export function overRows<Column extends string, Result = unknown>(
  columns: Columns<Column>,
  statement: (rows: RawBuilder<unknown>, engine: Engine) => RawBuilder<Result>,
): (transaction: Transaction<Schema>, engine: Engine, rows: Rows<Column>) => Promise<readonly Result[]> {
  const texts = new Map<Engine, string>();
  return async (transaction, engine, rows) => {
    let text = texts.get(engine);
    if (text === undefined) {
      const compiled = statement(given(engine, columns, []), engine).compile(transaction);
      if (compiled.parameters.length !== 1) throw new TypeError('the rows are the only parameter');
      text = compiled.sql;
      texts.set(engine, text);
    }
    // What a row is, only the statement knows.
    const query = CompiledQuery.raw(text, [jsonOf(engine, columns, rows)]);
    return (await transaction.executeQuery(query as CompiledQuery<Result>)).rows;
  };
}

/** The columns of a table, in the order of their list. */
export function namesOf(columns: Columns<string>): RawBuilder<unknown> {
  return sql.join(Object.keys(columns).map((name) => sql.id(name)));
}
