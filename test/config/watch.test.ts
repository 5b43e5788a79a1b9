import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import joi from 'joi';
import type { AdapterModule } from '../../src/adapter/contract';
import { loadConfig } from '../../src/config/load';
import type { GatewayConfig } from '../../src/config/types';
import { type ConfigWatch, restartNeeded, type WatchOptions, watchConfig } from '../../src/config/watch';

const adapter: AdapterModule = {
  name: 'fake',
  title: 'Fake',
  settings: {
    credentials: joi.object({ key: joi.string().required() }),
    options: joi.object({}),
    codes: joi.object({}),
  },
  verify: 'returned',
  connect: () => {
    throw new Error('the configuration never connects');
  },
};

const sources = { adapters: [adapter], env: {} };

/** A configuration in which only the clinic's vendor varies. */
function yaml(vendor: string, head = ''): string {
  return `${head}
vendors:
  one: { adapter: fake, baseUrl: "https://one.example", credentials: { key: k } }
  two: { adapter: fake, baseUrl: "https://two.example", credentials: { key: k } }
clinics: { north: { vendor: ${vendor} } }
callers: [{ name: app, keySha256: ${'ab'.repeat(32)}, clinic: north, scopes: [staff:read] }]
`;
}

let folder: string;
let path: string;
let watching: ConfigWatch | undefined;

/** What the watch told, in order: `vendor two`, `rejected …`. */
let told: string[];
let toldNext: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-watch-'));
  path = join(folder, 'gateway.yaml');
  told = [];
  toldNext = () => undefined;
});

afterEach(async () => {
  await watching?.close();
  watching = undefined;
  await rm(folder, { recursive: true });
});

async function start(more: Partial<WatchOptions> = {}): Promise<ConfigWatch> {
  const tell = (line: string) => {
    told.push(line);
    toldNext();
  };
  watching = await watchConfig(path, {
    ...sources,
    current: more.current ?? (await loadConfig(path, sources)).config,
    onChange: ({ config }) => tell(`vendor ${config.clinics.north?.vendor}`),
    onRejected: ({ problems }) =>
      tell(`rejected ${problems.map((problem) => problem.path || problem.message)}`),
    pollMs: 10,
    quietMs: 30,
    ...more,
  });
  return watching;
}

/** Waits until the watch has told this many things in all. */
async function untilTold(count: number): Promise<string[]> {
  while (told.length < count) await new Promise<void>((resolve) => (toldNext = resolve));
  return told;
}

/** Replaces a file or link as editors and Kubernetes do: under another name first, then renamed over the old one. */
async function replaceLink(target: string, link: string): Promise<void> {
  await symlink(target, `${link}_tmp`);
  await rename(`${link}_tmp`, link);
}

