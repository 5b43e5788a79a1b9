/** Vendor failures and the building stones of field tables, each rule by itself. */
import axios from 'axios';
import {
  type AdapterErrors,
  absent,
  activeOrInactive,
  codeList,
  codeTable,
  codingByCode,
  credential,
  date,
  dateOf,
  enumeration,
  field,
  onlyOne,
  period,
  periodOf,
  readPresent,
  refuseOtherSystem,
  settings,
  text,
  timeOf,
  timesOf,
  UNREADABLE,
  unsupported,
  weekOf,
} from '../../src/adapter';
import {
  CallCancelled,
  failureIn,
  TransportError,
  transportFailure,
  unexpectedResponse,
  VendorFailure,
} from '../../src/connection/failure';
import { requestHeaders } from '../../src/connection/headers';

const ERRORS: AdapterErrors = {
  rules: [
    { status: 200, when: (body) => body === 'odd', kind: 'rejected' },
    { status: 418, kind: 'conflict', retryAfter: () => 7 },
  ],
  issues: (body) => (Array.isArray(body) ? body : []),
  issueRules: [
    { key: 'a', text: /^known/, code: 'known', detail: 'It is known.', safe: true },
    { text: /^taken/, code: 'taken', detail: 'It is taken.', kind: 'conflict' },
    { text: /^long/, code: 'too_long' },
    { text: /^short/, code: 'too_short', detail: 'At least 7.' },
  ],
  code: (body) => (body === 'coded' ? 'CODE' : undefined),
};
const failed = (status: number, body?: unknown, headers = {}) =>
  failureIn({ status, headers, body }, ERRORS, 'Ejemplo');

describe('the headers of a request', () => {
  const adapter = { authorize: (session?: string) => ({ 'x-key': session ?? 'fixed' }) };
  const read = { method: 'GET', path: '/' } as const;

  test('are those of its body and of its session', () => {
    expect(requestHeaders(adapter, read, 'first')).toEqual({ accept: 'application/json', 'x-key': 'first' });
    expect(requestHeaders(adapter, read, undefined)['x-key']).toBe('fixed');
    expect(requestHeaders(adapter, { ...read, body: {} }, 'second')).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-key': 'second',
    });
  });

  test('are the request’s and the trace’s besides, but its credentials win over both', () => {
    const own = { ...read, headers: { 'x-key': 'of the request', 'x-own': 'kept' } };
    expect(requestHeaders(adapter, own, 'given', { 'x-key': 'of the trace', traceparent: '00' })).toEqual({
      accept: 'application/json',
      'x-own': 'kept',
      traceparent: '00',
      'x-key': 'given',
    });
  });
});

