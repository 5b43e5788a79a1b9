/**
 * What a vendor, or the network before it, can do wrong; each case on each vendor, over real sockets, with the status, the
 * code and the outcome that the caller must be told. One gateway with one connection per case, so that the cases run side
 * by side and cannot disturb each other.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { createCobaltSandbox } from '../../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { createFhirSandbox, FHIR_BASE } from '../../sandbox/fhir';
import { createVitalisSandbox } from '../../sandbox/vitalis';
import { createLog } from '../../src/ops/log';
import { PROBLEMS, type ProblemCode } from '../../src/problem';
import { type RunningGateway, serve } from '../../src/serve';
import { openDatabase } from '../../src/store/database';
import {
  type Certificates,
  type FaultNet,
  instead,
  late,
  makeCertificates,
  NET,
  type NetFault,
  openFaultNet,
  openUnresponsivePort,
} from '../support/faultNet';

const VENDORS = ['clinikapi', 'vitalis', 'cobalt', 'fhir'] as const;
type Vendor = (typeof VENDORS)[number];

/** What one update or read may take at the vendor: little where a case waits for the end of it, plenty where none does. */
const SHORT_MS = 3000;
const LONG_MS = 10_000;
/** What may be added to that. */
const MARGIN_MS = 250;

const RECORD_IDS: Readonly<Record<Vendor, string>> = {
  clinikapi: 'pr_abc123',
  vitalis: '1',
  cobalt: 'abc123def4567890abcdef1234567890',
  fhir: 'role-abc123',
};

/** Planted values, which no answer and no log may show. */
const CANARY_ID = '30111222';
const CANARIES = [
  CANARY_ID,
  '12345678',
  'Canary Street',
  SANDBOX_CREDENTIALS.clinikapi.liveKey,
  SANDBOX_CREDENTIALS.vitalis.staticAdminToken,
  SANDBOX_CREDENTIALS.vitalis.admin.password,
  SANDBOX_CREDENTIALS.cobalt.clientSecret,
  SANDBOX_CREDENTIALS.cobalt.accessToken,
  SANDBOX_CREDENTIALS.fhir.token,
];

/** A change that needs no read where the vendor takes changes, and one that does. */
const UPDATES: Readonly<Record<Vendor, unknown>> = {
  clinikapi: { status: 'inactive' },
  vitalis: { status: 'on-leave', nationalId: CANARY_ID },
  cobalt: { status: 'inactive' },
  fhir: { status: 'inactive' },
};
const MERGES: Readonly<Record<Vendor, unknown>> = {
  clinikapi: { period: { end: '2031-01-01' } },
  vitalis: { status: 'inactive', address: { text: '1 Canary Street' } },
  cobalt: {
    availableTime: [{ daysOfWeek: ['mon'], availableStartTime: '09:00', availableEndTime: '12:00' }],
  },
  fhir: { period: { end: '2031-01-01' } },
};

type Sandbox = ReturnType<typeof createSandboxOf>;

function createSandboxOf(vendor: Vendor) {
  if (vendor === 'fhir') return createFhirSandbox();
  if (vendor === 'clinikapi') return createClinikapiSandbox();
  return vendor === 'vitalis' ? createVitalisSandbox() : createCobaltSandbox();
}

interface Scene {
  vendor: Vendor;
  sandbox: Sandbox;
  net: FaultNet;
  call: (method: 'GET' | 'PATCH', body?: unknown) => Promise<Reply>;
  /** The vendor's store changes without the gateway. */
  outside: (change: 'same field' | 'other field' | 'delete') => void | Promise<void>;
}

interface Expected {
  status: number;
  code?: ProblemCode;
  outcome?: 'applied' | 'not_applied' | 'unknown';
  /** Writes that the vendor really stored; default: 1 where the outcome is `applied` or the answer a success, else 0. */
  writes?: number;
  /** Write requests that may have reached the vendor; default 1. */
  attempts?: number;
  retryAfter?: number;
  warning?: string;
}

interface Case {
  name: string;
  only?: readonly Vendor[];
  /** Default: the update that needs no read. */
  send?: 'update' | 'merge' | 'get';
  config?: (scene: {
    certificates: Certificates;
    deadPort: number;
    net: FaultNet;
  }) => Record<string, unknown>;
  tls?: Exclude<keyof Certificates, 'ca'>;
  given?: (scene: Scene) => void | Promise<void>;
  during?: (scene: Scene) => void | Promise<void>;
  expected: Expected | ((vendor: Vendor) => Expected);
  /** What comes after the faults are gone; default: a healthy call succeeds. */
  after?: 'healthy' | 'silent' | 'broken';
  /** The case lasts until its deadline. */
  waits?: boolean;
  /** What the case does to all requests is taken back here. Such a case runs when the others are done, by itself. */
  undo?: () => void | Promise<void>;
}

const APPLIED_AFTER_ALL: Expected = { status: 200, warning: 'settled_by_reading' };
const LOST: Expected = { status: 504, code: 'vendor_timeout', outcome: 'not_applied' };
const LATE: Expected = { ...LOST, outcome: 'unknown' };
const NONSENSE_LANDED: Expected = { status: 502, code: 'vendor_unexpected_response', outcome: 'applied' };
const NONSENSE_LOST: Expected = { status: 502, code: 'vendor_unexpected_response', outcome: 'not_applied' };
const UNREACHED: Expected = {
  status: 503,
  code: 'vendor_unavailable',
  outcome: 'not_applied',
  attempts: 0,
};
const fine: Expected = { status: 200 };

/** Which request a vendor's write is. */
const writeOf = (vendor: Vendor) => (vendor === 'fhir' ? 'PUT' : 'PATCH');
const onWrite = (fault: NetFault) => (scene: Scene) =>
  scene.net.add(fault, { method: writeOf(scene.vendor) });
const onRead = (fault: NetFault, times?: number) => (scene: Scene) =>
  scene.net.add(fault, { method: 'GET', ...(times !== undefined && { times }) });
