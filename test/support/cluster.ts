/** A real PostgreSQL primary with a streaming standby, which confirms each commit. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from './pgbouncer';
import { postgresBinaries } from './postgres';
import { until } from './until';

export interface Cluster {
  primary: { host: string; port: number };
  standby: { host: string; port: number };
  /** Ends the primary as a crash would. */
  crash(): Promise<void>;
  /** Makes the standby the primary; resolves when it can be written. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** What `run` needs to start a server. */
interface Server {
  bin: string;
  user: { uid: number; gid: number } | undefined;
  data: string;
  port: number;
}

export async function openCluster(): Promise<Cluster> {
  const { bin, user } = await postgresBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'gateway-cluster-'));
  chmodSync(folder, 0o755);
  const [data, copy] = [join(folder, 'primary'), join(folder, 'standby')];
  mkdirSync(data, { mode: 0o700 });
  if (user) chownSync(data, user.uid, user.gid);
  const options = ['--username=gateway', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), ['--pgdata', data, ...options], { ...user, stdio: 'ignore' });
  // Nothing has run in it yet, so its files are a backup.
  execFileSync('cp', ['-a', data, copy]);
  writeFileSync(join(copy, 'standby.signal'), '');
  const one = { bin, user, data, port: await freePort() };
  const other = { bin, user, data: copy, port: await freePort() };
  const primary = run(one, { synchronous_standby_names: '*' });
  const standby = run(other, { primary_conninfo: `host=${HOST} port=${one.port} user=gateway` });
  await until(
    () => ask(one.port, "select count(*) as found from pg_stat_replication where state = 'streaming'"),
    (found) => found === '1',
  );
  return {
    primary: { host: HOST, port: one.port },
    standby: { host: HOST, port: other.port },
    crash: () => end(primary),
    promote: async () => {
      await ask(other.port, 'select pg_promote() as found');
    },
    close: async () => {
      await Promise.all([end(primary), end(standby)]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function run({ bin, user, data, port }: Server, settings: Readonly<Record<string, string>>): ChildProcess {
  const all = {
    ...{ listen_addresses: HOST, unix_socket_directories: '', port, fsync: 'off', shared_buffers: '32MB' },
    ...{ dynamic_shared_memory_type: 'mmap', wal_receiver_timeout: '2s' },
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(bin, 'postgres'), ['-D', data, ...flags], { ...user, stdio: 'ignore' });
  // It does not outlive the one that started it.
  process.once('exit', () => child.kill('SIGQUIT'));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGQUIT');
  await once(child, 'exit');
}

/** Undefined where nobody answers yet. */
async function ask(port: number, statement: string): Promise<unknown> {
  const client = new Client({ host: HOST, port, user: 'gateway', database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ found: unknown }>(statement);
    return rows[0]?.found;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}
