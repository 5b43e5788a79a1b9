/** A gateway in a process of its own, so that a test can kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

export interface GatewayProcess {
  url: string;
  /** Where metrics and health are. */
  opsUrl: string;
  pid: number;
  /** Ends it at once, as a power failure would; resolves when it is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Its exit code, when it is gone; null after a signal that it did not handle. */
  exited: Promise<number | null>;
  /** Resolves when it has ended, in whatever way. */
  gone: Promise<unknown>;
  /** What it has written to its standard output so far. */
  output(): string;
}

/** Lets Node run the sources. */
export const TYPESCRIPT = ['-r', join(ROOT, 'test/support/typescript.cjs')];

const bundle = process.env.GATEWAY_TEST_BUNDLE;

/** What Node runs as the program: the bundle, where the suite has made it (test/batches/setup.cjs), or else the sources. */
export const PROGRAM: readonly string[] =
  bundle === undefined
    ? [...TYPESCRIPT, join(ROOT, 'src/main.ts')]
    : ['--max-semi-space-size=8', join(bundle, 'gateway.js')];

/** @param nodeOptions for Node itself, before the program */
export async function startGatewayProcess(
  configPath: string,
  nodeOptions: readonly string[] = [],
  program = PROGRAM,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [...nodeOptions, ...program, '-c', configPath, 'serve'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'silent' },
  });
  const exited: Promise<number | null> = once(child, 'exit').then(([code]) => code);
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
      ...(await urlsOf(child)),
      pid: child.pid ?? 0,
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
      output: () => written,
      exited,
      gone: exited,
      signal: (name) => void child.kill(name),
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function urlsOf(child: ChildProcess): Promise<{ url: string; opsUrl: string }> {
  let said = '';
  for await (const chunk of child.stderr ?? []) {
    said += String(chunk);
    const [, opsUrl, url] = /metrics and health on (\S+)\nlistening on (\S+)/.exec(said) ?? [];
    if (url !== undefined && opsUrl !== undefined) return { url, opsUrl };
  }
  throw new Error(`the gateway did not start: ${said}`);
}
