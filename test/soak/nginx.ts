/** A real nginx (Debian: `apt-get install nginx-light`) with the configuration of deploy/nginx.conf. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const EXPECTED = /connect\(\) failed \(111|temporarily disabled/;
/** Seen from the sources, or from what is compiled. */
const DEPLOYED = join(__dirname, __filename.endsWith('.ts') ? '../..' : '../../..', 'deploy/nginx.conf');

export interface Nginx {
  url: string;
  /** What it complained of, apart from replicas that refuse connections while they are down. */
  log(): string[];
  close(): Promise<void>;
}

/**
 * @param folder a folder of its own
 * @param port where it listens, on 127.0.0.1
 * @param replicas the ports of `gateway-1`, `gateway-2`, …, however many
 */
export async function startNginx(folder: string, port: number, replicas: readonly number[]): Promise<Nginx> {
  const path = join(folder, 'nginx.conf');
  const log = join(folder, 'nginx.log');
  await writeFile(path, configuration(folder, port, replicas));
  const main = `daemon off; pid ${join(folder, 'nginx.pid')}; error_log ${log} info;`;
  const child = spawn('nginx', ['-p', folder, '-e', log, '-c', path, '-g', main], { stdio: 'ignore' });
  const ended = once(child, 'exit').catch(() => {
    throw new Error('there is no nginx on this machine (Debian: apt-get install nginx-light)');
  });
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  await Promise.race([
    listening(port),
    ended.then(() => Promise.reject(new Error(readFileSync(log, 'utf8')))),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    log: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => /\[(?:warn|error|crit|alert)\]/.test(line) && !EXPECTED.test(line)),
    close: async () => {
      process.off('exit', stop);
      stop();
      await ended;
    },
  };
}

/** What is deployed, with the addresses of this run, and nothing written outside the folder. */
function configuration(folder: string, port: number, replicas: readonly number[]): string {
  let text = readFileSync(DEPLOYED, 'utf8');
  const replace = (what: string, by: string) => {
    if (!text.includes(what)) throw new Error(`deploy/nginx.conf has no "${what}"`);
    text = text.replace(what, by);
  };
  const [first = '', second = ''] = [...text.matchAll(/^ *server gateway-\d+:8080.*\n/gm)].map(
    ([line]) => line,
  );
  replace(second, '');
  replace(first, replicas.map((port) => first.replace('gateway-1:8080', `127.0.0.1:${port}`)).join(''));
  replace('listen 8080', `listen 127.0.0.1:${port}`);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const elsewhere = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(' ');
  replace('http {', `http {\n  access_log off; ${elsewhere}`);
  return text;
}

/** Resolves once somebody answers at the port, whatever the answer. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answered = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.text().then(() => true),
      () => false,
    );
    if (answered) return;
    if (tries === 100) throw new Error('nginx does not answer');
    await sleep(50);
  }
}
