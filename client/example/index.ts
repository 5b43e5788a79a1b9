/**
 * A first program: what can my clinic do, what would happen, do it, and what if it is refused. A test compiles and runs it.
 *
 *     node dist/index.js https://gateway.example.org <key> <staff id>
 */
import { randomUUID } from 'node:crypto';
import { connect, problemIn, type ReceiptRow, wishing } from 'provider-directory-gateway-client';

interface Told {
  writable: string[];
  wouldSend: unknown;
  receipt: ReceiptRow[];
  refusedBecause: string | undefined;
}

async function example(baseUrl: string, key: string, staffId: string): Promise<Told> {
  const gateway = connect(baseUrl, key);

  const { data: capabilities } = await gateway.staff.readCapabilities();
  const writable = capabilities.data.fields.filter(({ write }) => write).map(({ pointer }) => pointer);

  const { data: trial } = await gateway.staff.updateStaff(staffId, { status: 'inactive' }, { dryRun: true });

  const current = await gateway.staff.readStaff(staffId);
  const { data: done } = await gateway.staff.updateStaff(
    staffId,
    { status: 'inactive' },
    {},
    wishing({ ifMatch: current.headers.get('etag') ?? '*', idempotencyKey: randomUUID() }),
  );

  // Refused before anything is sent: there is no such date.
  const refusedBecause = await gateway.staff.updateStaff(staffId, { birthDate: '1990-02-30' }).then(
    () => undefined,
    (error: unknown) => problemIn(error)?.code,
  );

  return { writable, wouldSend: trial.meta.vendorRequest, receipt: done.meta.receipt, refusedBecause };
}

const [, , baseUrl = '', key = '', staffId = ''] = process.argv;
console.log(JSON.stringify(await example(baseUrl, key, staffId), null, 2));