describe('failureIn', () => {
  test.each([
    [202, 'unexpected_response', 'unknown'],
    [204, 'unexpected_response', 'unknown'],
    [301, 'unexpected_response', 'unknown'],
    [400, 'rejected', 'refused'],
    [401, 'credentials_rejected', 'refused'],
    [403, 'credentials_rejected', 'refused'],
    [404, 'record_not_found', 'refused'],
    [405, 'unexpected_response', 'unknown'],
    [408, 'timeout', 'unknown'],
    [409, 'conflict', 'refused'],
    [410, 'record_not_found', 'refused'],
    [412, 'conflict', 'refused'],
    [418, 'conflict', 'refused'],
    [422, 'rejected', 'refused'],
    [429, 'rate_limited', 'refused'],
    [499, 'unexpected_response', 'unknown'],
    [500, 'unavailable', 'unknown'],
    [501, 'unavailable', 'unknown'],
    [599, 'unavailable', 'unknown'],
  ])('%i is %s, the write %s', (status, kind, fate) => {
    expect(failed(status)).toMatchObject({
      kind,
      fate,
      status,
      complaints: [],
      reason: `The vendor answered with status ${status}.`,
    });
  });

  test('a success is none, unless a rule says so', () => {
    expect([failed(200), failed(201), failed(200, {})]).toEqual([undefined, undefined, undefined]);
    expect(failed(200, 'odd')).toMatchObject({ kind: 'rejected', status: 200 });
  });

  test('complaints get our code and text; the vendor’s own only where it is safe', () => {
    const body = [
      { key: 'a', text: 'known thing' },
      { key: 'b', text: 'known thing' },
      { text: 'secret 123' },
    ];
    const failure = failed(422, body);
    expect(failure?.kind).toBe('rejected');
    expect(failure?.complaints).toEqual([
      { key: 'a', code: 'known', detail: 'It is known.', text: 'known thing' },
      { key: 'b', code: 'rejected_by_vendor', detail: 'The vendor does not accept this value.' },
      { code: 'rejected_by_vendor', detail: 'The vendor does not accept this value.' },
    ]);
    const taken = failed(422, [...body, { key: 'a', text: 'taken by 123' }]);
    expect([taken?.kind, taken?.complaints.at(-1)]).toEqual([
      'conflict',
      { key: 'a', code: 'taken', detail: 'It is taken.' },
    ]);
  });

  test('a stock code brings its sentence, with the vendor’s title; another one wins over it', () => {
    expect(failed(422, [{ text: 'long' }, { text: 'short' }])?.complaints).toEqual([
      { code: 'too_long', detail: 'The value is longer than Ejemplo allows.' },
      { code: 'too_short', detail: 'At least 7.' },
    ]);
  });

  test('Retry-After is heard where waiting helps, whatever the rules', () => {
    const statuses = [400, 401, 404, 409, 429, 500, 502, 503, 504];
    const pauses = statuses.map((status) => failed(status, undefined, { 'retry-after': '9' })?.retryAfter);
    expect(pauses).toEqual([undefined, undefined, undefined, undefined, 9, 9, 9, 9, 9]);
    const bare: AdapterErrors = { issues: () => [], issueRules: [] };
    const headers = { 'retry-after': '9' };
    expect(failureIn({ status: 429, headers, body: {} }, bare, 'Ejemplo')).toMatchObject({
      kind: 'rate_limited',
      retryAfter: 9,
    });
  });

  test('the vendor’s code and pause', () => {
    expect(failed(422, 'coded')?.vendorCode).toBe('CODE');
    expect(failed(422, 'x')).not.toHaveProperty('vendorCode', 'CODE');
    expect(failed(418)?.retryAfter).toBe(7);
    expect(failed(422)?.retryAfter).toBeUndefined();
    expect(failed(503, undefined, { 'retry-after': '9' })?.retryAfter).toBe(9);
    expect(failed(500)?.message).toBe('unavailable: The vendor answered with status 500.');
  });
});

describe('what the transport reports', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code });
  const sent = (cause: unknown, late = false) => new TransportError(cause, { sent: true, late });

  test.each<[string, unknown, string, string, string]>([
    [
      'not sent',
      new TransportError(coded('ECONNREFUSED'), { sent: false, late: false }),
      'unavailable',
      'not_sent',
      'No connection to the vendor could be made; nothing was sent.',
    ],
    [
      'sent and broken',
      sent(coded('ECONNRESET')),
      'timeout',
      'unknown',
      'The connection broke before the answer was complete.',
    ],
    ['sent and late', sent(new Error('x'), true), 'timeout', 'unknown', 'The vendor did not answer in time.'],
    [
      'too large',
      sent(coded('UND_ERR_RES_EXCEEDED_MAX_SIZE')),
      'unexpected_response',
      'unknown',
      'The vendor’s answer is too large.',
    ],
    [
      'a wrong length',
      sent(coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH')),
      'unexpected_response',
      'unknown',
      'The vendor’s answer is not valid HTTP.',
    ],
    [
      'too many headers',
      sent(coded('UND_ERR_HEADERS_OVERFLOW')),
      'unexpected_response',
      'unknown',
      'The vendor’s answer is not valid HTTP.',
    ],
    [
      'no HTTP',
      sent(new Error('x', { cause: Object.assign(new Error('x'), { name: 'HTTPParserError' }) })),
      'unexpected_response',
      'unknown',
      'The vendor’s answer is not valid HTTP.',
    ],
    [
      'a credential that no header carries',
      sent(coded('UND_ERR_INVALID_ARG')),
      'credentials_rejected',
      'not_sent',
      'The credentials hold characters that no HTTP header can carry; nothing was sent.',
    ],
    ['anything else', 'odd', 'timeout', 'unknown', 'The connection broke before the answer was complete.'],
    [
      'a code that is no text',
      Object.assign(new Error('x'), { code: 5 }),
      'timeout',
      'unknown',
      'The connection broke before the answer was complete.',
    ],
  ])('%s', (_name, error, kind, fate, reason) => {
    expect(transportFailure(error)).toMatchObject({ kind, fate, reason });
  });

  test('a failure stays what it is, a cancelled call is no failure', () => {
    const failure = unexpectedResponse('Odd.', 207);
    expect(transportFailure(failure)).toBe(failure);
    expect(failure).toMatchObject({
      kind: 'unexpected_response',
      fate: 'unknown',
      status: 207,
      reason: 'Odd.',
      complaints: [],
    });
    expect(unexpectedResponse('Odd.').status).toBeUndefined();
    const cancelled = new axios.CanceledError();
    for (const error of [cancelled, sent(cancelled)])
      expect(transportFailure(error)).toBeInstanceOf(CallCancelled);
    expect(transportFailure(sent(new Error('x')))).toBeInstanceOf(VendorFailure);
  });
});

