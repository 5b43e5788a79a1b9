/** The command line as people call it: a process, its output and its exit code. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { PROGRAM } from './gatewayProcess';

const ROOT = join(__dirname, '../..');

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** @param program what Node runs; the gateway's program if absent */
export function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  program: readonly string[] = PROGRAM,
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...program, ...args],
      { cwd: ROOT, env: { ...process.env, ...env }, timeout: 120_000 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err }),
    );
  });
}