const onAll = (fault: NetFault) => (scene: Scene) => scene.net.add(fault);
/** How often a record is read before it is written; one that is written with its version is not read again right before. */
const READS_FIRST: Readonly<Record<Vendor, number>> = { clinikapi: 0, vitalis: 2, cobalt: 0, fhir: 1 };
/** Writes that are sent with an old version, and refused for it. */
const refusedAttempts = (vendor: Vendor) => (vendor === 'fhir' ? 1 : 0);
const readsFirst = (vendor: Vendor) => READS_FIRST[vendor] > 0;

const json = { 'content-type': 'application/json' };
const text = (body: string, type = 'application/json') => ({
  headers: { 'content-type': type },
  body: Buffer.from(body),
});
const status = (code: number, headers: Record<string, string> = {}, body: unknown = { message: 'no' }) => ({
  status: code,
  headers: { ...json, ...headers },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

/** Bodies that come with status 200 after the write was stored. */
const STRANGE_BODIES: Readonly<Record<string, NetFault>> = {
  'an empty 200': instead({ body: Buffer.alloc(0) }, { commit: true }),
  '204 without a body': instead({ status: 204, body: Buffer.alloc(0) }, { commit: true }),
  '202 instead of 200': instead({ status: 202 }, { commit: true }),
  'invalid JSON': instead(text('{"data": {'), { commit: true }),
  'JSON cut off': instead((answer) => ({ body: answer.body.subarray(0, -3) }), { commit: true }),
  'an HTML page': instead(text('<!DOCTYPE html><h1>Maintenance</h1>', 'text/html'), { commit: true }),
  'the answer in a list': instead((answer) => ({ body: Buffer.from(`[${answer.body.toString()}]`) }), {
    commit: true,
  }),
  'a string': instead(text('"OK"'), { commit: true }),
  null: instead(text('null'), { commit: true }),
  'an empty object': instead(text('{}'), { commit: true }),
  'an object with foreign keys': instead(text('{"hello": "world"}'), { commit: true }),
  '__proto__ for a record': instead(
    text('{"__proto__": {"data": {}, "professional": {}, "success": true}}'),
    { commit: true },
  ),
  'nesting without end': instead(text('{"data":'.repeat(200_000)), { commit: true }),
  'deep but complete nesting': instead(text('['.repeat(5000) + ']'.repeat(5000)), { commit: true }),
  'ten megabytes': instead(
    (answer) => ({ body: Buffer.concat([Buffer.alloc(10_000_000, ' '), answer.body]) }),
    { commit: true },
  ),
  'a gzip bomb': instead(
    { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(20_000_000, ' ')) },
    { commit: true },
  ),
  'UTF-16': instead((answer) => ({ body: Buffer.from(answer.body.toString(), 'utf16le') }), { commit: true }),
  'broken UTF-8': instead((answer) => ({ body: Buffer.concat([answer.body, Buffer.from([0xff, 0xfe])]) }), {
    commit: true,
  }),
};

/** By their contract; what is true then is read. */
const ANSWERS_WITHOUT_BODY: readonly Vendor[] = ['fhir'];

/** How each vendor's refusals read; what is not here is an answer that its contract does not know. */
const REFUSALS: Readonly<Record<number, Partial<Record<Vendor | 'all', ProblemCode>>>> = {
  400: { all: 'vendor_rejected' },
  401: { all: 'vendor_credentials_rejected' },
  403: { all: 'vendor_credentials_rejected' },
  404: { all: 'staff_not_found' },
  405: { fhir: 'vendor_rejected' },
  409: { all: 'conflict' },
  410: { all: 'staff_not_found' },
  412: { all: 'conflict' },
  422: { all: 'vendor_rejected' },
};

const REFUSAL_CASES: Case[] = [400, 401, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 418, 422, 431].map(
  (code) => ({
    name: `${code} to the write`,
    given: onWrite(
      instead(status(code, {}, { message: `no ${CANARY_ID}`, msg: CANARY_ID }), { commit: false }),
    ),
    expected: (vendor) => {
      const known = REFUSALS[code]?.[vendor] ?? REFUSALS[code]?.all ?? 'vendor_unexpected_response';
      return { status: PROBLEMS[known].status, code: known, outcome: 'not_applied' };
    },
  }),
);

const REDIRECTS: Case[] = [301, 302, 303, 307, 308].map((code) => ({
  name: `${code} redirect of the write`,
  given: ({ net, vendor }) =>
    net.add(instead(status(code, { location: `${net.url}/elsewhere` }), { commit: false }), {
      method: writeOf(vendor),
    }),
  expected: NONSENSE_LOST,
}));

const SERVER_ERRORS: Case[] = [500, 501, 502, 503, 504, 507, 599].flatMap((code) => [
  {
    name: `${code} to the write, nothing stored`,
    given: onWrite(instead(status(code), { commit: false })),
    expected: { status: 503, code: 'vendor_unavailable' as const, outcome: 'not_applied' as const },
  },
  {
    name: `${code} to the write, stored nevertheless`,
    given: onWrite(instead(status(code), { commit: true })),
    expected: APPLIED_AFTER_ALL,
  },
]);

const BROKEN_HTTP: Case[] = [
  { name: 'reset before the write is handled', fault: NET.resetBefore, expected: LOST },
  { name: 'connection closed before the write is handled', fault: NET.closeBefore, expected: LOST },
  // The vendor may still be at it, so that a read does not show the update says nothing.
  {
    name: 'the write is never answered',
    fault: NET.blackHole,
    expected: LATE,
    waits: true,
  },
  { name: 'commit, then reset', fault: NET.committedReset, expected: APPLIED_AFTER_ALL },
  { name: 'commit, then close', fault: NET.committedClose, expected: APPLIED_AFTER_ALL },
  { name: 'commit, then silence', fault: NET.committedBlackHole, expected: APPLIED_AFTER_ALL, waits: true },
  { name: 'reset in the middle of the head', fault: NET.resetMidHeaders, expected: APPLIED_AFTER_ALL },
  { name: 'close in the middle of the body', fault: NET.closeMidBody, expected: APPLIED_AFTER_ALL },
  { name: 'reset in the middle of the body', fault: NET.resetMidBody, expected: APPLIED_AFTER_ALL },
  { name: 'head dripped too slowly', fault: NET.dripHeaders, expected: APPLIED_AFTER_ALL, waits: true },
  { name: 'body dripped too slowly', fault: NET.dripBody, expected: APPLIED_AFTER_ALL, waits: true },
  {
    name: 'first byte after the deadline',
    fault: late(2 * SHORT_MS),
    expected: APPLIED_AFTER_ALL,
    waits: true,
  },
  { name: 'fewer bytes than Content-Length says', fault: NET.shortBody, expected: APPLIED_AFTER_ALL },
  { name: 'chunked body without its end', fault: NET.truncatedChunking, expected: APPLIED_AFTER_ALL },
  { name: 'first byte late but in time', fault: late(300), expected: fine },
  { name: 'little bandwidth', fault: NET.bandwidth, expected: fine },
  { name: 'an informational answer first', fault: NET.hintsFirst, expected: fine },
  { name: 'chunked body', fault: NET.chunked, expected: fine },
  { name: 'the answer twice', fault: NET.twoAnswers, expected: fine },
  { name: 'body without end', fault: NET.endlessBody, expected: NONSENSE_LANDED },
  { name: 'headers without end', fault: NET.endlessHeaders, expected: NONSENSE_LANDED },
  { name: 'more bytes than Content-Length says', fault: NET.excessBody, expected: NONSENSE_LANDED },
  { name: 'bad chunking', fault: NET.badChunking, expected: NONSENSE_LANDED },
  { name: 'two different Content-Lengths', fault: NET.twoLengths, expected: NONSENSE_LANDED },
  { name: 'commit, then another protocol', fault: NET.committedGarbage, expected: NONSENSE_LANDED },
  { name: 'another protocol', fault: NET.garbage, expected: NONSENSE_LOST },
].map(({ fault, ...row }) => ({ ...row, given: onWrite(fault) }));

const RECOVERING_READS: Case[] = Object.entries({
  'reset before': NET.resetBefore,
  'reset in the head': NET.resetMidHeaders,
  'reset in the body': NET.resetMidBody,
  'a short body': NET.shortBody,
  '500': instead(status(500), { commit: false }),
  '503': instead(status(503), { commit: false }),
  '429 without a time': instead(status(429), { commit: false }),
  '429 with Retry-After in seconds': instead(status(429, { 'retry-after': '1' }), { commit: false }),
  '429 with garbage in Retry-After': instead(status(429, { 'retry-after': 'soon' }), { commit: false }),
}).map(([name, fault]) => ({
  name: `one read fails: ${name}`,
  send: 'get',
  given: onRead(fault, 1),
  expected: { status: 200, writes: 0, attempts: 0 },
}));

const FAILING_READS: Case[] = Object.entries<{ fault: NetFault; code: ProblemCode; waits?: boolean }>({
  reset: { fault: NET.resetBefore, code: 'vendor_timeout' },
  'no answer': { fault: NET.blackHole, code: 'vendor_timeout', waits: true },
  'first byte too late': { fault: late(2 * SHORT_MS), code: 'vendor_timeout', waits: true },
  'dripped body': { fault: NET.dripBody, code: 'vendor_timeout', waits: true },
  '500': { fault: instead(status(500), { commit: false }), code: 'vendor_unavailable' },
  '503': { fault: instead(status(503), { commit: false }), code: 'vendor_unavailable' },
  '401': { fault: instead(status(401), { commit: false }), code: 'vendor_credentials_rejected' },
  '403': { fault: instead(status(403), { commit: false }), code: 'vendor_credentials_rejected' },
  '404': { fault: instead(status(404), { commit: false }), code: 'staff_not_found' },
  '304': {
    fault: instead({ status: 304, body: Buffer.alloc(0) }, { commit: false }),
    code: 'vendor_unexpected_response',
  },
  redirect: {
    fault: instead(status(302, { location: 'http://127.0.0.1:9/' }), { commit: false }),
    code: 'vendor_unexpected_response',
  },
  HTML: {
    fault: instead(text('<html>', 'text/html'), { commit: false }),
    code: 'vendor_unexpected_response',
  },
  'another protocol': { fault: NET.garbage, code: 'vendor_unexpected_response' },
  'endless body': { fault: NET.endlessBody, code: 'vendor_unexpected_response' },
  'protocol switch': { fault: NET.switching, code: 'vendor_timeout' },
}).map(([name, { fault, code, waits = false }]) => ({
  waits,
  name: `all reads fail: ${name}`,
  send: 'get',
  given: onRead(fault),
  expected: { status: PROBLEMS[code].status, code, writes: 0, attempts: 0 },
}));

const CASES: Case[] = [
  ...BROKEN_HTTP,
  ...REFUSAL_CASES,
  ...REDIRECTS,
  ...SERVER_ERRORS,
  ...RECOVERING_READS,
  ...FAILING_READS,
  ...Object.entries(STRANGE_BODIES).map(([name, fault]) => ({
    name: `${name} to the write`,
    given: onWrite(fault),
    expected: (vendor: Vendor) =>
      ANSWERS_WITHOUT_BODY.includes(vendor) && name === 'an empty 200' ? fine : NONSENSE_LANDED,
  })),
  {
    name: 'a byte order mark',
    given: onWrite(
      instead((answer) => ({ body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), answer.body]) }), {
        commit: true,
      }),
    ),
    expected: fine,
  },
  {
    name: 'Latin-1 that claims to be UTF-8',
    only: ['vitalis'],
    given: onWrite(
      instead((answer) => ({ body: Buffer.from(answer.body.toString(), 'latin1') }), { commit: true }),
    ),
    expected: NONSENSE_LANDED,
  },
  {
    name: 'extra fields',
    given: onWrite(
      instead((answer) => ({ body: Buffer.from(answer.body.toString().replace(/^\{/, '{"new": [1],')) }), {
        commit: true,
      }),
    ),
    expected: fine,
  },
  {
    name: 'the id of another record in the answer',
    given: ({ sandbox, vendor }) =>
      void sandbox.faults.add({ kind: 'wrong-id' }, { method: writeOf(vendor) }),
    expected: NONSENSE_LANDED,
  },
  {
    name: 'an id beyond 2^53 in the answer',
    only: ['vitalis'],
    given: onWrite(
      instead(
        (answer) => ({
          body: Buffer.from(answer.body.toString().replace('"id":1', '"id":9007199254740993')),
        }),
        { commit: true },
      ),
    ),
    expected: NONSENSE_LANDED,
  },
  {
    name: 'success false',
    only: ['cobalt'],
    given: onWrite(instead(text('{"success": false, "message": "no"}'), { commit: false })),
    expected: { status: 422, code: 'vendor_rejected', outcome: 'not_applied' },
  },
  {
    name: 'silently unchanged, the old record in the answer',
    given: ({ sandbox, vendor }) =>
      void sandbox.faults.add({ kind: 'no-effect', echo: 'old' }, { method: writeOf(vendor) }),
    expected: { status: 502, code: 'write_not_confirmed', writes: 0 },
  },
  {
    name: 'a field missing from the answer',
    only: ['clinikapi'],
    given: onWrite(
      instead((answer) => ({ body: Buffer.from(answer.body.toString().replace(/"status":"\w+",?/, '')) }), {
        commit: true,
      }),
    ),
    expected: fine,
  },
  // Connections that never come about.
  {
    name: 'connection refused',
    given: ({ net }) => net.shut(),
    expected: UNREACHED,
  },
  {
    name: 'connection refused to a read',
    send: 'get',
    given: ({ net }) => net.shut(),
    expected: { status: 503, code: 'vendor_unavailable', attempts: 0, writes: 0 },
  },
  {
    name: 'connection refused, then not',
    given: async ({ net }) => {
      await net.shut();
      setTimeout(() => void net.open(), 30);
    },
    expected: (vendor) => ({ ...fine, attempts: vendor === 'vitalis' ? 1 : 1 }),
    after: 'healthy',
  },
  {
    name: 'packets to the vendor are lost',
    waits: true,
    config: ({ deadPort }) => ({ baseUrl: `http://127.0.0.1:${deadPort}` }),
    expected: UNREACHED,
    after: 'broken',
  },
  {
    name: 'packets to the vendor are lost on a read',
    waits: true,
    send: 'get',
    config: ({ deadPort }) => ({ baseUrl: `http://127.0.0.1:${deadPort}` }),
    expected: { status: 503, code: 'vendor_unavailable', attempts: 0, writes: 0 },
    after: 'broken',
  },
  {
    name: 'the host name does not exist',
    waits: true,
    config: () => ({ baseUrl: 'http://vendor.invalid' }),
    expected: UNREACHED,
    after: 'broken',
  },
  { name: 'TLS with a certificate of a configured authority', tls: 'good', expected: fine },
  { name: 'TLS certificate expired', tls: 'expired', expected: UNREACHED, after: 'broken' },
  { name: 'TLS certificate of another host', tls: 'otherHost', expected: UNREACHED, after: 'broken' },
  { name: 'TLS certificate self-signed', tls: 'selfSigned', expected: UNREACHED, after: 'broken' },
  {
    name: 'TLS authority unknown',
    tls: 'good',
    config: () => ({ ca: '' }),
    expected: UNREACHED,
    after: 'broken',
  },
  {
    name: 'no TLS where it is expected',
    config: ({ net }) => ({ baseUrl: net.url.replace('http:', 'https:') }),
    expected: UNREACHED,
    after: 'broken',
  },
  {
    name: 'TLS where none is expected',
    tls: 'good',
    config: ({ net }) => ({ baseUrl: net.url.replace('https:', 'http:') }),
    expected: (vendor) => ({
      status: 504,
      code: 'vendor_timeout',
      outcome: readsFirst(vendor) ? 'not_applied' : 'unknown',
      attempts: 0,
      writes: 0,
    }),
    after: 'broken',
  },
  // More than one thing goes wrong.
  {
    name: 'nothing is ever answered',
    waits: true,
    given: onAll(NET.blackHole),
    expected: (vendor) => ({
      status: 504,
      code: 'vendor_timeout',
      outcome: readsFirst(vendor) ? 'not_applied' : 'unknown',
      attempts: readsFirst(vendor) ? 0 : 1,
      writes: 0,
    }),
  },
  {
    name: 'total outage: every call is answered 503',
    given: onAll(instead(status(503), { commit: false })),
    expected: (vendor) => ({
      status: 503,
      code: 'vendor_unavailable',
      outcome: readsFirst(vendor) ? 'not_applied' : 'unknown',
      attempts: readsFirst(vendor) ? 0 : 1,
      writes: 0,
    }),
  },
  {
    name: 'reads work, the write fails, reads go on',
    send: 'merge',
    given: onWrite(instead(status(500), { commit: false })),
    expected: { status: 503, code: 'vendor_unavailable', outcome: 'not_applied' },
  },
  {
    name: 'the first read fails for good, so nothing is written',
    only: ['clinikapi', 'vitalis', 'fhir'],
    send: 'merge',
    given: onRead(instead(status(500), { commit: false })),
    expected: { status: 503, code: 'vendor_unavailable', outcome: 'not_applied', attempts: 0 },
  },
  {
    name: 'the second read fails for good, so nothing is written',
    only: ['clinikapi', 'vitalis'],
    send: 'merge',
    given: ({ net }) => net.add(NET.resetBefore, { method: 'GET', after: 1 }),
    expected: { status: 504, code: 'vendor_timeout', outcome: 'not_applied', attempts: 0 },
  },
  {
    name: 'commit, then reset, of a merge',
    send: 'merge',
    given: onWrite(NET.committedReset),
    expected: APPLIED_AFTER_ALL,
  },
  {
    name: 'commit, then reset, and the read after it late but in time',
    given: ({ net, vendor }) => {
      net.add(NET.committedReset, { method: writeOf(vendor) });
      net.add(late(150), { method: 'GET' });
    },
    expected: APPLIED_AFTER_ALL,
  },
  {
    name: 'commit, then reset, and the read after it never comes',
    waits: true,
    given: ({ net, vendor }) => {
      net.add(NET.committedReset, { method: writeOf(vendor) });
      net.add(NET.blackHole, { method: 'GET', after: READS_FIRST[vendor] });
    },
    expected: { status: 504, code: 'vendor_timeout', outcome: 'unknown', writes: 1 },
  },
  {
    name: 'reset before the write, and the read after it broken',
    given: ({ net, vendor }) => {
      net.add(NET.resetBefore, { method: writeOf(vendor) });
      net.add(instead(text('<html>'), { commit: false }), {
        method: 'GET',
        after: READS_FIRST[vendor],
      });
    },
    expected: { status: 504, code: 'vendor_timeout', outcome: 'unknown', writes: 0 },
  },
  {
    name: 'reading back fails after an acknowledgement',
    only: ['cobalt'],
    given: onRead(NET.resetBefore),
    expected: fine,
  },
  {
    name: 'flapping: every other read fails',
    send: 'merge',
    given: ({ net }) => {
      net.add(instead(status(503), { commit: false }), { method: 'GET', times: 1 });
      net.add(instead(status(503), { commit: false }), { method: 'GET', after: 1, times: 1 });
    },
    expected: fine,
  },
  {
    name: 'a stale connection under a read',
    send: 'get',
    given: async ({ net, call }) => {
      await call('GET');
      net.add(NET.staleConnection, { method: 'GET', times: 1 });
    },
    expected: { status: 200, writes: 0, attempts: 0 },
  },
  {
    name: 'a stale connection under a write',
    given: async ({ net, call, vendor }) => {
      // Several at once, so that there is an idle connection for each call of the update.
      await Promise.all(Array.from({ length: 6 }, () => call('GET')));
      net.add(NET.staleConnection, { method: writeOf(vendor) });
    },
    expected: LOST,
  },
  {
    name: 'another field is changed outside between read and write',
    send: 'merge',
    only: ['vitalis', 'fhir'],
    given: ({ sandbox, outside }) =>
      void sandbox.faults.add(
        { kind: 'hook', when: 'answer', run: () => outside('other field') },
        { method: 'GET', times: 1 },
      ),
    expected: (vendor) => ({ ...fine, attempts: refusedAttempts(vendor) + 1 }),
  },
  {
    name: 'the same field is changed outside between read and write',
    send: 'merge',
    only: ['vitalis', 'fhir'],
    given: ({ sandbox, outside }) =>
      void sandbox.faults.add(
        { kind: 'hook', when: 'answer', run: () => outside('same field') },
        { method: 'GET', times: 1 },
      ),
    expected: (vendor) => ({
      status: 409,
      code: 'conflict',
      outcome: 'not_applied',
      attempts: refusedAttempts(vendor),
    }),
  },
  {
    name: 'the record is deleted between read and write',
    send: 'merge',
    only: ['vitalis', 'fhir'],
    given: ({ sandbox, outside }) =>
      void sandbox.faults.add(
        { kind: 'hook', when: 'answer', run: () => outside('delete') },
        { method: 'GET', times: 1 },
      ),
    expected: (vendor) => ({
      status: 404,
      code: 'staff_not_found',
      outcome: 'not_applied',
      attempts: refusedAttempts(vendor),
    }),
    after: 'broken',
  },
  // Limits of the vendor.
  {
    name: '429 to the write, Retry-After that fits',
    given: ({ net, vendor }) =>
      net.add(instead(status(429, { 'retry-after': '0' }), { commit: false }), {
        method: writeOf(vendor),
        times: 1,
      }),
    expected: (vendor) =>
      // A vendor that documents no limit has no header to read; a second is waited, which still fits.
      ({ ...fine, attempts: vendor === 'vitalis' ? 2 : 2 }),
  },
  {
    name: '429 to the write, Retry-After in seconds that do not fit',
    only: ['clinikapi', 'cobalt', 'fhir'],
    given: onWrite(instead(status(429, { 'retry-after': '30' }), { commit: false })),
    expected: { status: 503, code: 'vendor_rate_limited', outcome: 'not_applied', retryAfter: 30 },
    after: 'silent',
  },
  {
    name: '429 to the write, Retry-After as a date',
    only: ['clinikapi', 'cobalt', 'fhir'],
    given: ({ net, vendor }) =>
      net.add(
        instead(status(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }), {
          commit: false,
        }),
        { method: writeOf(vendor) },
      ),
    expected: { status: 503, code: 'vendor_rate_limited', outcome: 'not_applied', retryAfter: 60 },
    after: 'silent',
  },
  {
    name: '429 to the write, a reset header only',
    only: ['clinikapi'],
    given: onWrite(
      instead(status(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '40' }), { commit: false }),
    ),
    expected: { status: 503, code: 'vendor_rate_limited', outcome: 'not_applied', retryAfter: 40 },
    after: 'silent',
  },
  {
    name: '429 because the quota is used up',
    only: ['clinikapi'],
    given: onWrite(instead(status(429, {}, { code: 'QUOTA_EXCEEDED' }), { commit: false })),
    expected: { status: 503, code: 'vendor_rate_limited', outcome: 'not_applied' },
    after: 'silent',
  },
  {
    name: 'a success that says the allowance is used up',
    only: ['clinikapi'],
    given: onWrite(
      instead(
        (answer) => ({
          headers: { ...answer.headers, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '40' },
        }),
        { commit: true },
      ),
    ),
    expected: fine,
    after: 'silent',
  },
  {
    name: '503 with Retry-After',
    given: onWrite(instead(status(503, { 'retry-after': '7' }), { commit: false })),
    expected: { status: 503, code: 'vendor_unavailable', outcome: 'not_applied', retryAfter: 7 },
  },
  // Logging in.
  ...loginCases(),
  // The gateway's own surroundings.
  {
    name: 'the event loop stands still while the vendor answers',
    during: async () => {
      await sleep(30);
      const until = performance.now() + 150;
      while (performance.now() < until) JSON.stringify({});
    },
    given: onWrite(late(100)),
    expected: fine,
  },
  ...[-3_600_000, 3_600_000].map(
    (shift): Case => ({
      name: `the clock is set an hour ${shift < 0 ? 'back' : 'forth'} while the vendor answers`,
      given: onWrite(late(100)),
      during: async () => {
        await sleep(30);
        setClock(shift);
      },
      undo: restoreClock,
      expected: fine,
    }),
  ),
  {
    name: 'the gateway’s own store is gone, an update',
    given: () => setStoreAway(true),
    undo: () => setStoreAway(false),
    expected: { status: 503, code: 'gateway_unavailable', outcome: 'not_applied', attempts: 0 },
  },
  {
    name: 'the gateway’s own store is gone, a read',
    send: 'get',
    given: () => setStoreAway(true),
    undo: () => setStoreAway(false),
    expected: fine,
  },
];

