/**
 * Writes the parts of the documentation that come from code: between `<!-- generated:NAME -->` and
 * `<!-- /generated:NAME -->`. With `--check` it writes nothing and fails where a part is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapters } from '../adapters';
import { configReference } from '../config/reference';
import { type Capability, capabilitiesOf } from '../src/gateway/capabilities';
import { PROBLEMS } from '../src/problem';
import { FIELDS, pointerOf } from '../src/staff/fields';

/** The root of the checkout, seen from dist/scripts. */
const ROOT = join(__dirname, '../..');
const FILES = ['README.md', 'docs/errors.md', 'docs/configuration.md'];

/** Settings that suffice to look at an adapter's field table. */
function capabilities(name: string): readonly Capability[] {
  const adapter = adapters.find((candidate) => candidate.name === name);
  if (adapter === undefined) throw new TypeError(`no adapter is named ${name}`);
  const codes = { specialty: {}, location: {}, organization: {} };
  return capabilitiesOf(adapter.connect({ credentials: { token: '', apiKey: '' }, options: {}, codes }));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function matrix(): string {
  const columns = adapters.map((adapter) => ({ title: adapter.title, rows: capabilities(adapter.name) }));
  const cell = (row: Capability | undefined) => {
    if (row === undefined || !row.write) return '–';
    const values = row.values && row.values.length > 0 ? ` (${row.values.join(', ')})` : '';
    return `✓${values}${row.clear ? ', can be cleared' : ''}`;
  };
  return table(
    ['field', ...columns.map(({ title }) => title)],
    FIELDS.map((field) => [
      `\`${pointerOf(field)}\``,
      ...columns.map(({ rows }) => cell(rows.find((row) => row.pointer === pointerOf(field)))),
    ]),
  );
}

function errors(): string {
  return table(
    ['status', '`code`', 'what happened, and what to do'],
    Object.entries(PROBLEMS).map(([code, { status, title, meaning }]) => [
      String(status),
      `\`${code}\``,
      `**${title}.** ${meaning}`,
    ]),
  );
}

function configuration(): string {
  return table(
    ['key', 'type', 'default', 'meaning'],
    configReference(adapters).map((key) => [
      `\`${key.path}\``,
      key.type,
      `${key.default ?? ''}`,
      key.meaning,
    ]),
  );
}

const PARTS: Readonly<Record<string, () => string>> = { matrix, errors, configuration };

function fill(text: string): string {
  return text.replace(
    /(<!-- generated:(\w+) -->)[\s\S]*?(<!-- \/generated:\2 -->)/g,
    (whole, begin: string, name: string, end: string) => {
      const part = PARTS[name];
      return part === undefined ? whole : `${begin}\n${part()}\n${end}`;
    },
  );
}

const check = process.argv.includes('--check');
for (const file of FILES) {
  const path = join(ROOT, file);
  const before = readFileSync(path, 'utf8');
  const after = fill(before);
  if (before === after) continue;
  if (check) {
    process.stderr.write(`${file} is stale; run: npm run generate\n`);
    process.exitCode = 1;
  } else writeFileSync(path, after);
}
