/** What a running gateway takes over from the disk, and what it says about it. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { type RunningGateway, serve } from '../../src/serve';
import { KEYS, openStage, type Stage, type StageConfig, WATCH } from '../support/stage';
import { until } from '../support/until';

/** Lends its sandboxes and its links; the gateways of the tests are others, on the same store. */
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

let gateway: RunningGateway | undefined;
let lines: { level: number; msg: string; [fact: string]: unknown }[];
let folder: string;
let rounds = 0;

beforeEach(async () => {
  rounds += 1;
  lines = [];
  folder = join(stage.folder, `conf-${rounds}`);
  await mkdir(folder);
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

const INFO = 30;
const WARN = 40;
const place = () => join(folder, 'gateway.yaml');
const write = (config: object | string) =>
  writeFile(place(), typeof config === 'string' ? config : stringify(config));

async function start(config: object | string = stage.config): Promise<RunningGateway> {
  await write(config);
  const log = createLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) });
  gateway = await serve({ configPath: place(), env: {}, adapters, log, watch: WATCH });
  return gateway;
}

/** What was said about configuration and certificates, in order. */
const said = () => lines.filter(({ msg }) => /configuration|certificate/.test(msg));

/** Waits until so much has been said. */
async function untilSaid(count: number): Promise<typeof lines> {
  await until(
    async () => said(),
    (found) => found.length >= count,
  );
  return said();
}

const without = (config: StageConfig, name: string): StageConfig => ({
  ...config,
  callers: config.callers.filter((caller) => caller.name !== name),
});