describe('codecs', () => {
  test('what is there is read; blank cannot be, missing stays missing', () => {
    const read = jest.fn(() => 'read');
    expect([undefined, null, '', ' \t', 'x', 0, false].map((stored) => readPresent(stored, read))).toEqual([
      undefined,
      null,
      null,
      UNREADABLE,
      'read',
      'read',
      'read',
    ]);
    expect(text.decode('a')).toBe('a');
    expect(text.decode(5)).toBe(UNREADABLE);
    expect(text.encode('a', () => undefined)).toBe('a');
    expect(unsupported('No.')).toEqual({ supported: false, reason: 'No.' });
  });

  test.each<[unknown, string | undefined]>([
    ['2024-02-29', '2024-02-29'],
    [' 2024-02-29 ', '2024-02-29'],
    ['2024-02-29T10:00:00Z', '2024-02-29'],
    ['2024-02-29 10:00', '2024-02-29'],
    ['2024-02-29t23:59+09:00', '2024-02-29'],
    ['2023-02-29', undefined],
    ['2024-13-01', undefined],
    ['2024-02-29x', undefined],
    ['x2024-02-29', undefined],
    ['2024-02-29T1', undefined],
    ['20240229', undefined],
    [20240229, undefined],
    // Nobody may send it, but what is stored is sent back with other changes.
    ['0000-02-29', '0000-02-29'],
    ['0000-00-00', undefined],
    [null, undefined],
  ])('the date of %p is %p', (stored, expected) => {
    expect(dateOf(stored)).toBe(expected);
    if (stored !== null) expect(date.decode(stored)).toBe(expected ?? UNREADABLE);
  });

  test.each<[unknown, string | undefined]>([
    ['09:00', '09:00:00'],
    ['T09:00:01', '09:00:01'],
    ['t23:59:59', '23:59:59'],
    [' 00:00 ', '00:00:00'],
    ['24:00', undefined],
    ['9:00', undefined],
    ['09:60', undefined],
    ['09:00:60', undefined],
    ['x09:00', undefined],
    ['09:00x', undefined],
    [900, undefined],
  ])('the time of %p is %p', (stored, expected) => {
    expect(timeOf(stored)).toBe(expected);
  });

  test('periods', () => {
    expect(periodOf('2024-01-01', '2025-01-01')).toEqual({ start: '2024-01-01', end: '2025-01-01' });
    expect(periodOf('2024-01-01', null)).toEqual({ start: '2024-01-01' });
    expect(periodOf(undefined, '2025-01-01T00:00')).toEqual({ end: '2025-01-01' });
    expect(periodOf(undefined, '')).toBeNull();
    expect(periodOf('x', '2025-01-01')).toBe(UNREADABLE);
    expect(periodOf('2025-01-01', 'x')).toBe(UNREADABLE);
    expect([period.decode({ end: '2025-01-01' }), period.decode('2025'), period.decode(null)]).toEqual([
      { end: '2025-01-01' },
      UNREADABLE,
      null,
    ]);
  });

  test('shifts become blocks: equal ones of several days are one, and the end is after the start', () => {
    const early = { availableStartTime: '08:00:00', availableEndTime: '09:00:00' };
    expect(timesOf('08:00', 'T09:00:00')).toEqual(early);
    expect([timesOf('09:00', '09:00'), timesOf('x', '09:00'), timesOf('09:00', 'x')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const late = { availableStartTime: '10:00:00', availableEndTime: '11:00:00' };
    expect(weekOf([])).toBeNull();
    expect(
      weekOf([
        { day: 'fri', shift: { ...early } },
        { day: 'mon', shift: late },
        { day: 'mon', shift: { ...early } },
        { day: 'fri', shift: { ...early } },
      ]),
    ).toEqual([
      { daysOfWeek: ['mon'], ...late },
      { daysOfWeek: ['mon', 'fri'], ...early },
    ]);
  });

  test('closed lists', () => {
    const codec = enumeration(
      ['a', 'b', 'c'] as const,
      { a: 'A', b: false },
      { code: 'unsupported_field', detail: 'No c.' },
    );
    expect(codec.values).toEqual(['a', 'b']);
    const refuse = jest.fn();
    expect((['a', 'b', 'c'] as const).map((value) => codec.encode(value, refuse))).toEqual([
      'A',
      false,
      undefined,
    ]);
    expect(refuse.mock.calls).toEqual([['', 'unsupported_field', 'No c.']]);
    expect(['A', false, 'a', null].map((stored) => codec.decode(stored))).toEqual([
      'a',
      'b',
      UNREADABLE,
      null,
    ]);
  });

  test('code lists, open and closed, folded', () => {
    const refuse = jest.fn();
    const open = codeList({ x: 1, y: 1, z: 'Z-9' }, { fold: (code) => code.toLowerCase().replace('-', '') });
    expect(open.values).toBeUndefined();
    expect(['x', 'y', 'other', 'constructor'].map((code) => open.encode(code, refuse))).toEqual([
      1,
      1,
      'other',
      'constructor',
    ]);
    expect([1, '1', 'z9', 'q', 5, true, null, undefined].map((stored) => open.decode(stored))).toEqual([
      'x',
      'x',
      'z',
      'q',
      '5',
      UNREADABLE,
      null,
      undefined,
    ]);
    expect(refuse).not.toHaveBeenCalled();
    const closed = codeList({ x: 1 }, { unmapped: { at: '/code', detail: 'No.' } });
    expect(closed.values).toEqual(['x']);
    expect([closed.encode('x', refuse), closed.encode('toString', refuse)]).toEqual([1, undefined]);
    expect(refuse.mock.calls).toEqual([['/code', 'unmapped_code', 'No.']]);
    expect([closed.decode('1'), closed.decode(2)]).toEqual(['x', UNREADABLE]);
    expect([codeList().encode('a', refuse), codeList().decode('A')]).toEqual(['a', 'A']);
  });

  test('code systems', () => {
    const refuse = jest.fn();
    refuseOtherSystem({ code: '1' }, refuse, 'V');
    refuseOtherSystem({ code: '1', system: 'http://snomed.info/sct' }, refuse, 'V');
    expect(refuse).not.toHaveBeenCalled();
    refuseOtherSystem({ code: '1', system: 'urn:x' }, refuse, 'V');
    expect(refuse.mock.calls).toEqual([
      ['/system', 'unsupported_field', 'V holds no code system besides SNOMED CT.'],
    ]);
  });

  test('the one item of a list', () => {
    expect(onlyOne([])).toBeNull();
    expect(onlyOne(['a'])).toBe('a');
    expect(onlyOne(['a', 'a'])).toBe('a');
    expect(onlyOne(['a', 'b'])).toBe(UNREADABLE);
    expect(onlyOne(['a', 'a', 'b'])).toBe(UNREADABLE);
  });

  test('fields: the key, the codec, and what completes or replaces it', () => {
    const plain = field(
      'k',
      enumeration(['a'] as const, { a: 'A' }, { code: 'unmapped_code', detail: 'No.' }),
      {},
    );
    expect(plain).toMatchObject({ supported: true, key: 'k', values: ['a'] });
    expect([plain.decode({ k: 'A' }), plain.decode({}), plain.encode('a', () => undefined)]).toEqual([
      'a',
      undefined,
      'A',
    ]);
    expect(field('k', text, {})).not.toHaveProperty('values');
    expect(field('k', text, { decode: () => 'own', note: 'N' })).toMatchObject({ note: 'N' });
    expect(field('constructor', text, {}).decode({})).toBeUndefined();
  });

  test('settings: a credential has to be given, the rest has defaults, code lists are checked', () => {
    expect(codeTable().validate({ a: 'x', b: 1 }).error).toBeUndefined();
    expect(codeTable().validate({ a: true }).error).toBeDefined();
    expect(codeTable().validate({ ['k'.repeat(201)]: 'x' }).error).toBeDefined();
    expect(codeTable().validate({ k: 'x'.repeat(201) }).error).toBeDefined();
    const { credentials, options, codes } = settings(
      { apiKey: credential('K.') },
      {},
      { place: codeTable() },
    );
    expect([credentials.validate({}).error, credentials.validate(undefined).error]).not.toContain(undefined);
    expect(credentials.validate({ apiKey: 'k' }).error).toBeUndefined();
    expect([options.validate(undefined).value, codes.validate(undefined).value]).toEqual([{}, {}]);
    expect(options.validate({ odd: 1 }).error).toBeDefined();
  });

  test('words: the first is sent, all are read; spellings are folded', () => {
    const status = activeOrInactive('V', { active: ['active', true], inactive: ['inactive', false] });
    expect(status.values).toEqual(['active', 'inactive']);
    const refuse = jest.fn();
    expect([status.encode('active', refuse), status.encode('on-leave', refuse)]).toEqual([
      'active',
      undefined,
    ]);
    expect(refuse.mock.calls).toEqual([
      ['', 'unsupported_field', 'V knows no leave, only active and inactive.'],
    ]);
    expect(['active', true, false, 'Active', undefined].map((stored) => status.decode(stored))).toEqual([
      'active',
      'active',
      'inactive',
      UNREADABLE,
      undefined,
    ]);
    const refusal = { code: 'unmapped_code', detail: 'No.' } as const;
    const folded = enumeration(['day'] as const, { day: 'Days' }, refusal, (word) =>
      String(word).toLowerCase(),
    );
    expect([folded.decode('DAYS'), folded.encode('day', refuse)]).toEqual(['day', 'Days']);
    const wordless = enumeration(['a', 'b', 'c'] as const, { a: 'x', b: 'x' }, refusal, String);
    expect(['x', 'undefined'].map((stored) => wordless.decode(stored))).toEqual(['a', UNREADABLE]);
  });

  test('codings by their code', () => {
    const coding = codingByCode('V', codeList({ x: 1 }, { unmapped: { at: '/code', detail: 'No.' } }));
    const refuse = jest.fn();
    expect(coding.encode({ code: 'x' }, refuse)).toBe(1);
    expect(refuse).not.toHaveBeenCalled();
    coding.encode({ code: 'y', system: 'urn:x' }, refuse);
    expect(refuse.mock.calls.map(([at, code]) => `${at} ${code}`)).toEqual([
      '/system unsupported_field',
      '/code unmapped_code',
    ]);
    expect([1, 2, null].map((stored) => coding.decode(stored))).toEqual([
      { code: 'x', system: 'http://snomed.info/sct' },
      UNREADABLE,
      null,
    ]);
  });

  test('what a vendor has no place for is named', () => {
    expect(absent('V holds no', 'birthDate', 'availableTime')).toEqual({
      birthDate: { supported: false, reason: 'V holds no birth date' },
      availableTime: { supported: false, reason: 'V holds no weekly hours' },
    });
  });
});
