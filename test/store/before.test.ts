/**
 * A database that the gateway wrote while SQLite came with libsql (SQLite 3.45.1), with all four migrations: links, an audit of
 * three updates, idempotency keys, an update that a crash left behind, and queued ones. Nobody in it exists.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createChanges, installationSalt } from '../../src/store/changes';
import { type Database, openDatabase } from '../../src/store/database';
import { createJournal, type Journal } from '../../src/store/journal';
import { createLinks } from '../../src/store/links';
import { createOperations } from '../../src/store/operations';
import { verifyChain } from '../../src/store/verify';
import { claimDue } from '../support/claims';

const WRITTEN = readFileSync(join(__dirname, '../fixtures/store-before-node-sqlite.db.gz'));
const NOW = '2026-11-21T10:00:00.000Z';

let folder: string;
let database: Database;
let journal: Journal;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-before-'));
  writeFileSync(join(folder, 'gateway.db'), gunzipSync(WRITTEN));
  database = await openDatabase(`sqlite:${join(folder, 'gateway.db')}`);
  const salt = await installationSalt(database);
  journal = createJournal(database, {
    values: { kind: 'hashed', salt },
    keyTtlMs: 86_400_000,
    now: () => new Date(NOW),
  });
});
afterAll(async () => {
  await journal.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

const claim = (scope: string) => ({ scope, fingerprint: `f-${scope}`, owner: 'o-9', leaseMs: 60_000 });

test('its links and its audit are there', async () => {
  const links = createLinks(database);
  expect(await links.find('north', 'st-3', 'main')).toBe('pr_33');
  expect(await links.list('north', 'st-1')).toHaveLength(2);
  expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 3 });
  const outcomes = (await createChanges(database).list({ clinic: 'north' }, 10)).map((row) => row.outcome);
  expect(outcomes).toEqual(['unknown', 'refused', 'success']);
});

test('its idempotency keys answer as before', async () => {
  const family = 'Peña Ñandú';
  expect(await journal.claim(claim('key-1'))).toEqual({
    kind: 'replay',
    answer: { status: 200, headers: { etag: '"x"' }, body: { data: { id: 'st-1', name: { family } } } },
  });
  expect(await journal.claim(claim('key-2'))).toMatchObject({ kind: 'mine', settleFirst: true });
  expect(await journal.claim({ ...claim('key-1'), fingerprint: 'another' })).toEqual({ kind: 'reused' });
});

test('its queue goes on', async () => {
  const operations = createOperations(database);
  expect((await operations.list({}, 10)).map(({ status }) => status)).toEqual(['queued', 'succeeded']);
  const [lease] = await claimDue(operations, 'worker', 5, 60);
  expect(lease).toMatchObject({ staffId: 'st-1', number: 1, lenient: true });
  if (lease === undefined) throw new Error('nothing is due');
  expect(await operations.finish(lease, { status: 'succeeded' })).toBe(true);
});

test('what a crash left behind is found and ended, and the audit goes on from there', async () => {
  const [left, ...others] = await journal.takeAbandoned(10, 60_000);
  expect(others).toEqual([]);
  expect(left).toMatchObject({ id: 'a-4', vendorRecordId: 'pr_33', patch: { members: ['name'] } });
  if (left === undefined) throw new Error('nothing was left behind');
  const { id, requestId, clinic, caller, staffId, vendor, vendorRecordId } = left;
  await journal.end({
    attempt: id,
    change: {
      ...{ at: NOW, requestId, clinic, caller, staffId, vendor, vendorRecordId },
      ...{ outcome: 'unknown', status: null, code: 'interrupted', durationMs: 1 },
      ...{ fields: { '/name': 'unknown' }, values: { '/name': { family: 'Left Behind' } } },
    },
  });
  expect(await verifyChain(database)).toMatchObject({ valid: true, rows: 4 });
  expect(await journal.takeAbandoned(10, 60_000)).toEqual([]);
});
