/** A gateway in a process of its own, from the sources, so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

export interface GatewayProcess {
  url: string;
  pid: number;
  /** Ends it at once, as a power failure would; resolves when it is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** What it has written to its standard output so far. */
  output(): string;
}

/** @param nodeOptions for Node itself, before the program */
export async function startGatewayProcess(
  configPath: string,
  nodeOptions: readonly string[] = [],
): Promise<GatewayProcess> {
  const typescript = join(ROOT, 'test/support/typescript.cjs');
  const child = spawn(
    process.execPath,
    [...nodeOptions, '-r', typescript, join(ROOT, 'src/main.ts'), '-c', configPath, 'serve'],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LOG_LEVEL: 'silent' } },
  );
  const exited = once(child, 'exit');
  // It does not outlive the one that started it, however that ends.
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void exited.then(() => process.off('exit', killWithUs));
  let written = '';
  child.stdout.on('data', (chunk: Buffer) => {
    written += chunk.toString();
  });
  try {
    return {
      url: await listeningUrl(child),
      pid: child.pid ?? 0,
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
      output: () => written,
      signal: (name) => void child.kill(name),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  let said = '';
  for await (const chunk of child.stderr ?? []) {
    said += String(chunk);
    const url = /listening on (\S+)/.exec(said)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the gateway did not start: ${said}`);
}
