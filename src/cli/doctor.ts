/** `doctor`: does each vendor connection work, and do the codes in the configuration exist at the vendor? Changes nothing. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule, ReferenceList } from '../adapter/contract';
import { loadConfig } from '../config/load';
import type { GatewayConfig, VendorConfig } from '../config/types';
import { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { Deadline } from '../lib/deadline';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';

export function doctorCommand(program: Command, context: CommandContext): void {
  const command = withJson(program.command('doctor'))
    .description('check each vendor connection: reachability, credentials, and codes that do not exist there')
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

type Result = 'ok' | 'FAILED' | '-';
const IN_JSON: Readonly<Record<Result, string>> = { ok: 'ok', FAILED: 'failed', '-': 'not_checked' };

interface Finding {
  connection: string;
  check: string;
  result: Result;
  detail: string;
}

/** More pages than any list has; a vendor that never ends must not keep the doctor. */
const MOST_PAGES = 100;
/** So many unknown codes are named in one line. */
const MOST_NAMED = 5;

/** @returns the exit code: 0 all checks passed, 2 a check failed */
export async function doctor({ config, adapters, out, json = false }: DoctorOptions): Promise<number> {
  const findings = await Promise.all(
    Object.entries(config.vendors).map(([name, vendor]) => examine(name, vendor, config, adapters)),
  );
  const rows = findings.flat();
  const failed = rows.filter(({ result }) => result === 'FAILED').length;
  if (json) {
    const checks = rows.map(({ result, ...row }) => ({ ...row, result: IN_JSON[result] }));
    writeJson(out, { passed: failed === 0, checks });
    return failed === 0 ? 0 : 2;
  }
  out.write(table(rows));
  out.write(failed === 0 ? '\nAll checks passed.\n' : `\n${failed} of ${rows.length} checks failed.\n`);
  return failed === 0 ? 0 : 2;
}

async function examine(
  name: string,
  vendor: VendorConfig,
  config: GatewayConfig,
  adapters: readonly AdapterModule[],
): Promise<Finding[]> {
  const module = adapters.find((adapter) => adapter.name === vendor.adapter);
  if (module === undefined) throw new TypeError(`no adapter is named ${vendor.adapter}`);
  const connection = new VendorConnection(name, vendor, module);
  const finding = (check: string, result: Result, detail: string) => ({
    connection: name,
    check,
    result,
    detail,
  });
  try {
    const { checks } = connection.adapter;
    if (checks === undefined) return [finding('connection', '-', 'this adapter has no checks')];
    const access = await reach(connection);
    const rows = access.map(([check, result, detail]) => finding(check, result, detail));
    if (rows.some(({ result }) => result === 'FAILED')) return rows;
    const names = [...new Set([...Object.keys(checks.lists), ...Object.keys(vendor.codes)])].sort();
    for (const list of names) {
      const [result, detail] = await judge(connection, checks.lists[list], vendor.codes[list] ?? {});
      rows.push(finding(`codes.${list}`, result, detail));
    }
    return [...rows, finding('clinics', ...usedBy(name, config))];
  } finally {
    await connection.close();
  }
}

function usedBy(name: string, { clinics }: GatewayConfig): [Result, string] {
  const users = Object.keys(clinics).filter((clinic) => clinics[clinic]?.vendor === name);
  return users.length === 0 ? ['-', 'no clinic uses this connection'] : ['ok', users.join(', ')];
}

/** What to do about each kind of failure of a plain read. */
const ADVICE: Readonly<Partial<Record<VendorFailure['kind'], string>>> = {
  unavailable: 'cannot be reached, or fails: check baseUrl, the network and the certificate',
  timeout: 'does not answer in time: check baseUrl and the network, or raise timeoutMs',
  record_not_found: 'answers that there is no such page: check the path in baseUrl, and the options',
  unexpected_response: 'does not answer as its contract says: check baseUrl and the options',
  rate_limited: 'asks for a pause: try again later',
  quota_exhausted: 'says that the quota is used up: see your plan at the vendor',
};

async function reach(connection: VendorConnection): Promise<[string, Result, string][]> {
  const request = connection.adapter.checks?.credentials;
  if (request === undefined) return [];
  try {
    await connection.probe(request, deadlineOf(connection));
    return [
      ['reachable', 'ok', connection.config.baseUrl],
      ['credentials', 'ok', 'a read was answered'],
    ];
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    const status = error.status === undefined ? '' : ` (status ${error.status})`;
    if (error.kind === 'credentials_rejected' || error.kind === 'session_expired') {
      return [
        ['reachable', 'ok', connection.config.baseUrl],
        ['credentials', 'FAILED', `are refused${status}: check credentials, and their rights at the vendor`],
      ];
    }
    return [['reachable', 'FAILED', `${ADVICE[error.kind] ?? 'refuses a plain read'}${status}`]];
  }
}

async function judge(
  connection: VendorConnection,
  list: ReferenceList | string | undefined,
  configured: Readonly<Record<string, string | number>>,
): Promise<[Result, string]> {
  if (list === undefined) return ['-', 'cannot be checked: the vendor has no such list'];
  if (typeof list === 'string') return ['-', `cannot be checked: ${list}`];
  const entries = Object.entries(configured);
  if (entries.length === 0) return ['-', 'none configured'];
  const known = await codesAt(connection, list);
  if (typeof known === 'string') return ['FAILED', `the vendor’s list cannot be read: ${known}`];
  const fold = list.fold ?? ((code: string) => code);
  const existing = new Set(known.map(fold));
  const unknown = entries.filter(([, code]) => !existing.has(fold(String(code))));
  if (unknown.length === 0) return ['ok', `${entries.length} of ${entries.length} exist at the vendor`];
  const named = unknown.slice(0, MOST_NAMED).map(([code, vendorCode]) => `${code}: ${vendorCode}`);
  const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : '';
  return ['FAILED', `not at the vendor: ${named.join(', ')}${more}`];
}

/** All codes of a list, page by page; a text says why not. */
async function codesAt(connection: VendorConnection, list: ReferenceList): Promise<string[] | string> {
  const codes: string[] = [];
  let request: ReferenceList['request'] | undefined = list.request;
  for (let page = 0; request !== undefined && page < MOST_PAGES; page += 1) {
    try {
      const body = await connection.probe(request, deadlineOf(connection));
      const found = list.codes(body);
      if (found === undefined) return 'its answer is no list';
      codes.push(...found);
      request = list.next?.(body);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return ADVICE[error.kind] ?? error.reason;
    }
  }
  return codes;
}

function deadlineOf({ config }: VendorConnection): Deadline {
  return new Deadline(config.timeoutMs);
}

function table(findings: readonly Finding[]): string {
  const head = { connection: 'CONNECTION', check: 'CHECK', result: 'RESULT', detail: 'DETAIL' };
  const rows = [head, ...findings];
  const width = (key: keyof Finding) => Math.max(...rows.map((row) => row[key].length));
  const [connection, check, result] = [width('connection'), width('check'), width('result')];
  return rows
    .map((row) =>
      [
        row.connection.padEnd(connection),
        row.check.padEnd(check),
        row.result.padEnd(result),
        // Codes come from a file, and a file must not control the terminal.
        row.detail.replace(/\p{C}/gu, '\uFFFD'),
      ].join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}
