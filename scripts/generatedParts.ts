/**
 * The parts of the documentation that come from code, by name. They are between `<!-- generated:NAME -->` and
 * `<!-- /generated:NAME -->`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../adapters';
import type { AdapterModule } from '../src/adapter/contract';
import { loadConfig } from '../src/config/load';
import { configReference } from '../src/config/reference';
import { type Capability, capabilitiesOf } from '../src/directory/capabilities';
import { createMetrics } from '../src/ops/metrics';
import { PROBLEMS } from '../src/problem';
import { registerGauges } from '../src/runtime/gauges';
import { OwnPresence } from '../src/runtime/presence';
import { Runtime } from '../src/runtime/runtime';
import { FIELDS, pointerOf } from '../src/staff/fields';
import { openDatabase } from '../src/store/database';

/** The files that have generated parts, below the root of the checkout. */
export const FILES = [
  'README.md',
  'docs/errors.md',
  'docs/configuration.md',
  'docs/observability.md',
  'docs/adding-an-adapter.md',
];

/** Settings that suffice to look at an adapter's field table. */
function capabilities(name: string): readonly Capability[] {
  const adapter = adapters.find((candidate) => candidate.name === name);
  if (adapter === undefined) throw new TypeError(`no adapter is named ${name}`);
  const codes = { specialty: {}, location: {}, organization: {} };
  const credentials = { token: '', apiKey: '' };
  const options = { nationalIdSystem: 'urn:example' };
  return capabilitiesOf(adapter.connect({ baseUrl: 'https://vendor.example', credentials, options, codes }));
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
    Object.entries(PROBLEMS)
      .sort(([, a], [, b]) => a.status - b.status)
      .map(([code, { status, title, meaning }]) => [
        String(status),
        `\`${code}\``,
        `**${title}.** ${meaning}`,
      ]),
  );
}

/** @throws TypeError naming every key whose schema has no description: a row without a meaning is useless */
export function configurationTable(modules: readonly AdapterModule[]): string {
  const keys = configReference(modules);
  const silent = keys.filter(({ meaning }) => meaning === '');
  if (silent.length > 0) {
    const named = silent.map(({ path, adapter }) => (adapter === undefined ? path : `${path} (${adapter})`));
    throw new TypeError(`no description says what these keys mean: ${named.join(', ')}`);
  }
  return table(
    ['key', 'type', 'default', 'meaning'],
    keys.map((key) => [
      `\`${key.path}\``,
      key.type,
      key.default,
      key.adapter === undefined ? key.meaning : `${key.adapter}: ${key.meaning}`,
    ]),
  );
}

/** The gateway's own metrics, asked for as Prometheus does, from the example configuration. */
async function metrics(root: string): Promise<string> {
  const path = join(root, 'config/gateway.example.yaml');
  const names = [...readFileSync(path, 'utf8').matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const env = Object.fromEntries(names.map((name) => [name, 'f'.repeat(64)]));
  const { config } = await loadConfig(path, { adapters, env });
  const folder = await mkdtemp(join(tmpdir(), 'gateway-docs-'));
  const database = await openDatabase(`sqlite:${join(folder, 'empty.db')}`);
  const runtime = new Runtime(config, adapters);
  try {
    const all = createMetrics();
    registerGauges(all, {
      runtime,
      presence: new OwnPresence(),
      inFlight: () => 0,
      database,
      configRefused: () => false,
      certificateRefused: () => false,
    });
    const lines = (await all.text()).split('\n');
    return table(
      ['metric', 'kind', 'meaning'],
      lines.flatMap((line) => familyIn(line, lines)),
    );
  } finally {
    await runtime.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function familyIn(line: string, lines: readonly string[]): string[][] {
  const [, name, help] = /^# HELP (gateway_\w+) (.*)$/.exec(line) ?? [];
  if (name === undefined || help === undefined) return [];
  const kind = lines.find((other) => other.startsWith(`# TYPE ${name} `))?.split(' ')[3] ?? '';
  return [[`\`${name}\``, kind, help]];
}

/** The adapter that a test compiles and runs. Its imports read the same from `adapters/<vendor>/`. */
function adapterExample(root: string): string {
  return `\`\`\`ts\n${readFileSync(join(root, 'test/support/exampleAdapter.ts'), 'utf8').trim()}\n\`\`\``;
}

/** All parts; `root` is the checkout. */
export async function generatedParts(root: string): Promise<Readonly<Record<string, string>>> {
  return {
    matrix: matrix(),
    errors: errors(),
    configuration: configurationTable(adapters),
    metrics: await metrics(root),
    adapter: adapterExample(root),
  };
}

/** As `npm run format` would write the file. */
export function formatted(root: string, file: string, text: string): string {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['format', `--stdin-file-path=${file}`],
    { cwd: root, input: text, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${file} cannot be formatted: ${stderr}`);
  return stdout;
}

/** Puts the parts into a text; a mark that names no part is an error. */
export function fill(text: string, parts: Readonly<Record<string, string>>): string {
  return text.replace(
    /(<!-- generated:(\w+) -->)[\s\S]*?(<!-- \/generated:\2 -->)/g,
    (_, begin: string, name: string, end: string) => {
      const part = parts[name];
      if (part === undefined) throw new TypeError(`there is no generated part named ${name}`);
      return `${begin}\n${part}\n${end}`;
    },
  );
}
