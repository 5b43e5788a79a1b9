/**
 * A PostgreSQL with its own tools, `pg_dump` and `pg_restore`, which the packages of the suite's server do not hold, and which
 * have to be of the server's version: Debian's (`apt-get install postgresql`), with its durability as it comes.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { unprivilegedUser } from '../support/postgres';
import { freePort } from './ports';

const DEBIAN = '/usr/lib/postgresql';
const LARGEST_OUTPUT = 1e9;

export interface PostgresServer {
  urlOf(database: string): string;
  /**
   * Runs one of the server's own tools.
   * @returns what it wrote
   * @throws what it complained of
   */
  tool(name: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function startPostgresServer(): Promise<PostgresServer> {
  const bin = newestTools();
  const folder = await mkdtemp(join(tmpdir(), 'gateway-soak-postgres-'));
  const user = unprivilegedUser();
  const data = join(folder, 'data');
  await chmod(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (user) chownSync(data, user.uid, user.gid);
  const run = promisify(execFile);
  const setUp = ['--pgdata', data, '--username=gateway', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), setUp, { ...user, cwd: '/' });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', `port=${port}`];
  const child = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, cwd: '/', stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const stop = () => child.kill('SIGINT');
  process.once('exit', stop);
  const tool = async (name: string, ...args: string[]) => {
    const env = { ...process.env, PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'gateway' };
    const { stdout } = await run(join(bin, name), args, { env, maxBuffer: LARGEST_OUTPUT });
    return stdout;
  };
  const server: PostgresServer = {
    urlOf: (database) => `postgres://gateway@127.0.0.1:${port}/${database}`,
    tool,
    close: async () => {
      process.off('exit', stop);
      stop();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let tries = 0; ; tries += 1) {
    const ready = await tool('pg_isready').then(
      () => true,
      () => false,
    );
    if (ready) return server;
    if (tries === 100) {
      await server.close();
      throw new Error('PostgreSQL did not start');
    }
    await sleep(100);
  }
}

function newestTools(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const bins = versions.sort((a, b) => b - a).map((version) => join(DEBIAN, String(version), 'bin'));
  const found = bins.find((bin) => ['initdb', 'pg_dump'].every((name) => existsSync(join(bin, name))));
  if (found === undefined)
    throw new Error('there is no PostgreSQL with its tools (Debian: apt-get install postgresql)');
  return found;
}
