/** Does a vendor connection work, and do the codes in the configuration exist at the vendor? Changes nothing anywhere. */
import type { AdapterModule, ConnectionChecks, ReferenceEntry, ReferenceList } from '../adapter/contract';
import type { GatewayConfig, VendorConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import { VendorConnection } from './connection';
import { VendorFailure } from './failure';
import { adviceOn } from './vendorAdvice';

type Result = 'ok' | 'FAILED' | '-';

export interface Finding {
  connection: string;
  check: string;
  result: Result;
  detail: string;
  /** Of a code list: each configured code, and what the vendor calls the one that it stands for. */
  codes?: MappedCode[];
}

export interface MappedCode {
  code: string;
  vendorCode: string | number;
  name?: string;
  state: 'active' | 'inactive' | 'missing';
}

const IN_JSON: Readonly<Record<Result, string>> = { ok: 'ok', FAILED: 'failed', '-': 'not_checked' };

/** As documents name the results. */
export function inJson({ result, ...row }: Finding): Omit<Finding, 'result'> & { result: string } {
  return { ...row, result: IN_JSON[result] };
}

/** More pages than any list has; a vendor that never ends must not keep the doctor. */
const MOST_PAGES = 100;
/** So many codes are named in one line. */
const MOST_NAMED = 5;

/**
 * With a connection of its own, so that what it finds out is neither held back by the breaker of the running one nor counted there.
 * @param name the connection's name in the configuration
 */
export async function examine(
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
      : ['FAILED', `the vendor has ${lacks.join('; ')}`];
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return ['-', `the vendor does not say what it can do: it ${adviceOn(error) ?? 'refuses a plain read'}`];
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
export async function entriesAt(
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