const RealDate = Date;

/** What everybody in this process takes for the time of day. */
function setClock(shift: number): void {
  const now = () => RealDate.now() + shift;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given) => Reflect.construct(target, given.length === 0 ? [now()] : given),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

function restoreClock(): void {
  globalThis.Date = RealDate;
}

let storeIsAway = false;

/** The gateway's database loses what it needs, or has it again. */
async function setStoreAway(away: boolean): Promise<void> {
  if (away === storeIsAway) return;
  const [from, to] = away ? ['attempts', 'attempts_away'] : ['attempts_away', 'attempts'];
  const database = await openDatabase(`sqlite:${join(folder, 'data', 'gateway.db')}`);
  await sql.raw(`alter table ${from} rename to ${to}`).execute(database.db);
  await database.close();
  storeIsAway = away;
}

function loginCases(): Case[] {
  const { email, password } = SANDBOX_CREDENTIALS.vitalis.admin;
  const config = () => ({ credentials: { email, password } });
  const login = (fault: NetFault) => (scene: Scene) => scene.net.add(fault, { path: /login/ });
  const common = { only: ['vitalis'] as const, config };
  const unreached = { outcome: 'not_applied' as const, attempts: 0, writes: 0 };
  return [
    { ...common, name: 'logs in', expected: fine },
    {
      ...common,
      name: 'login answers 500',
      given: login(instead(status(500), { commit: false })),
      expected: { status: 503, code: 'vendor_unavailable', ...unreached },
    },
    {
      ...common,
      name: 'login is reset',
      given: login(NET.resetBefore),
      expected: { status: 504, code: 'vendor_timeout', ...unreached },
    },
    {
      ...common,
      name: 'login is never answered',
      waits: true,
      given: login(NET.blackHole),
      expected: { status: 504, code: 'vendor_timeout', ...unreached },
    },
    {
      ...common,
      name: 'login answers with HTML',
      given: login(instead(text('<html>', 'text/html'), { commit: false })),
      expected: { status: 502, code: 'vendor_unexpected_response', ...unreached },
    },
    {
      ...common,
      name: 'login answers without a token',
      given: login(instead(text('{"name":"x"}'), { commit: false })),
      expected: { status: 502, code: 'vendor_unexpected_response', ...unreached },
    },
    {
      ...common,
      name: 'login answers with a token that no header can carry',
      given: login(instead(text(JSON.stringify({ token: 'a\u0000b' })), { commit: false })),
      expected: { status: 502, code: 'vendor_credentials_rejected', ...unreached },
      after: 'broken',
    },
    {
      ...common,
      name: 'login is refused',
      config: () => ({ credentials: { email, password: 'wrong-password' } }),
      expected: { status: 502, code: 'vendor_credentials_rejected', ...unreached },
      after: 'broken',
    },
    {
      ...common,
      name: 'the token has expired',
      given: async ({ net, call }) => {
        await call('GET');
        net.add(instead(status(401, {}, { msg: 'Token no válido' }), { commit: false }), {
          method: 'GET',
          times: 1,
        });
      },
      expected: fine,
    },
    {
      ...common,
      name: 'the token expires between read and write',
      given: ({ net }) =>
        net.add(instead(status(401, {}, { msg: 'Token no válido' }), { commit: false }), {
          method: 'PATCH',
          times: 1,
        }),
      expected: { ...fine, attempts: 2 },
    },
    {
      ...common,
      name: 'no token is ever good enough',
      given: ({ net }) =>
        net.add(instead(status(401, {}, { msg: 'Token no válido' }), { commit: false }), {
          path: /professionals/,
        }),
      expected: { status: 502, code: 'vendor_credentials_rejected', ...unreached },
    },
  ];
}

interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes are probed
  body: any;
  milliseconds: number;
}

interface Trial {
  label: string;
  vendor: Vendor;
  row: Case;
  key: string;
  sandbox: Sandbox;
  net: FaultNet;
  close: () => Promise<void>;
  vendorConfig: Record<string, unknown>;
}

const ROWS = CASES.flatMap((row) =>
  VENDORS.filter((vendor) => row.only?.includes(vendor) ?? true).map((vendor) => ({
    label: `${vendor}: ${row.name}`,
    vendor,
    row,
  })),
);

/** How many run side by side: enough to overlap their waiting, too few to starve each other. */
const AT_ONCE = 16;

let certificates: Certificates;
let deadPort: Awaited<ReturnType<typeof openUnresponsivePort>>;
let folder: string;
let trials: Trial[];
let gateway: RunningGateway;
const lines: string[] = [];
const results = new Map<string, Promise<void>>();
const lag = watchLag();
let socketsBefore = 0;

beforeAll(async () => {
  socketsBefore = openSockets();
  certificates = await makeCertificates();
  deadPort = await openUnresponsivePort();
  folder = await mkdtemp(join(tmpdir(), 'gateway-faults-'));
  trials = await Promise.all(ROWS.map(openTrial));
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(configOf(trials)));
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  gateway = await serve({ configPath, env: {}, adapters, log });
  startAll();
}, 60_000);

