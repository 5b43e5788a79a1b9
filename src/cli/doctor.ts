/** `doctor`: does each vendor connection work, and do the codes in the configuration exist at the vendor? Changes nothing. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule } from '../adapter/contract';
import { loadConfig } from '../config/load';
import type { GatewayConfig } from '../config/types';
import { examine, type Finding, inJson } from '../connection/doctor';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';
import { printable } from './printable';

export function doctorCommand(program: Command, context: CommandContext): void {
  const command = withJson(program.command('doctor'))
    .description(
      'check each vendor connection: reachability, credentials, their right to write, and the codes that are mapped',
    )
    .addHelpText('after', '\nChanges nothing anywhere.')
    .action(async ({ json }: { json?: boolean }) => {
      const { config } = await loadConfig(context.configPath(), context);
      context.exit(await doctor({ ...context, config, json: json === true }));
    });
  exitCodes(command, 'all checks passed', 'the configuration cannot be used', 'a check failed');
}

export interface DoctorOptions {
  config: GatewayConfig;
  adapters: readonly AdapterModule[];
  out: Writable;
  /** A document instead of a table. */
  json?: boolean;
}

/** @returns the exit code: 0 all checks passed, 2 a check failed */
export async function doctor({ config, adapters, out, json = false }: DoctorOptions): Promise<number> {
  const findings = await Promise.all(
    Object.entries(config.vendors).map(([name, vendor]) => examine(name, vendor, config, adapters)),
  );
  const rows = findings.flat();
  const failed = rows.filter(({ result }) => result === 'FAILED').length;
  if (json) {
    writeJson(out, { passed: failed === 0, checks: rows.map(inJson) });
    return failed === 0 ? 0 : 2;
  }
  out.write(table(rows) + mappedCodes(rows));
  out.write(failed === 0 ? '\nAll checks passed.\n' : `\n${failed} of ${rows.length} checks failed.\n`);
  return failed === 0 ? 0 : 2;
}

function table(findings: readonly Finding[]): string {
  const head = { connection: 'CONNECTION', check: 'CHECK', result: 'RESULT', detail: 'DETAIL' };
  const rows = [head, ...findings];
  const width = (key: keyof typeof head) => Math.max(...rows.map((row) => row[key].length));
  const [connection, check, result] = [width('connection'), width('check'), width('result')];
  return rows
    .map((row) =>
      [
        row.connection.padEnd(connection),
        row.check.padEnd(check),
        row.result.padEnd(result),
        printable(row.detail),
      ].join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** So that a person sees whether each code means there what it means here. */
function mappedCodes(findings: readonly Finding[]): string {
  return findings
    .filter(({ codes = [] }) => codes.length > 0)
    .map(({ connection, check, codes = [] }) => {
      const lines = codes.map(({ code, vendorCode, name = '', state }) => {
        const remark = state === 'active' ? '' : ` (${state})`;
        return `  ${printable(`${code} → ${[vendorCode, name].join(' ').trim()}${remark}`)}\n`;
      });
      return `\n${connection} ${check}, with the vendor’s names:\n${lines.join('')}`;
    })
    .join('');
}
