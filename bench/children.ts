/** The processes of a run: started here, measured from /proc, and ended here by their process ids, whatever happens. */
import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Announcement } from './subjects/announce';

/** Of `utime` and `stime` in /proc/<pid>/stat; Linux shows them in hundredths of a second on every machine. */
const TICKS_PER_SECOND = 100;
const STOP_PATIENCE_MS = 5000;

export class Children {
  readonly #running = new Map<ChildProcess, string>();

  /** Starts a module of this folder. It is given an IPC channel. */
  fork(name: string, module: string, env: NodeJS.ProcessEnv = {}, execArgv: string[] = []): ChildProcess {
    const child = fork(join(__dirname, module), [], {
      env: { ...process.env, NODE_ENV: 'production', ...env },
      execArgv,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return this.#keep(name, child);
  }

  /** Starts another program of Node. */
  spawn(name: string, args: string[], options: SpawnOptions): ChildProcess {
    return this.#keep(name, spawn(process.execPath, args, options));
  }

  /** Asks one process to end, waits, and ends it by force where that takes too long. */
  async stop(child: ChildProcess): Promise<void> {
    if (!this.#running.delete(child) || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(late);
  }

  async stopAll(except: readonly ChildProcess[] = []): Promise<void> {
    const ending = [...this.#running.keys()].filter((child) => !except.includes(child));
    await Promise.all(ending.map((child) => this.stop(child)));
  }

  /** For the last moment of the harness, when nothing can be waited for. */
  killAll(): void {
    for (const child of this.#running.keys()) child.kill('SIGKILL');
  }

  /** @throws Error when one of the processes has ended on its own */
  check(): void {
    for (const [child, name] of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${name} has ended by itself`);
    }
  }

  #keep(name: string, child: ChildProcess): ChildProcess {
    this.#running.set(child, name);
    return child;
  }
}

/** The next IPC message of a child. The caller knows what its own child sends. */
export function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('a process of the benchmark ended while it was waited for'));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message as Message);
    });
  });
}

export function ask<Message>(child: ChildProcess, order: object | string): Promise<Message> {
  const answer = nextMessage<Message>(child);
  child.send(order);
  return answer;
}

/** Where a child listens that says so. */
export async function originOf(child: ChildProcess): Promise<string> {
  const { port } = await nextMessage<Announcement>(child);
  return `http://127.0.0.1:${port}`;
}

export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process could not be started');
  return child.pid;
}

/** CPU time of the whole process so far, user and system, all its threads, in microseconds. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}

/** `VmHWM` is the highest resident size so far, `VmRSS` the present one. */
export function memoryMb(pid: number, line: 'VmHWM' | 'VmRSS'): number {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1]) / 1024;
}