afterAll(async () => {
  await gateway.close();
  for (const { net } of trials) await net.shut().catch(() => undefined);
  await Promise.all(trials.map(({ close }) => close()));
  await deadPort.close();
  await rm(folder, { recursive: true, force: true });
  lag.stop();
});

test.each(ROWS)(
  '$label',
  async ({ label }) => {
    await results.get(label);
  },
  90_000,
);

test('there are at least 80 cases, and all of them ran', async () => {
  const settled = await Promise.allSettled(results.values());
  const passed = settled.filter((result) => result.status === 'fulfilled').length;
  const line = `faults: ${VENDORS.length} vendors, ${ROWS.length} cases, ${passed} passed (${CASES.length} kinds)`;
  process.stdout.write(`${line}\n`);
  for (const vendor of VENDORS) {
    expect(ROWS.filter((row) => row.vendor === vendor).length).toBeGreaterThanOrEqual(80);
  }
  expect(settled).toHaveLength(ROWS.length);
}, 90_000);

test('neither the log nor the metrics hold a planted value', async () => {
  await Promise.allSettled(results.values());
  expect(lines.length).toBeGreaterThan(ROWS.length);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  expect(metrics).toContain('vendor');
  const whole = lines.join('') + metrics;
  for (const canary of CANARIES) expect(whole).not.toContain(canary);
}, 90_000);

