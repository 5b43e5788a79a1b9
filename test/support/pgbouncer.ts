/** A real pgbouncer (a Debian package, which must be there) in front of a test database. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Pooler {
  /** The same database, through the pooler. */
  url: string;
  close(): Promise<void>;
}

/** @param databaseUrl of a server without passwords */
export async function openPooler(databaseUrl: string, mode: 'session' | 'transaction'): Promise<Pooler> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-pooler-'));
  chmodSync(folder, 0o755);
  const url = new URL(databaseUrl);
  const port = await freePort();
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(
    settings,
    `[databases]\n* = host=${url.hostname} port=${url.port} user=${url.username}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n` +
      `listen_port = ${port}\nunix_socket_dir =\nauth_type = any\npool_mode = ${mode}\ndefault_pool_size = 60\n`,
  );
  // It does not run as root.
  const root = process.getuid?.() === 0;
  const id = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  const child = spawn('/usr/sbin/pgbouncer', ['--quiet', settings], {
    stdio: 'ignore',
    ...(root && { uid: id('-u'), gid: id('-g') }),
  });
  const gone = once(child, 'exit');
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  await Promise.race([listening(port), gone.then(() => Promise.reject(new Error('pgbouncer has ended')))]);
  url.port = String(port);
  return {
    url: url.href,
    close: async () => {
      child.kill('SIGKILL');
      await gone;
      process.off('exit', killWithUs);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await sleep(20);
  }
}