describe('the file', () => {
  beforeEach(() => writeFile(path, yaml('one')));

  test('is taken over when it is edited in place', async () => {
    await start();
    await writeFile(path, yaml('two'));
    expect(await untilTold(1)).toEqual(['vendor two']);
  });

  test('is refused with all its problems when bad, and taken over when good again', async () => {
    await start();
    await writeFile(path, yaml('three', 'sever: {}'));
    expect(await untilTold(1)).toEqual(['rejected clinics.north.vendor,sever']);
    await writeFile(path, yaml('two'));
    expect(await untilTold(2)).toEqual(['rejected clinics.north.vendor,sever', 'vendor two']);
  });

  test('is followed through several renames over it', async () => {
    await start();
    for (const [round, vendor] of ['two', 'one', 'two'].entries()) {
      await writeFile(`${path}~`, yaml(vendor));
      await rename(`${path}~`, path);
      expect((await untilTold(round + 1)).at(-1)).toBe(`vendor ${vendor}`);
    }
    expect(told).toHaveLength(3);
  });

  test('is refused when it is removed, and taken over when it comes back', async () => {
    await start();
    await rm(path);
    expect(await untilTold(1)).toEqual([`rejected ${path}: the file does not exist`]);
    await writeFile(path, yaml('two'));
    expect((await untilTold(2)).at(-1)).toBe('vendor two');
  });

  test('is not taken over again while it says the same', async () => {
    await start();
    await writeFile(path, yaml('one'));
    await writeFile(path, `# only a comment\n${yaml('one')}`);
    await writeFile(join(folder, 'other.yaml'), 'x');
    await writeFile(path, yaml('bad'));
    await untilTold(1);
    await writeFile(path, yaml('bad'));
    await writeFile(path, yaml('two'));
    expect(await untilTold(2)).toEqual(['rejected clinics.north.vendor', 'vendor two']);
  });

  test('is taken over at the start when it changed after it was loaded', async () => {
    const { config } = await loadConfig(path, sources);
    await writeFile(path, yaml('two'));
    await start({ current: config });
    expect(told).toEqual(['vendor two']);
  });

  test('is refused at the start when it became bad after it was loaded', async () => {
    const { config } = await loadConfig(path, sources);
    await writeFile(path, '');
    await start({ current: config });
    expect(told).toEqual([`rejected ${path}: the file is empty`]);
  });

  test('is handed over by reload although it is unchanged, and reloads do not overlap', async () => {
    let running = 0;
    const seen: number[] = [];
    const { reload } = await start({
      onChange: async () => {
        running += 1;
        await new Promise(setImmediate);
        seen.push(running);
        running -= 1;
      },
    });
    await Promise.all([reload(), reload(), reload()]);
    expect(seen).toEqual([1, 1, 1]);
  });

  test('is tried again after it could not be put to use', async () => {
    let broken = true;
    const { reload } = await start({
      onChange: ({ config }) => {
        if (broken) throw new Error('secret cause');
        told.push(`vendor ${config.clinics.north?.vendor}`);
        toldNext();
      },
    });
    await reload();
    expect(told).toEqual([`rejected ${path}: could not be put to use (unknown error)`]);
    broken = false;
    await writeFile(path, yaml('one', '# the same'));
    expect((await untilTold(2)).at(-1)).toBe('vendor one');
  });

  test('is left alone after close', async () => {
    const { config: current } = await loadConfig(path, sources);
    const { close } = await start();
    await writeFile(path, yaml('two'));
    await close();
    const count = told.length;
    await writeFile(path, yaml('bad'));
    await (await start({ current })).reload();
    expect(told.slice(count)).toEqual(['rejected clinics.north.vendor', 'rejected clinics.north.vendor']);
  });
});

describe('links on the way', () => {
  test('a link that is renamed over the file', async () => {
    await writeFile(join(folder, 'a.yaml'), yaml('one'));
    await writeFile(join(folder, 'b.yaml'), yaml('two'));
    await symlink('a.yaml', path);
    await start();
    await replaceLink('b.yaml', path);
    expect(await untilTold(1)).toEqual(['vendor two']);
    await writeFile(join(folder, 'b.yaml'), yaml('one'));
    expect(await untilTold(2)).toEqual(['vendor two', 'vendor one']);
  });

  test('the ..data link of a mounted ConfigMap, swapped again and again', async () => {
    const publish = async (version: string, vendor: string) => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'gateway.yaml'), yaml(vendor));
      await replaceLink(version, join(folder, '..data'));
    };
    await publish('..2024_1', 'one');
    await symlink('..data/gateway.yaml', path);
    await start();
    for (const [round, vendor] of ['two', 'one', 'two'].entries()) {
      await publish(`..2024_${round + 2}`, vendor);
      await rm(join(folder, `..2024_${round + 1}`), { recursive: true });
      expect((await untilTold(round + 1)).at(-1)).toBe(`vendor ${vendor}`);
    }
    expect(told).toHaveLength(3);
  });

  test('a link to the folder', async () => {
    for (const vendor of ['one', 'two']) {
      await mkdir(join(folder, vendor));
      await writeFile(join(folder, vendor, 'gateway.yaml'), yaml(vendor));
    }
    await symlink('one', join(folder, 'current'));
    path = join(folder, 'current', 'gateway.yaml');
    await start();
    await replaceLink('two', join(folder, 'current'));
    expect(await untilTold(1)).toEqual(['vendor two']);
  });
});

