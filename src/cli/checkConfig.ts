import { stringify } from 'yaml';
import { type LoadOptions, loadConfig } from '../../config/load';
import { maskConfig } from '../../config/mask';
import { ConfigError, problemLine } from '../../config/problem';

/** Where text goes; `process.stdout` is one. */
interface Output {
  write(text: string): unknown;
}

export interface CheckConfigOptions extends LoadOptions {
  path: string;
  /** Takes the effective configuration as YAML, secrets masked, with the warnings as comments. */
  out: Output;
  /** Takes the problems, one a line. */
  err: Output;
}

/** Checks a configuration file and prints what the gateway would use. Returns the exit code: 0, or 1 for a bad file. */
export async function checkConfig({ path, adapters, env, out, err }: CheckConfigOptions): Promise<number> {
  try {
    const { config, warnings } = await loadConfig(path, { adapters, env });
    for (const warning of warnings) out.write(`# Warning: ${warning}\n`);
    out.write(stringify(maskConfig(config)));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) err.write(`${problemLine(problem)}\n`);
    return 1;
  }
}
