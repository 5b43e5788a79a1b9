/** A vendor's whole list, page by page. What is given is complete only if it ended without a failure. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordList, VendorRecord, VendorRequest } from '../adapter/contract';
import type { Deadline } from '../lib/deadline';
import { isObject } from '../lib/json';
import type { SlidingLimit } from '../lib/limits';
import { unexpectedResponse, VendorFailure } from './failure';

export interface ListedRecord {
  id: string;
  record: VendorRecord;
}

export interface ListPage {
  records: readonly ListedRecord[];
  /** Rows that are no record, such as one without an id. */
  skipped: number;
  /** Of the last page: how many rows more the vendor counts than it has listed. */
  missing: number;
  /** Records that lead to a part in a further resource which its list does not have. */
  partless: number;
}

export interface ListParts {
  /** For all pages together, waiting included. */
  whole: Deadline;
  /** Pages wait for their turn here, so that other calls get theirs. */
  pace: SlidingLimit | undefined;
  idOf: (record: VendorRecord) => string | undefined;
  /** @throws VendorFailure */
  fetch: (request: VendorRequest) => Promise<unknown>;
}

/** Far more than a clinic has; a vendor whose list never ends must not fill the memory. */
const MOST_PAGES = 2_000;
const MOST_RECORDS = 50_000;

/** The list is not what it was when its reading began: pages may have moved over each other. It is worth another try. */
export class ListChanged extends Error {
  override readonly name = 'ListChanged';
}

/** @throws ListChanged; VendorFailure as soon as a page cannot be read, or cannot be followed by its next one */
export async function* readPages(
  list: RecordList,
  parts: ListParts,
): AsyncGenerator<Omit<ListPage, 'partless'>> {
  const asked = new Set<string>();
  const seen = new Set<string>();
  let request: VendorRequest | undefined = list.first;
  let total: number | undefined;
  let listed = 0;
  while (request !== undefined) {
    if (asked.has(request.path)) throw unexpectedResponse('The vendor’s list leads back to an earlier page.');
    asked.add(request.path);
    const body = await inTurn(request, parts);
    const rows = list.rows(body);
    if (rows === undefined) throw unexpectedResponse('The vendor’s answer is no page of a list.');
    const said = list.total?.(body);
    if (total !== undefined && said !== undefined && said !== total) throw new ListChanged();
    total ??= said;
    listed += rows.length;
    const next: VendorRequest | undefined = list.next?.(body, request);
    const missing = next === undefined ? Math.max(0, (total ?? 0) - listed) : 0;
    yield { ...pageOf(rows, seen, parts.idOf), missing };
    if (asked.size > MOST_PAGES || seen.size > MOST_RECORDS) {
      throw unexpectedResponse('The vendor’s list does not end.');
    }
    request = next;
  }
}

/** A list that changes while it is read may show a record on two pages. */
function pageOf(
  rows: readonly unknown[],
  seen: Set<string>,
  idOf: ListParts['idOf'],
): Pick<ListPage, 'records' | 'skipped'> {
  const records: ListedRecord[] = [];
  let skipped = 0;
  for (const record of rows) {
    const id = isObject(record) ? idOf(record) : undefined;
    if (!isObject(record) || id === undefined) skipped += 1;
    else if (!seen.has(id)) {
      seen.add(id);
      records.push({ id, record });
    }
  }
  return { records, skipped };
}

/** A page that came too fast is asked for again when the vendor, or the ceiling, lets it. */
async function inTurn(request: VendorRequest, { whole, pace, fetch }: ListParts): Promise<unknown> {
  for (;;) {
    const turn = pace?.take(whole.remaining()) ?? 0;
    if (turn > whole.remaining()) throw tooSlow(turn);
    if (turn > 0) await pause(turn);
    try {
      return await fetch(request);
    } catch (error) {
      if (!(error instanceof VendorFailure) || error.kind !== 'rate_limited') throw error;
      const milliseconds = (error.retryAfter ?? 1) * 1000;
      if (milliseconds >= whole.remaining()) throw error;
      await pause(milliseconds);
    }
  }
}

/** Nobody may be waiting for the list any more, so it does not keep the process. */
function pause(milliseconds: number): Promise<void> {
  return sleep(milliseconds, undefined, { ref: false });
}

function tooSlow(milliseconds: number): VendorFailure {
  return new VendorFailure({
    kind: 'rate_limited',
    fate: 'not_sent',
    reason: 'The list has more pages than the ceiling on calls lets through in time.',
    retryAfter: Math.ceil(milliseconds / 1000),
  });
}
