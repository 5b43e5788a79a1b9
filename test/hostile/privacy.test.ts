/**
 * Canaries: personal data and secrets are planted in every kind of request and in many faults, and must not appear in logs,
 * metrics, traces, error bodies or process titles. An answer to the caller may hold the caller's own record, an error may not.
 */
import { context, type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import type { Fault } from '../../sandbox/faults';
import { createLog } from '../../src/ops/log';
import { KEYS, openStage, type Stage } from '../support/stage';

/** What must never be seen. All are odd enough not to occur by chance. */
const CANARIES = {
  given: 'Zoraidacanary',
  family: 'Quintanillacanary',
  nationalId: '98127634',
  birthDate: '1971-02-23',
  phone: '+54 11 7318-2946',
  email: 'canary.person@example.org',
  address: 'Callecanary 4711',
  display: 'Displaycanary',
  role: 'rolecanary',
  hours: '09:17:43',
  query: 'querycanary',
  header: 'headercanary',
  unknownMember: 'membercanary',
  vendorText: 'vendortextcanary',
  wrongKey: 'wrong-key-canary',
  password: 'passwordcanary1',
};

const SECRETS = [
  ...Object.values(KEYS),
  SANDBOX_CREDENTIALS.clinikapi.liveKey,
  SANDBOX_CREDENTIALS.vitalis.staticAdminToken,
  SANDBOX_CREDENTIALS.vitalis.admin.password,
  ...Object.values(SANDBOX_CREDENTIALS.cobalt),
  ...Object.values(SANDBOX_CREDENTIALS.fhir),
];

const PLANTED = [...Object.values(CANARIES), ...SECRETS];

const FULL = {
  status: 'inactive',
  name: { given: CANARIES.given, family: CANARIES.family },
  nationalId: CANARIES.nationalId,
  birthDate: CANARIES.birthDate,
  gender: 'female',
  address: { text: CANARIES.address },
  phone: CANARIES.phone,
  email: CANARIES.email,
};
/** What each clinic's vendor can hold, full of canaries. */
const BODIES: Readonly<Record<string, object>> = {
  north: { role: CANARIES.role, specialty: { code: '394579002', display: CANARIES.display } },
  centro: FULL,
  south: {
    availableTime: [
      {
        daysOfWeek: ['mon'],
        availableStartTime: CANARIES.hours,
        availableEndTime: '17:00:00',
        locationId: 'centro',
      },
    ],
  },
  west: { ...FULL, role: CANARIES.role, specialty: { code: '394579002', display: CANARIES.display } },
};
const CLINICS = ['north', 'centro', 'south', 'west'] as const;

/** Everything that the recorded spans say. */
const spans: string[] = [];
function record(...parts: unknown[]): void {
  spans.push(JSON.stringify(parts));
}

/** An SDK in miniature: remembers what it is told. */
function recordingSpan(name: string, options: SpanOptions = {}): Span {
  record('start', name, options);
  const told = (...parts: unknown[]) => {
    record(...parts);
    return span;
  };
  const span: Span = {
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
    setAttribute: told,
    setAttributes: told,
    addEvent: told,
    addLink: told,
    addLinks: told,
    setStatus: told,
    updateName: told,
    end: () => {},
    isRecording: () => true,
    recordException: (error) => record('exception', String(error)),
  };
  return span;
}

let stage: Stage;
let debugLines: string[];
const standardStreams: string[] = [];

beforeAll(async () => {
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: recordingSpan,
      startActiveSpan: () => {
        throw new Error('not used');
      },
    }),
  });
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    jest.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
      standardStreams.push(String(chunk));
      return write(chunk);
    });
  }
  stage = await openStage({
    fhir: { auth: 'oauth' },
    configure: (config) => {
      for (const vendor of Object.values(config.vendors)) {
        Object.assign(vendor, {
          readRetries: 0,
          timeoutMs: 2_000,
          propagateTrace: true,
          breaker: { failures: 1000, openMs: 1 },
        });
      }
      // One that logs in, so that e-mail and password are on their way too.
      config.vendors['vitalis-centro'].credentials = { ...SANDBOX_CREDENTIALS.vitalis.admin };
      const { clientId, clientSecret } = SANDBOX_CREDENTIALS.fhir;
      const { origin } = new URL(config.vendors['fhir-main'].baseUrl);
      config.vendors['fhir-main'].credentials = { tokenUrl: `${origin}/auth/token`, clientId, clientSecret };
    },
  });
  debugLines = stage.lines;
});
afterAll(async () => {
  await stage.close();
  trace.disable();
  context.disable();
  jest.restoreAllMocks();
});

const errors: string[] = [];
let errorsSeen = 0;

