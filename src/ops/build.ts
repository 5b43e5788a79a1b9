import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { member } from '../lib/json';

/** The version in package.json, which is beside `src` and, once compiled, beside `dist`. */
export function packageVersion(): string {
  const path = ['../../package.json', '../../../package.json']
    .map((relative) => join(__dirname, relative))
    .find((candidate) => existsSync(candidate));
  const version = path === undefined ? undefined : member(JSON.parse(readFileSync(path, 'utf8')), 'version');
  return typeof version === 'string' ? version : 'unknown';
}
