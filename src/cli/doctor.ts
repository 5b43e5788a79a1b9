/** `doctor`: does each vendor connection work, and do the codes in the configuration exist at the vendor? Changes nothing. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule, ConnectionChecks, ReferenceEntry, ReferenceList } from '../adapter/contract';
import { loadConfig } from '../config/load';
import type { GatewayConfig, VendorConfig } from '../config/types';
import { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { Deadline } from '../lib/deadline';
import { type CommandContext, exitCodes, withJson, writeJson } from './command';
import { printable } from './printable';
import { adviceOn } from './vendorAdvice';

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

type Result = 'ok' | 'FAILED' | '-';
const IN_JSON: Readonly<Record<Result, string>> = { ok: 'ok', FAILED: 'failed', '-': 'not_checked' };

interface Finding {
  connection: string;
  check: string;
  result: Result;
  detail: string;
  /** Of a code list: each configured code, and what the vendor calls the one that it stands for. */
  codes?: MappedCode[];
}

interface MappedCode {
  code: string;
  vendorCode: string | number;
  name?: string;
  state: 'active' | 'inactive' | 'missing';
}

/** More pages than any list has; a vendor that never ends must not keep the doctor. */
const MOST_PAGES = 100;
/** So many codes are named in one line. */
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
  out.write(table(rows) + mappedCodes(rows));
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
    if (checks.abilities)
      rows.push(finding('abilities', ...(await abilitiesOf(connection, checks.abilities))));
    const names = [...new Set([...Object.keys(checks.lists), ...Object.keys(vendor.codes)])].sort();
    for (const list of names) {
      const judged = await judge(connection, checks.lists[list], vendor.codes[list] ?? {});
      rows.push({ ...finding(`codes.${list}`, judged.result, judged.detail), ...judged });
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

async function reach(connection: VendorConnection): Promise<[string, Result, string][]> {
  const request = connection.adapter.checks?.credentials;
  if (request === undefined) return [];
  try {
    await connection.probe(request, deadlineOf(connection));
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    if (isRefused(error)) {
      return [
        ['reachable', 'ok', connection.config.baseUrl],
        [
          'credentials',
          'FAILED',
          `are refused${statusOf(error)}: check credentials, and their rights at the vendor`,
        ],
      ];
    }
    return [['reachable', 'FAILED', `${adviceOn(error) ?? 'refuses a plain read'}${statusOf(error)}`]];
  }
  return [
    ['reachable', 'ok', connection.config.baseUrl],
    ['credentials', 'ok', 'a read was answered'],
    ...(await mayWrite(connection)),
  ];
}

async function mayWrite(connection: VendorConnection): Promise<[string, Result, string][]> {
  const write = connection.adapter.checks?.write;
  if (write === undefined) return [];
  if (typeof write === 'string') return [['write', '-', `cannot be checked: ${write}`]];
  const allowed: [string, Result, string] = ['write', 'ok', 'an update that changes nothing was let through'];
  try {
    await connection.probe(write.request, deadlineOf(connection));
    return [allowed];
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    if (write.proof.includes(error.kind)) return [allowed];
    const detail = isRefused(error)
      ? `the credentials may read, but not write${statusOf(error)}: give them that right at the vendor`
      : `an update that changes nothing is not answered as it should be: the vendor ${adviceOn(error) ?? 'refuses it'}${statusOf(error)}`;
    return [['write', 'FAILED', detail]];
  }
}

/** What the vendor says that it cannot do is missed by somebody sooner or later. */
async function abilitiesOf(
  connection: VendorConnection,
  { request, missing }: NonNullable<ConnectionChecks['abilities']>,
): Promise<[Result, string]> {
  try {
    const lacks = missing(await connection.probe(request, deadlineOf(connection)));
    if (lacks === undefined) return ['-', 'the vendor does not say what it can do'];
    return lacks.length === 0
      ? ['ok', 'all that is needed']
      : ['FAILED', `the vendor says: ${lacks.join('; ')}`];
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return ['-', `the vendor does not say what it can do: it ${adviceOn(error) ?? 'refuses a plain read'}`];
  }
}

function isRefused({ kind }: VendorFailure): boolean {
  return kind === 'credentials_rejected' || kind === 'session_expired';
}

function statusOf({ status }: VendorFailure): string {
  return status === undefined ? '' : ` (status ${status})`;
}

type Judged = Pick<Finding, 'result' | 'detail' | 'codes'>;

async function judge(
  connection: VendorConnection,
  list: ReferenceList | string | undefined,
  configured: Readonly<Record<string, string | number>>,
): Promise<Judged> {
  if (list === undefined) return { result: '-', detail: 'cannot be checked: the vendor has no such list' };
  if (typeof list === 'string') return { result: '-', detail: `cannot be checked: ${list}` };
  if (Object.keys(configured).length === 0) return { result: '-', detail: 'none configured' };
  const known = await entriesAt(connection, list);
  if (typeof known === 'string') {
    return { result: 'FAILED', detail: `the vendor’s list cannot be read: ${known}` };
  }
  const fold = list.fold ?? ((code: string) => code);
  const existing = new Map(known.map((entry) => [fold(entry.code), entry]));
  const codes = Object.entries(configured).map(([code, vendorCode]): MappedCode => {
    const entry = existing.get(fold(String(vendorCode)));
    const state = entry === undefined ? 'missing' : entry.inactive === true ? 'inactive' : 'active';
    return { code, vendorCode, ...(entry?.name !== undefined && { name: entry.name }), state };
  });
  const findings = [
    ...named(
      'not at the vendor',
      codes.filter(({ state }) => state === 'missing'),
    ),
    ...named(
      'inactive at the vendor',
      codes.filter(({ state }) => state === 'inactive'),
    ),
  ];
  if (findings.length > 0) return { result: 'FAILED', detail: findings.join('; '), codes };
  return { result: 'ok', detail: `${codes.length} of ${codes.length} exist at the vendor`, codes };
}

function named(what: string, codes: readonly MappedCode[]): string[] {
  if (codes.length === 0) return [];
  const some = codes.slice(0, MOST_NAMED).map(({ code, vendorCode }) => `${code}: ${vendorCode}`);
  const more = codes.length > MOST_NAMED ? ` and ${codes.length - MOST_NAMED} more` : '';
  return [`${what}: ${some.join(', ')}${more}`];
}

/** All entries of a list, page by page; a text says why not. */
async function entriesAt(
  connection: VendorConnection,
  list: ReferenceList,
): Promise<ReferenceEntry[] | string> {
  const entries: ReferenceEntry[] = [];
  let request: ReferenceList['request'] | undefined = list.request;
  for (let page = 0; request !== undefined && page < MOST_PAGES; page += 1) {
    try {
      const body = await connection.probe(request, deadlineOf(connection));
      const found = list.entries(body);
      if (found === undefined) return 'its answer is no list';
      entries.push(...found);
      request = list.next?.(body);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return adviceOn(error) ?? error.reason;
    }
  }
  return entries;
}

function deadlineOf({ config }: VendorConnection): Deadline {
  return new Deadline(config.timeoutMs);
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
