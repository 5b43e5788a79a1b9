import { stringify } from 'yaml';
import { type LoadOptions, loadConfig } from '../config/load';
import { maskConfig } from '../config/mask';
import { ConfigError } from '../config/problem';
import type { LoadedConfig } from '../config/read';
import { problemText } from './problems';

/** Where text goes; `process.stdout` is one. */
interface Output {
  write(text: string): unknown;
}

export interface CheckConfigOptions extends LoadOptions {
  path: string;
  /** Takes the effective configuration as YAML, secrets masked, with the warnings as comments. */
  out: Output;
  /** Takes the verdict: one line that begins with OK, or the problems, one a line, and what to do. */
  err: Output;
}

/** Checks a configuration file and prints what the gateway would use. Returns the exit code: 0, or 1 for a bad file. */
export async function checkConfig({ path, adapters, env, out, err }: CheckConfigOptions): Promise<number> {
  try {
    const loaded = await loadConfig(path, { adapters, env });
    for (const warning of loaded.warnings) out.write(`# Warning: ${warning}\n`);
    out.write(stringify(maskConfig(loaded.config)));
    err.write(`OK: ${path} can be used: ${contents(loaded)}.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    err.write(problemText(path, error.problems));
    return 1;
  }
}

/** Numbers by which a file that is not the one that was meant is recognised. */
function contents({ config: { vendors, clinics, callers, tokens }, warnings }: LoadedConfig): string {
  const told = [
    counted(Object.keys(vendors).length, 'vendor connection'),
    counted(Object.keys(clinics).length, 'clinic'),
    counted(callers.length, 'caller'),
  ];
  if (tokens.length > 0) told.push(counted(tokens.length, 'token issuer'));
  if (warnings.length > 0) told.push(`${counted(warnings.length, 'warning')} (the lines with "# Warning")`);
  return told.join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