async function statusFor(key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  const ca = tlsCa;
  const url = `${gateway?.url}/staff/st-1`;
  if (!url.startsWith('https:')) return (await fetch(url, { headers })).status;
  return new Promise((resolve, reject) => {
    httpsGet(url, { ca, headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', reject);
  });
}

let tlsCa: string | undefined;

describe('a revoked key stops working', () => {
  test.each<[string, (config: StageConfig) => Promise<void>]>([
    ['the file is written anew', (next) => write(next)],
    [
      'the folder is exchanged',
      async (next) => {
        await mkdir(`${folder}-new`);
        await writeFile(join(`${folder}-new`, 'gateway.yaml'), stringify(next));
        await rename(folder, `${folder}-old`);
        await rename(`${folder}-new`, folder);
      },
    ],
    [
      'the folder is removed and made anew',
      async (next) => {
        await rm(folder, { recursive: true });
        await mkdir(folder);
        await write(next);
      },
    ],
  ])('when %s', async (_name, revoke) => {
    await start();
    expect(await statusFor(KEYS.reader)).toBe(200);
    await revoke(without(stage.config, 'reader'));
    await until(
      () => statusFor(KEYS.reader),
      (status) => status === 401,
    );
    expect(said().at(-1)).toMatchObject({
      level: INFO,
      msg: 'configuration replaced',
      changes: 'callers removed: reader',
    });
    expect(await statusFor(KEYS.north)).toBe(200);
  });

  test('when the file with its hash changes', async () => {
    const hash = join(folder, 'hash');
    await writeFile(hash, createHash('sha256').update(KEYS.reader).digest('hex'));
    const reader = { name: 'reader', keySha256: ['$', `{file:${hash}}`].join(''), clinic: 'north' };
    const { callers } = without(stage.config, 'reader');
    await start({ ...stage.config, callers: [...callers, { ...reader, scopes: ['staff:read'] }] });
    expect(await statusFor(KEYS.reader)).toBe(200);
    await writeFile(hash, 'ab'.repeat(32));
    await until(
      () => statusFor(KEYS.reader),
      (status) => status === 401,
    );
    expect(said()).toMatchObject([{ changes: 'callers rekeyed: reader' }]);
  });
});

describe('the log says what has changed, in names', () => {
  test('of clinics, callers, connections and issuers', async () => {
    await start();
    const { 'cobalt-main': cobalt, ...vendors } = stage.config.vendors;
    const [north, centro] = stage.config.callers;
    const next = {
      ...stage.config,
      vendors: {
        ...vendors,
        'clinikapi-main': { ...vendors['clinikapi-main'], timeoutMs: 9_000 },
        'cobalt-two': cobalt,
      },
      clinics: {
        north: { vendor: 'vitalis-centro', identity: 'linked' },
        centro: { ...stage.config.clinics.centro, requireIfMatch: true },
        east: { vendor: 'cobalt-two' },
      },
      callers: [
        { ...north, keySha256: 'ab'.repeat(32), scopes: ['staff:read'] },
        centro,
        { name: 'new', keySha256: 'cd'.repeat(32), clinic: 'east', scopes: ['staff:read'] },
      ],
      deliveries: { concurrency: 3 },
    };
    await write(next);
    const [line] = await untilSaid(1);
    expect(line).toMatchObject({ level: INFO, msg: 'configuration replaced' });
    expect(String(line?.changes).split('; ')).toEqual([
      'clinic north: clinikapi-main → vitalis-centro',
      'clinic centro: changed',
      'clinic south: removed',
      'clinic east: added, cobalt-two',
      'callers rekeyed: north-app',
      'callers changed: north-app',
      'callers removed: south-app, reader',
      'callers added: new',
      'vendor connections changed: clinikapi-main',
      'vendor connections removed: cobalt-main',
      'vendor connections added: cobalt-two',
      'deliveries changed',
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/clk_live|SANDBOXFAKE|cdcdcd|ababab/);
  });

  test('SIGHUP with nothing new: unchanged', async () => {
    const { reload } = await start();
    await reload();
    expect(said()).toMatchObject([{ level: INFO, msg: 'configuration unchanged' }]);
    expect(said()[0]).not.toHaveProperty('changes');
  });

  test('what waits for a restart is named each time, until it is taken back', async () => {
    const { reload } = await start();
    await write({ ...stage.config, ops: { ...stage.config.ops, port: 1 } });
    await reload();
    await reload();
    await write(stage.config);
    await reload();
    const waits = { msg: 'configuration unchanged', restartNeededFor: 'ops.port' };
    // Whether the look of the poll or the asked one came first decides how often it is said.
    const told = said().map(({ msg, restartNeededFor }) => ({
      msg,
      ...(restartNeededFor !== undefined && { restartNeededFor }),
    }));
    expect(told.slice(0, 2)).toEqual([waits, waits]);
    expect(told.at(-1)).toEqual({ msg: 'configuration unchanged' });
  });

  test('a refused file is a warning, a good one after it is none', async () => {
    const { reload } = await start();
    await write('clinics: [');
    await reload();
    await write(stage.config);
    await reload();
    expect(said().at(0)).toMatchObject({
      level: WARN,
      msg: 'new configuration refused, the old one stays in use',
    });
    expect(said().at(-1)).toMatchObject({ level: INFO, msg: 'configuration unchanged' });
  });
});

describe('a certificate that cannot be used', () => {
  const names = [{ name: 'commonName', value: '127.0.0.1' }];
  const extensions = [{ name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }];
  const made = (notAfterDate?: Date) =>
    generate(names, {
      extensions,
      ...(notAfterDate && { notBeforeDate: new Date('2020-01-01'), notAfterDate }),
    });
  let good: Awaited<ReturnType<typeof made>>;
  let other: typeof good;
  let expired: typeof good;
  beforeAll(async () => {
    good = await made();
    other = await made();
    expired = await made(new Date('2021-01-01'));
  });
  beforeEach(() => {
    tlsCa = good.cert;
  });

  const file = (name: string) => join(folder, name);

  /** With TLS, and its two files. */
  async function startSecure(): Promise<StageConfig> {
    await writeFile(file('cert.pem'), good.cert);
    await writeFile(file('key.pem'), good.private);
    const tls = { certFile: file('cert.pem'), keyFile: file('key.pem') };
    const config = { ...stage.config, server: { ...stage.config.server, tls } };
    await start(config);
    return config;
  }

  const health = async () => {
    const { opsUrl = '' } = gateway ?? {};
    const { status, certificate, configFile } = JSON.parse(await (await fetch(`${opsUrl}/readyz`)).text());
    const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
    const metric = /^gateway_certificate_reload_failed (\d)$/m.exec(metrics)?.[1];
    return { status, certificate, configFile, metric };
  };
  const FINE = { status: 'ready', certificate: 'ok', configFile: 'ok', metric: '0' };

  test.each<{ cause: string; harm: () => Promise<unknown>; problem: RegExp }>([
    {
      cause: 'does not fit its key',
      harm: () => writeFile(file('key.pem'), other.private),
      problem: /^server\.tls\.keyFile: is not the key of the certificate in server\.tls\.certFile$/,
    },
    {
      cause: 'is not there',
      harm: () => rm(file('cert.pem')),
      problem: /^server\.tls\.certFile: cannot be read \(ENOENT\)$/,
    },
    {
      cause: 'has expired',
      harm: async () => {
        await writeFile(file('cert.pem'), expired.cert);
        await writeFile(file('key.pem'), expired.private);
      },
      problem: /^server\.tls\.certFile: holds a certificate that has expired \(2021-01-01\)$/,
    },
    {
      cause: 'is no certificate',
      harm: () => copyFile(file('key.pem'), file('cert.pem')),
      problem: /^server\.tls\.certFile: holds no certificate in PEM form$/,
    },
    {
      cause: 'has no key',
      harm: () => copyFile(file('cert.pem'), file('key.pem')),
      problem: /^server\.tls\.keyFile: holds no private key in PEM form without a password$/,
    },
  ])('because it $cause blocks nothing else, and is told by its cause', async ({ harm, problem }) => {
    const config = await startSecure();
    expect(await statusFor(KEYS.reader)).toBe(200);
    expect(await health()).toEqual(FINE);
    await harm();
    await write(without(config, 'reader'));
    await gateway?.reload();

    expect(await statusFor(KEYS.reader)).toBe(401);
    expect(await statusFor(KEYS.north)).toBe(200);
    const refusals = said().filter(({ msg }) => msg === 'new certificate refused, the old one stays in use');
    expect(refusals.at(-1)).toMatchObject({ level: WARN, problems: expect.stringMatching(problem) });
    expect(await health()).toEqual({ ...FINE, certificate: 'refused', metric: '1' });
    await gateway?.reload();
    expect(said().filter(({ msg }) => msg.startsWith('new certificate'))).toEqual(refusals);
    expect(JSON.stringify(lines)).not.toContain('BEGIN');
  });

  test('is replaced as soon as its files are, without a signal', async () => {
    await startSecure();
    await writeFile(file('key.pem'), other.private);
    await writeFile(file('cert.pem'), other.cert);
    tlsCa = other.cert;
    await until(
      () => statusFor(KEYS.north).catch(() => 0),
      (status) => status === 200,
    );
    expect(said().at(-1)).toMatchObject({ level: INFO, msg: 'certificate replaced' });
    expect(await health()).toEqual(FINE);
  });
});
