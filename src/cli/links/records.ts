/** Reads records at the vendors, because a link counts only if its record is there under exactly that id. */
import type { AdapterModule } from '../../adapter/contract';
import type { VendorConfig } from '../../config/types';
import { VendorConnection } from '../../connection/connection';
import { VendorFailure } from '../../connection/failure';
import { whatIsWrong } from '../../connection/vendorAdvice';
import { Deadline } from '../../lib/deadline';
import { patiently } from '../../switch/patience';

export interface RecordReader {
  /**
   * @returns why the record does not count; undefined if it does
   * @throws RecordsUnreadable if that cannot be found out
   */
  judge(vendor: string, recordId: string): Promise<string | undefined>;
  /** Reads of this connection that may be under way at once. */
  concurrency(vendor: string): number;
  close(): Promise<void>;
}

/** A vendor does not let its records be read; the message is for the person who runs the command. */
export class RecordsUnreadable extends Error {}

/** @param vendors configured connections by name, with credentials */
export function createRecordReader(
  vendors: Readonly<Record<string, VendorConfig>>,
  adapters: readonly AdapterModule[],
): RecordReader {
  const connections = new Map<string, ReadableConnection>();
  const connectionTo = (name: string) => {
    const kept = connections.get(name);
    if (kept) return kept;
    const config = vendors[name];
    const module = adapters.find((adapter) => adapter.name === config?.adapter);
    if (config === undefined || module === undefined) throw new TypeError(`${name} is not configured`);
    const opened = new ReadableConnection(new VendorConnection(name, config, module));
    connections.set(name, opened);
    return opened;
  };
  return {
    judge: (vendor, recordId) => connectionTo(vendor).judge(recordId),
    concurrency: (vendor) => vendors[vendor]?.maxConcurrent ?? 1,
    async close() {
      for (const { connection } of connections.values()) await connection.close();
    },
  };
}

class ReadableConnection {
  readonly connection: VendorConnection;
  /** Of a vendor that reads all its records at once: they are read once. */
  #all: Promise<unknown> | undefined;

  constructor(connection: VendorConnection) {
    this.connection = connection;
  }

  async judge(recordId: string): Promise<string | undefined> {
    const { name, adapter } = this.connection;
    const missing = `${name} has no record "${recordId}"`;
    if (!this.connection.admits(recordId)) return missing;
    try {
      const record = await this.#read(recordId);
      if (record === null || record === undefined) return missing;
      const shown = adapter.idOf(record);
      return shown === recordId ? undefined : `${name} shows another id for the record "${recordId}"`;
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      if (error.kind === 'record_not_found') return missing;
      // The vendor has something against this one record.
      if (error.kind === 'rejected' || error.kind === 'unexpected_response')
        return `the record "${recordId}" cannot be read at ${name}: ${error.reason}`;
      throw new RecordsUnreadable(`the records cannot be read: ${name} ${whatIsWrong(error)}`);
    }
  }

  async #read(recordId: string) {
    const { adapter, config } = this.connection;
    const request = adapter.read(recordId);
    if (request.path !== adapter.read(`${recordId}0`).path) {
      return patiently(() => this.connection.read(recordId, new Deadline(config.timeoutMs)));
    }
    this.#all ??= patiently(() => this.connection.probe(request, new Deadline(config.timeoutMs)));
    return adapter.record(await this.#all, recordId);
  }
}

/** A record to be judged, and what it is judged for. */
export interface Judged<Of> {
  vendor: string;
  vendorRecordId: string;
  of: Of;
}

/**
 * Judges records, as many at once as each connection allows. `onVerdict` is called, and awaited, for one at a time, in any
 * order; `reason` is undefined if the record counts.
 * @throws RecordsUnreadable
 */
export async function judgeRecords<Of>(
  records: AsyncIterable<Judged<Of>>,
  reader: RecordReader,
  onVerdict: (of: Of, reason: string | undefined) => void | Promise<void>,
): Promise<void> {
  const running = new Map<string, Set<Promise<void>>>();
  let verdicts: [Of, string | undefined][] = [];
  const tell = async () => {
    const told = verdicts;
    verdicts = [];
    for (const [of, reason] of told) await onVerdict(of, reason);
  };
  try {
    for await (const { vendor, vendorRecordId, of } of records) {
      const reads = running.get(vendor) ?? new Set();
      running.set(vendor, reads);
      if (reads.size >= reader.concurrency(vendor)) await Promise.race(reads);
      await tell();
      const read: Promise<void> = reader
        .judge(vendor, vendorRecordId)
        .then((reason) => void verdicts.push([of, reason]));
      reads.add(read);
      read.then(
        () => reads.delete(read),
        // It stays, so that the next look at it fails.
        () => {},
      );
    }
    await Promise.all([...running.values()].flatMap((reads) => [...reads]));
    await tell();
  } finally {
    await Promise.allSettled([...running.values()].flatMap((reads) => [...reads]));
  }
}
