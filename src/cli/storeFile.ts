import { existsSync } from 'node:fs';

/** The file of a `sqlite:` URL; undefined for another engine. */
export function sqliteFile(databaseUrl: string): string | undefined {
  return databaseUrl.startsWith('sqlite:')
    ? databaseUrl.slice('sqlite:'.length).replace(/^\/\//, '')
    : undefined;
}

/** What to do about a file that does not exist. */
export function noDatabase(file: string): string {
  return `there is no database ${file}. The first start of the gateway makes it, and so does links import; or does store.url mean another file?`;
}

/** The file that a `sqlite:` URL names, if it does not exist: opening it would make an empty one. */
export function missingFile(databaseUrl: string): string | undefined {
  const file = sqliteFile(databaseUrl);
  return file === undefined || existsSync(file) ? undefined : file;
}
