#!/usr/bin/env node
/**
 * What a million links cost: importing them, and looking one up compared with a table of a thousand. Rounds of both tables
 * take turns, so that the ratio does not depend on what else the machine does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { type Database, openDatabase } from '../src/store/database';
import { createLinks, type Link, type Links } from '../src/store/links';
import { createPostgresDatabase } from '../test/support/postgres';
import { spread } from './statistics';

const LOOKUPS = 5000;
const ROUNDS = 7;

interface Table {
  database: Database;
  links: Links;
  size: number;
}

async function main(options: { small: number; large: number; engine: string }): Promise<void> {
  for (const engine of options.engine === 'both' ? ['sqlite', 'postgres'] : [options.engine]) {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-links-bench-'));
    const tables: Table[] = [];
    try {
      for (const size of [options.small, options.large]) {
        const url =
          engine === 'postgres'
            ? (await createPostgresDatabase()).url
            : `sqlite:${join(folder, `${size}.db`)}`;
        tables.push(await filled(engine, url, size));
      }
      await compare(engine, tables);
    } finally {
      for (const { database } of tables) await database.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function filled(engine: string, url: string, size: number): Promise<Table> {
  // As a command does that imports.
  const database = await openDatabase(url, { limits: 'long' });
  const links = createLinks(database);
  const started = performance.now();
  await links.importAll(rows(size), {
    onRefused: () => {
      throw new Error('a generated link was refused');
    },
    onProgress: ({ created }) => {
      if (created % 100_000 === 0) process.stderr.write(`${engine}: ${created} links\n`);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const rss = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`${engine}: ${size} links imported in ${seconds.toFixed(1)} s, peak RSS so far ${rss} MB`);
  return { database, links, size };
}

async function compare(engine: string, tables: readonly Table[]): Promise<void> {
  const rounds = new Map<number, number[]>(tables.map(({ size }) => [size, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const table of tables) {
      const micros = await lookups(table);
      // The first round only warms up.
      if (round > 0) rounds.get(table.size)?.push(micros);
    }
  }
  const medians = tables.map(({ size }) => ({ size, micros: spread(rounds.get(size) ?? []).median }));
  for (const { size, micros } of medians)
    console.log(`${engine}: ${micros.toFixed(1)} µs a lookup among ${size} links`);
  const [small, large] = medians;
  if (small && large) console.log(`${engine}: ratio ${(large.micros / small.micros).toFixed(2)}`);
}

async function lookups({ links, size }: Table): Promise<number> {
  const started = performance.now();
  for (let count = 0; count < LOOKUPS; count += 1) {
    const number = Math.floor(Math.random() * size);
    if ((await links.find('north', staffId(number), 'main')) === undefined) throw new Error('a link is lost');
  }
  return ((performance.now() - started) * 1000) / LOOKUPS;
}

/** In an order that is not the index's. */
async function* rows(size: number): AsyncIterable<Link> {
  for (let count = 0; count < size; count += 1) {
    const number = (count * 7919) % size;
    yield { clinic: 'north', staffId: staffId(number), vendor: 'main', vendorRecordId: `pr_${number}` };
  }
}

function staffId(number: number): string {
  return `st-${number}`;
}

new Command('links')
  .option('--small <number>', 'links of the small table', Number, 1000)
  .option('--large <number>', 'links of the large table', Number, 1_000_000)
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .action(main)
  .parseAsync()
  .then(() => process.exit())
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : 'failed');
    process.exit(1);
  });