/** Sends a request full of canaries; keeps the answer if it is an error. */
async function send(
  clinic: (typeof CLINICS)[number],
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  key: string = KEYS[clinic],
): Promise<number> {
  const response = await fetch(stage.url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      'x-custom': CANARIES.header,
      cookie: `a=${CANARIES.header}`,
      'user-agent': CANARIES.header,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      tracestate: `a=${CANARIES.header}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status >= 400) errors.push(`${response.status} ${[...response.headers]} ${text}`);
  return response.status;
}

async function everythingSaid(): Promise<Record<string, string>> {
  const metrics = await (await fetch(`${stage.gateway.opsUrl}/metrics`)).text();
  const ready = await (await fetch(`${stage.gateway.opsUrl}/readyz`)).text();
  return {
    log: debugLines.join(''),
    'standard streams': standardStreams.join(''),
    metrics,
    ready,
    traces: spans.join('\n'),
    errors: errors.join('\n'),
    'process title': [process.title, ...process.argv].join(' '),
  };
}

async function expectSilence(): Promise<void> {
  const said = await everythingSaid();
  // What was found once would be found in every test after it.
  errorsSeen += errors.length;
  for (const list of [errors, debugLines, spans, standardStreams]) list.length = 0;
  for (const [where, text] of Object.entries(said)) {
    for (const canary of PLANTED) {
      // A pointer names the member that the caller has sent.
      if (where === 'errors' && canary === CANARIES.unknownMember) continue;
      for (const form of [canary, encodeURIComponent(canary), canary.replaceAll(/[ +-]/g, '')]) {
        if (text.includes(form)) throw new Error(`${where} shows ${form}: …${around(text, form)}…`);
      }
    }
  }
}

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 100), at + 100);
}

describe.each(CLINICS)('requests of %s', (clinic) => {
  const requests: [string, string, unknown?, Record<string, string>?, string?][] = [
    ['GET', '/staff/st-1'],
    ['GET', '/staff/st-1', undefined, { accept: 'application/fhir+json' }],
    ['GET', `/staff/st-1?x=${CANARIES.query}`],
    ['GET', `/staff/${CANARIES.given}`],
    ['GET', `/staff/${CANARIES.email.replace('@', '%40')}`],
    ['GET', `/staff/%ff${CANARIES.given}`],
    ['GET', `/${CANARIES.given}?${CANARIES.query}`],
    ['GET', '/capabilities'],
    ['GET', '/staff/st-1/links'],
    ['GET', `/changes?staffId=${CANARIES.given}&caller=${CANARIES.query}`],
    ['GET', `/operations/${CANARIES.given}`],
    ['PATCH', '/staff/st-1?dryRun=true', BODIES[clinic]],
    ['PATCH', '/staff/st-1', BODIES[clinic]],
    [
      'PATCH',
      '/staff/st-1',
      BODIES[clinic],
      { prefer: `handling=lenient, ${CANARIES.header}`, 'idempotency-key': CANARIES.header },
    ],
    ['PATCH', '/staff/st-1', BODIES[clinic], { prefer: 'respond-async' }],
    ['PATCH', '/staff/st-1', BODIES[clinic], { 'if-match': `"${CANARIES.header}"` }],
    ['PATCH', '/staff/st-1', { ...FULL, [CANARIES.unknownMember]: CANARIES.given }],
    [
      'PATCH',
      '/staff/st-1',
      { ...FULL, phone: CANARIES.email, email: CANARIES.phone, birthDate: CANARIES.given },
    ],
    [
      'PATCH',
      '/staff/st-1',
      { ...FULL, name: CANARIES.given, gender: CANARIES.given, status: CANARIES.given },
    ],
    ['PATCH', '/staff/st-1', { specialty: { code: CANARIES.nationalId, system: CANARIES.query } }],
    ['PATCH', '/staff/st-1', `{"name": "${CANARIES.given}`],
    ['PATCH', '/staff/st-1', CANARIES.given, { 'content-type': `text/${CANARIES.header}` }],
    ['PATCH', `/staff/${CANARIES.given}`, BODIES[clinic]],
    ['PUT', '/staff/st-9/links/clinikapi-main', { vendorRecordId: `${CANARIES.given} ${CANARIES.family}` }],
    ['PUT', `/staff/st-9/links/${CANARIES.given}`, { vendorRecordId: CANARIES.nationalId }],
    ['PUT', '/staff/st-9/links/clinikapi-main', { [CANARIES.unknownMember]: 1 }],
    ['DELETE', `/staff/st-1/links/${CANARIES.given}`],
    ['POST', '/staff/st-1', FULL],
    ['GET', '/staff/st-1', undefined, {}, CANARIES.wrongKey],
    ['GET', '/staff/st-1', undefined, {}, `aaa.${CANARIES.wrongKey}.bbb`],
    ['GET', '/staff/st-1', undefined, { 'x-request-id': `${CANARIES.header} ${CANARIES.given}` }],
  ];

  test('leave nothing behind', async () => {
    const statuses: number[] = [];
    for (const [method, path, body, headers, key] of requests) {
      statuses.push(await send(clinic, method, path, body, headers, key));
    }
    // Of both kinds, or the test would show little.
    expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(4);
    expect(statuses.filter((status) => status >= 400).length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status === 500)).toEqual([]);
    await expectSilence();
  });
});

const sandboxes = () => [stage.clinikapi, stage.vitalis, stage.cobalt, ...(stage.fhir ? [stage.fhir] : [])];

