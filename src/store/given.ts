import { type RawBuilder, sql } from 'kysely';
import type { Engine } from './engine';

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
  if (engine === 'sqlite') {
    // By position: a third less work for SQLite than by name.
    const names = Object.keys(columns).filter((name): name is Column => name in columns);
    const json = JSON.stringify(rows.map((row) => names.map((name) => row[name])));
    const list = names.map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.id(name)}`);
    return sql`(select ${sql.join(list)} from json_each(${json})) as given`;
  }
  const json = JSON.stringify(rows);
  const list = types.map(([name, type]) => sql`${sql.id(name)} ${sql.raw(String(type))}`);
  return sql`json_to_recordset(${json}::json) as given (${sql.join(list)})`;
}
