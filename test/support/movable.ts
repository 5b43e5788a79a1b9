/** A stage with made-up people at all three vendors, of which a clinic can be moved. */
import { readFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { adapters } from '../../adapters';
import { makePeople, type Person } from '../../sandbox/people';
import { type SeededPeople, seedPeople } from '../../sandbox/seedPeople';
import { linksCommand } from '../../src/cli/links';
import { runProgram } from '../../src/cli/program';
import { switchCommand } from '../../src/cli/switch';
import { openDatabase } from '../../src/store/database';
import { createLinks, type Link } from '../../src/store/links';
import type { Ended } from './commandLine';
import { openStage, type Stage, type StageOptions } from './stage';

export type Vendor = 'clinikapi-main' | 'vitalis-centro' | 'cobalt-main';

export interface Movable extends Stage {
  people: readonly Person[];
  seeded: SeededPeople;
  /** The record of each person at each vendor, in their order. */
  records: Readonly<Record<Vendor, readonly string[]>>;
  /** Runs a command in this process. */
  command: (...args: string[]) => Promise<Ended>;
  /** The document that a command prints with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: documents of all shapes are looked into
  json: (...args: string[]) => Promise<{ code: number; err: string; document: any }>;
  /** Links `st-1`, `st-2`, … of a clinic. @param which indexes of people; default: all */
  link: (clinic: string, vendor: Vendor, which?: readonly number[]) => Promise<void>;
  /** Links one staff id to any record. */
  linkTo: (clinic: string, vendor: string, staffId: string, vendorRecordId: string) => Promise<void>;
}

export async function openMovable(
  people: number | readonly Person[],
  options: StageOptions = {},
): Promise<Movable> {
  const persons = typeof people === 'number' ? makePeople(people) : people;
  const seeded = seedPeople(persons);
  const stage = await openStage({
    ...options,
    vitalis: { seeds: seeded.vitalis, ...options.vitalis },
    clinikapi: { ...seeded.clinikapi, ...options.clinikapi },
    cobalt: { seeds: seeded.cobalt, ...options.cobalt },
  });
  const records = {
    'clinikapi-main': seeded.clinikapi.roles.map(({ id }) => id),
    'vitalis-centro': seeded.vitalis.professionals.map(({ id }) => String(id)),
    'cobalt-main': seeded.cobalt.providers.map(({ id }) => id),
  };
  const command = (...args: string[]) => inProcess(stage.configPath, args);
  await withLinks(stage, async (links) => {
    for (const [clinic, { vendor }] of Object.entries(stage.config.clinics)) {
      await links.remove(clinic, 'st-1', vendor);
    }
  });
  return {
    ...stage,
    people: persons,
    seeded,
    records,
    command,
    json: async (...args) => {
      const { code, out, err } = await command(...args, '--json');
      return { code, err, document: out === '' ? undefined : JSON.parse(out) };
    },
    linkTo: (clinic, vendor, staffId, vendorRecordId) =>
      withLinks(stage, (links) => links.put({ clinic, staffId, vendor, vendorRecordId })),
    link: (clinic, vendor, which = persons.map((_, index) => index)) =>
      withLinks(stage, async (links) => {
        const rows = which.map(
          (index): Link => ({
            ...{ clinic, staffId: `st-${index + 1}`, vendor, vendorRecordId: records[vendor][index] ?? '' },
          }),
        );
        await links.importAll(from(rows), { checked: true, onRefused: () => {} });
      }),
  };
}

async function* from<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

async function withLinks(
  { config }: Stage,
  work: (links: ReturnType<typeof createLinks>) => Promise<unknown>,
): Promise<void> {
  const database = await openDatabase(config.store.url);
  await work(createLinks(database)).finally(() => database.close());
}

async function inProcess(configPath: string, args: readonly string[]): Promise<Ended> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const said = [text(out), text(err)];
  let code = 0;
  const parts = { adapters, env: {}, out, err, isTerminal: false, input: Readable.from([]) };
  await runProgram(
    [linksCommand, switchCommand],
    {
      ...parts,
      exit: (ended) => {
        code = ended;
      },
    },
    ['-c', configPath, ...args],
  );
  out.end();
  err.end();
  const [output = '', errors = ''] = await Promise.all(said);
  return { code, out: output, err: errors };
}

/** The rows of a CSV file, each by its columns. */
export async function rowsIn(file: string): Promise<Record<string, string>[]> {
  return parse(await readFile(file, 'utf8'), { columns: true });
}