const SPOILT = `${CANARIES.vendorText} ${CANARIES.nationalId} ${CANARIES.email}`;
/** Answers in the forms that vendors have, and in none, each full of canaries. */
const FAULTS: [string, Fault][] = [
  ...[400, 401, 403, 404, 409, 418, 422, 429, 500, 503].map((status): [string, Fault] => [
    `status ${status}`,
    {
      kind: 'answer',
      status,
      headers: { 'x-vendor': CANARIES.vendorText },
      body: {
        msg: `El DNI ${CANARIES.nationalId} ya está en uso por otro profesional`,
        message: SPOILT,
        error: {
          code: CANARIES.vendorText,
          message: SPOILT,
          details: [{ field: CANARIES.vendorText, message: SPOILT }],
        },
        errors: [
          { msg: SPOILT, param: 'dni', value: CANARIES.nationalId },
          { msg: SPOILT, path: CANARIES.vendorText, value: CANARIES.email },
        ],
        code: CANARIES.vendorText,
        resourceType: 'OperationOutcome',
        issue: [
          {
            severity: 'error',
            code: 'value',
            diagnostics: SPOILT,
            details: { text: SPOILT },
            expression: [`Practitioner.${CANARIES.vendorText}`, SPOILT],
          },
          { severity: 'fatal', code: CANARIES.vendorText, expression: ['Practitioner.telecom[1].value'] },
        ],
      },
    },
  ]),
  ['text instead of JSON', { kind: 'answer', status: 200, body: SPOILT }],
  [
    'another record',
    {
      kind: 'answer',
      status: 200,
      body: {
        professional: { id: 99, dni: CANARIES.nationalId, [CANARIES.given]: 1 },
        data: { id: CANARIES.given },
        providers: [{ id: CANARIES.given }],
      },
    },
  ],
  ['a wrong id', { kind: 'wrong-id', id: CANARIES.nationalId }],
  ['no effect', { kind: 'no-effect', echo: 'old' }],
  ['a dropped connection', { kind: 'drop', when: 'during' }],
  ['a lost answer', { kind: 'drop', when: 'after' }],
  ['HTML', { kind: 'malformed', form: 'html' }],
  ['half a body', { kind: 'malformed', form: 'truncated' }],
];

describe.each(FAULTS)('a vendor that answers with %s', (_name, fault) => {
  test('cannot make the gateway tell anything', async () => {
    for (const sandbox of sandboxes()) sandbox.faults.add(fault);
    for (const clinic of CLINICS) {
      await send(clinic, 'GET', '/staff/st-1');
      await send(clinic, 'PATCH', '/staff/st-1', BODIES[clinic]);
    }
    for (const sandbox of sandboxes()) sandbox.faults.clear();
    await expectSilence();
  });
});

test('the canaries were really on their way, and the ears open', async () => {
  const received = JSON.stringify(sandboxes().map(({ log }) => log));
  for (const canary of [CANARIES.given, CANARIES.nationalId, CANARIES.role, CANARIES.hours])
    expect(received).toContain(canary);
  await send('north', 'PATCH', '/staff/st-1', BODIES.north);
  const said = await everythingSaid();
  expect(said.log).toContain('"route":"/staff/:id"');
  expect(said.metrics).toContain('gateway_vendor_calls_total{');
  expect(said.traces).toContain('vendor write');
  expect(errorsSeen).toBeGreaterThan(80);
});

describe('the log', () => {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const written = () => JSON.parse(lines.at(-1) ?? '');

  test('has for each kind of line exactly these fields', () => {
    const request = { requestId: 'r', route: '/x', code: 'c', caller: 'a', clinic: 'n', vendor: 'v' };
    log.request({ ...request, ...{ secret: CANARIES.given } }, 'GET', 200, 1.26);
    expect(Object.keys(written())).toEqual([
      'level',
      'time',
      'requestId',
      'method',
      'route',
      'status',
      'code',
      'caller',
      'clinic',
      'vendor',
      'ms',
      'msg',
    ]);
    const call = { requestId: 'r', vendor: 'v', operation: 'read', outcome: 'ok', status: 200 };
    log.vendorCall({ ...call, ...{ secret: CANARIES.given } }, 3);
    expect(Object.keys(written())).toEqual([
      'level',
      'time',
      'requestId',
      'vendor',
      'operation',
      'outcome',
      'status',
      'ms',
      'msg',
    ]);
    log.defect({ requestId: 'r' }, new TypeError(CANARIES.given));
    expect(Object.keys(written())).toEqual(['level', 'time', 'requestId', 'error', 'at', 'msg']);
    expect(lines.join('')).not.toContain(CANARIES.given);
  });

  test('tells where a defect arose, also when its message has several lines', () => {
    log.defect({ requestId: 'r' }, new Error(`first\n    at ${CANARIES.given} (x.js:1:1)\nlast`));
    expect(lines.join('')).not.toContain(CANARIES.given);
    expect(written().at.length).toBeGreaterThan(0);
  });
});