test('no connection and no memory is left behind', async () => {
  await Promise.allSettled(results.values());
  expect(lines.filter((line) => line.includes('"defect"'))).toEqual([]);
  // Kept connections are closed after four idle seconds; those of spoilt calls are closed at once.
  await sleep(4500);
  expect(trials.reduce((sum, { net }) => sum + net.sockets, 0)).toBe(0);
  expect(openSockets()).toBeLessThanOrEqual(socketsBefore + ROWS.length);
  expect(process.memoryUsage().heapUsed).toBeLessThan(600 * 1024 * 1024);
}, 90_000);

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

async function openTrial({ label, vendor, row }: (typeof ROWS)[number], index: number): Promise<Trial> {
  const sandbox = createSandboxOf(vendor);
  const listening = await sandbox.listen();
  const net = await openFaultNet({
    upstream: listening.url,
    ...(row.tls && { tls: certificates[row.tls] }),
  });
  const credentials =
    vendor === 'clinikapi'
      ? { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey }
      : vendor === 'vitalis'
        ? { token: SANDBOX_CREDENTIALS.vitalis.staticAdminToken }
        : vendor === 'fhir'
          ? { token: SANDBOX_CREDENTIALS.fhir.token }
          : { ...SANDBOX_CREDENTIALS.cobalt };
  return {
    label,
    vendor,
    row,
    key: `key-of-case-${index}`,
    sandbox,
    net,
    close: () => listening.close(),
    vendorConfig: {
      adapter: vendor,
      baseUrl: net.url + (vendor === 'fhir' ? FHIR_BASE : ''),
      credentials,
      timeoutMs: timeoutOf(row),
      breaker: { failures: 10, openMs: 100 },
      ...(row.tls && { ca: certificates.ca }),
      ...(vendor === 'vitalis' && {
        codes: {
          specialty: { '394579002': 1 },
          gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
        },
      }),
      ...row.config?.({ certificates, deadPort: deadPort.port, net }),
    },
  };
}