describe('the folder', () => {
  beforeEach(async () => {
    path = join(folder, 'conf', 'gateway.yaml');
    await mkdir(join(folder, 'conf'));
    await writeFile(path, yaml('one'));
  });

  test('is renamed away and another takes its name, again and again', async () => {
    await start();
    for (const [round, vendor] of ['two', 'one', 'two'].entries()) {
      await mkdir(join(folder, 'new'));
      await writeFile(join(folder, 'new', 'gateway.yaml'), yaml(vendor));
      await rename(join(folder, 'conf'), join(folder, `old-${round}`));
      await rename(join(folder, 'new'), join(folder, 'conf'));
      expect((await untilTold(round + 1)).at(-1)).toBe(`vendor ${vendor}`);
    }
  });

  test('is removed and made anew', async () => {
    await start();
    await rm(join(folder, 'conf'), { recursive: true });
    expect(await untilTold(1)).toEqual([`rejected ${path}: the file does not exist`]);
    await mkdir(join(folder, 'conf'));
    await writeFile(path, yaml('two'));
    expect((await untilTold(2)).at(-1)).toBe('vendor two');
    await writeFile(path, yaml('one'));
    expect((await untilTold(3)).at(-1)).toBe('vendor one');
  });
});

describe('secret files', () => {
  /** The clinic's vendor is what the file says. */
  const secret = () => join(folder, 'secret');
  const startWithSecret = async () => {
    await writeFile(secret(), 'one');
    await writeFile(path, yaml(['"$', `{file:${secret()}}"`].join('')));
    await start();
  };

  test('are followed with the file that names them', async () => {
    await startWithSecret();
    await writeFile(secret(), 'two');
    expect(await untilTold(1)).toEqual(['vendor two']);
    await writeFile(`${secret()}~`, 'one');
    await rename(`${secret()}~`, secret());
    expect((await untilTold(2)).at(-1)).toBe('vendor one');
  });

  test('that are gone are waited for', async () => {
    await startWithSecret();
    await rm(secret());
    expect(await untilTold(1)).toEqual(['rejected clinics.north.vendor']);
    await writeFile(secret(), 'two');
    expect((await untilTold(2)).at(-1)).toBe('vendor two');
  });

  test('that a changed file names are followed from then on', async () => {
    await writeFile(path, yaml('one'));
    await start();
    await writeFile(secret(), 'two');
    await writeFile(path, yaml(['"$', `{file:${secret()}}"`].join('')));
    expect(await untilTold(1)).toEqual(['vendor two']);
    await writeFile(secret(), 'one');
    expect((await untilTold(2)).at(-1)).toBe('vendor one');
  });
});

describe('restartNeeded', () => {
  const load = async (head: string): Promise<GatewayConfig> => {
    await writeFile(path, yaml('one', head));
    return (await loadConfig(path, sources)).config;
  };

  test.each([
    { head: '', keys: [] },
    { head: 'server: { port: 8080 }', keys: [] },
    { head: 'server: { port: 1, host: "::1" }', keys: ['server.host', 'server.port'] },
    { head: 'ops: { port: 1 }\nstore: { url: "sqlite:x" }', keys: ['ops.port', 'store.url'] },
  ])('$head: $keys', async ({ head, keys }) => {
    expect(restartNeeded(await load(''), await load(head)).sort()).toEqual(keys);
  });

  test('is empty when vendors, clinics and callers change', async () => {
    const before = await load('');
    expect(restartNeeded(before, { ...before, vendors: {}, clinics: {}, callers: [] })).toEqual([]);
  });
});
