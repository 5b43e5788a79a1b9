import { existsSync } from 'node:fs';

/** The file of a `sqlite:` URL; undefined for another engine. */
export function sqliteFile(databaseUrl: string): string | undefined {
  return databaseUrl.startsWith('sqlite:')
    ? databaseUrl.slice('sqlite:'.length).replace(/^\/\//, '')
    : undefined;
}

/** The file that a `sqlite:` URL names, if it does not exist: opening it would make an empty one. */
export function missingFile(databaseUrl: string): string | undefined {
  const file = sqliteFile(databaseUrl);
  return file === undefined || existsSync(file) ? undefined : file;
}