function configOf(all: readonly Trial[]) {
  const named = <T>(make: (trial: Trial) => T) =>
    Object.fromEntries(all.map((trial, index) => [`case-${index}`, make(trial)]));
  return {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'data', 'gateway.db')}` },
    vendors: named(({ vendorConfig }) => vendorConfig),
    clinics: Object.fromEntries(
      all.map((_, index) => [`case-${index}`, { vendor: `case-${index}`, identity: 'direct' }]),
    ),
    callers: all.map(({ key }, index) => ({
      name: `case-${index}`,
      keySha256: createHash('sha256').update(key).digest('hex'),
      clinic: `case-${index}`,
      scopes: ['staff:read', 'staff:write'],
    })),
  };
}

function startAll(): void {
  // Those that last until their deadline come last: they need a quiet process, and leave it quiet.
  const rank = ({ row }: Trial) => Number(row.waits ?? false);
  const waiting = trials.filter(({ row }) => !row.undo).toSorted((a, b) => rank(a) - rank(b));
  const alone = trials.filter(({ row }) => row.undo);
  const done = new Map<string, { resolve: () => void; reject: (error: unknown) => void }>();
  for (const { label } of trials) {
    const result = new Promise<void>((resolve, reject) => done.set(label, { resolve, reject }));
    // Looked at by its own test, which may come later.
    result.catch(() => undefined);
    results.set(label, result);
  }
  const worker = async (queue: Trial[]) => {
    for (let trial = queue.shift(); trial; trial = queue.shift()) {
      const { label } = trial;
      await runTrial(trial).then(
        () => done.get(label)?.resolve(),
        (error) => done.get(label)?.reject(error),
      );
    }
  };
  void Promise.all(Array.from({ length: AT_ONCE }, () => worker(waiting))).then(() => worker(alone));
}

function timeoutOf({ waits }: Case): number {
  return waits ? SHORT_MS : LONG_MS;
}

/** A case that waits proves nothing if this process was stopped in the meantime; it is tried again then. */
async function runTrial(trial: Trial): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const lagBefore = lag.total();
    try {
      return await tryOnce(trial);
    } catch (error) {
      await trial.row.undo?.();
      if (!trial.row.waits || tries >= 8 || lag.total() - lagBefore < 50) throw error;
      trial.net.clear();
      trial.sandbox.reset();
      await sleep(500);
    }
  }
}

async function tryOnce(trial: Trial): Promise<void> {
  const { vendor, row, sandbox, net } = trial;
  const scene: Scene = {
    vendor,
    sandbox,
    net,
    call: (method, body) => callGateway(trial, method, body),
    outside: (change) => changeOutside(sandbox, change),
  };
  await row.given?.(scene);
  net.arrivals.length = 0;
  const send = row.send ?? 'update';
  const lagBefore = lag.total();
  const reply = scene.call(
    send === 'get' ? 'GET' : 'PATCH',
    send === 'get' ? undefined : (send === 'merge' ? MERGES : UPDATES)[vendor],
  );
  await row.during?.(scene);
  const got = await reply;
  const expected = typeof row.expected === 'function' ? row.expected(vendor) : row.expected;
  const story = JSON.stringify({ got: got.body, arrivals: net.arrivals });
  expect([got.status, got.body.code, got.body.outcome, story]).toEqual([
    expected.status,
    expected.code,
    expected.outcome,
    story,
  ]);
  expect(got.milliseconds).toBeLessThan(timeoutOf(row) + MARGIN_MS + 2 * (lag.total() - lagBefore));
  checkDocument(got, expected);
  for (const canary of CANARIES) {
    // The caller's own values come back in `data` of a success, and nowhere else.
    if (got.status !== 200) expect(got.text).not.toContain(canary);
  }
  const landed = expected.outcome === 'applied' || (expected.status === 200 && send !== 'get');
  expect(sandbox.writes).toBe(expected.writes ?? (landed ? 1 : 0));
  const attempts = net.arrivals.filter((arrival) => arrival.startsWith(writeOf(vendor))).length;
  expect(attempts).toBeLessThanOrEqual(expected.attempts ?? 1);
  expect(net.arrivals.filter((arrival) => arrival.includes('elsewhere'))).toEqual([]);
  await checkAftermath(trial);
}

function checkDocument(got: Reply, expected: Expected): void {
  if (expected.warning !== undefined) {
    expect(got.body.meta.warnings).toContainEqual(expect.objectContaining({ code: expected.warning }));
  }
  if (got.status === 200) return;
  expect(got.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(got.body).toMatchObject({
    type: `/problems/${expected.code}`,
    title: expect.any(String),
    status: expected.status,
    detail: expect.any(String),
    requestId: got.headers.get('x-request-id'),
  });
  const retryAfter = Number(got.headers.get('retry-after') ?? Number.NaN);
  if (got.status === 503) expect(retryAfter).toBeGreaterThanOrEqual(1);
  if (expected.retryAfter !== undefined) {
    expect(retryAfter).toBeLessThanOrEqual(expected.retryAfter);
    expect(retryAfter).toBeGreaterThan(expected.retryAfter - 5);
  }
}

async function checkAftermath(trial: Trial): Promise<void> {
  const { row, net, sandbox } = trial;
  const next = row.after ?? 'healthy';
  if (next === 'broken') return;
  net.clear();
  await row.undo?.();
  sandbox.faults.clear();
  await net.open();
  net.arrivals.length = 0;
  // Longer than the breaker stays open, and than a pause that the vendor did not put a time to.
  await sleep(150);
  let got = await callGateway(trial, 'GET');
  if (next === 'silent') {
    expect([got.status, got.body.code, net.arrivals]).toEqual([503, 'vendor_rate_limited', []]);
    return;
  }
  if (got.status === 503) {
    await sleep(1000);
    got = await callGateway(trial, 'GET');
  }
  expect([got.status, got.body.code]).toEqual([200, undefined]);
}

async function callGateway(trial: Trial, method: string, body?: unknown): Promise<Reply> {
  const started = performance.now();
  const response = await fetch(`${gateway.url}/staff/${RECORD_IDS[trial.vendor]}`, {
    method,
    headers: {
      authorization: `Bearer ${trial.key}`,
      ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text: answer,
    body: JSON.parse(answer),
    milliseconds: performance.now() - started,
  };
}

async function changeOutside(
  sandbox: Sandbox,
  change: 'same field' | 'other field' | 'delete',
): Promise<void> {
  if ('repository' in sandbox.state) {
    const { state } = sandbox;
    if (change === 'delete') return state.remove('PractitionerRole', RECORD_IDS.fhir);
    const other = change === 'same field' ? { period: { end: '2029-09-09' } } : { active: false };
    return state.change('PractitionerRole', RECORD_IDS.fhir, (stored) => ({ ...stored, ...other }));
  }
  if (!('professionals' in sandbox.state)) throw new Error('only two vendors have such cases');
  const { professionals } = sandbox.state;
  const stored = professionals.get(1);
  if (stored === undefined) return;
  const updatedAt = new Date(Date.now() + 1000).toISOString();
  if (change === 'delete') professionals.remove(1);
  else if (change === 'same field') professionals.set({ ...stored, address: 'Elsewhere 9', updatedAt });
  else professionals.set({ ...stored, phone: '+54 11 1111-2222', updatedAt });
}

/** How long, in sum, this process' event loop kept its timers waiting: time that is not the gateway's. */
function watchLag() {
  let total = 0;
  let expectedAt = performance.now() + 10;
  const timer = setInterval(() => {
    const now = performance.now();
    total += Math.max(0, now - expectedAt);
    expectedAt = now + 10;
  }, 10);
  return { total: () => total, stop: () => clearInterval(timer) };
}
