/** `check-config`: can the configuration be used, and what takes effect? */
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { type LoadOptions, loadConfig } from '../config/load';
import { maskConfig } from '../config/mask';
import { ConfigError } from '../config/problem';
import type { LoadedConfig } from '../config/read';
import { type CommandContext, exitCodes, withJson } from './command';
import { problemText } from './problems';

export function checkConfigCommand(program: Command, context: CommandContext): void {
  const command = withJson(program.command('check-config'))
    .description('check the configuration and print what takes effect, secrets masked')
    .action(async ({ json }: { json?: boolean }) => {
      context.exit(await checkConfig({ ...context, path: context.configPath(), json: json === true }));
    });
  exitCodes(command, 'the configuration can be used', 'it cannot');
}

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
  /** A document with all of it on `out`, instead of YAML. */
  json?: boolean;
}

/** Checks a configuration file and prints what the gateway would use. Returns the exit code: 0, or 1 for a bad file. */
export async function checkConfig({
  path,
  adapters,
  env,
  out,
  err,
  json = false,
}: CheckConfigOptions): Promise<number> {
  try {
    const loaded = await loadConfig(path, { adapters, env });
    const { warnings } = loaded;
    const config = maskConfig(loaded.config);
    out.write(
      json ? document({ file: path, usable: true, warnings, problems: [], config }) : yaml(config, warnings),
    );
    err.write(`OK: ${path} can be used: ${contents(loaded)}.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { problems } = error;
    if (json) out.write(document({ file: path, usable: false, warnings: [], problems }));
    err.write(problemText(path, problems));
    return 1;
  }
}

function yaml(config: unknown, warnings: readonly string[]): string {
  return [...warnings.map((warning) => `# Warning: ${warning}\n`), stringify(config)].join('');
}

function document(found: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(found, null, 2)}\n`;
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
