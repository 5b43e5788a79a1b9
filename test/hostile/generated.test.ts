/** Hostile input by the thousand: every leaf bent in twelve ways, the naughty strings, the JSON test suite. */
import naughty from 'big-list-of-naughty-strings';
import { isObject } from '../../src/lib/json';
import { parsePatch } from '../../src/staff/patch';
import {
  expectNoEcho,
  expectProblem,
  lastWrite,
  printTotals,
  requestBytes,
  resetVendors,
  type Spoken,
  speak,
  vendorCalls,
  wrote,
} from '../support/hostile';
import { jsonDocuments } from '../support/hostileJson';
import { FACILITY, KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
let cases = 0;
let passed = 0;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});
beforeEach(() => resetVendors(stage));

/** One update with every leaf, for the clinic whose vendor holds it. */
const UPDATES: readonly (readonly [key: string, update: object])[] = [
  [
    KEYS.centro,
    {
      status: 'on-leave',
      name: { given: 'Ana', family: 'Núñez' },
      nationalId: '00012345',
      birthDate: '1980-02-29',
      gender: 'female',
      address: { text: 'Calle 1' },
      phone: '+54 11 4567-8902',
      email: 'ana@clinic.example',
    },
  ],
  [
    KEYS.north,
    {
      role: 'doctor',
      specialty: { code: '394579002', display: 'Cardiology', system: 'http://snomed.info/sct' },
      organizationId: 'org_1',
      locationId: 'loc_1',
      period: { start: '2024-01-01', end: '2025-01-01' },
    },
  ],
  [
    KEYS.south,
    {
      availableTime: [
        {
          daysOfWeek: ['mon'],
          availableStartTime: '08:00',
          availableEndTime: '12:00',
          locationId: FACILITY,
          period: { start: '2024-01-01', end: '2025-01-01' },
          recurrence: { interval: 2, unit: 'day', start: '2024-01-01', end: '2025-01-01', description: 'x' },
        },
      ],
    },
  ],
];

type Path = readonly string[];

function leafPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) => leafPaths(item, [...path, key]));
}

/** A copy with another value at the path. */
function replaced(value: unknown, [key, ...rest]: Path, next: unknown): unknown {
  if (key === undefined) return next;
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === key ? replaced(item, rest, next) : item));
  const entries = Object.entries(value ?? {});
  return Object.fromEntries(
    entries.map(([name, item]) => [name, name === key ? replaced(item, rest, next) : item]),
  );
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => Object.entries(inner ?? {}).find(([name]) => name === key)?.[1],
    value,
  );
}

/** Many requests in one test; a busy machine takes a while. */
const PATIENCE_MS = 180_000;

/** The body as text, so that what JSON.stringify would soften goes out as it is. */
const MUTATIONS: Readonly<Record<string, { to: (leaf: unknown) => string; mayPass?: true }>> = {
  'a negative fraction': { to: () => '-7.5' },
  'a number beyond a double': { to: () => '1e999' },
  true: { to: () => 'true' },
  'an empty list': { to: () => '[]' },
  'a list of itself': { to: (leaf) => JSON.stringify([leaf]) },
  'an object of itself': { to: (leaf) => JSON.stringify({ value: leaf }) },
  'an object with __proto__': { to: (leaf) => `{"__proto__":${JSON.stringify(leaf)}}` },
  'an empty text': { to: () => '""' },
  '20000 letters': { to: () => `"${'ñ'.repeat(20_000)}"` },
  'blanks around': {
    to: (leaf) => JSON.stringify(typeof leaf === 'string' ? ` \u00a0${leaf}\n` : leaf),
    mayPass: true,
  },
  'letters that are not seen': { to: (leaf) => JSON.stringify(`${leaf}\u200b\u202e\0`), mayPass: true },
  null: { to: () => 'null', mayPass: true },
};

const HOLE = '@hole@';
const bends = UPDATES.flatMap(([key, update]) =>
  leafPaths(update).flatMap((path) =>
    Object.entries(MUTATIONS).map(([mutation, { to, mayPass = false }]) => ({
      name: `${path.join('.')}: ${mutation}`,
      key,
      pointer: `/${path.join('/')}`,
      body: JSON.stringify(replaced(update, path, HOLE)).replace(`"${HOLE}"`, () => to(at(update, path))),
      mayPass,
    })),
  ),
);

test.each(bends)('$name', async ({ key, pointer, body, mayPass }) => {
  cases += 1;
  const answer = await send({ key, body });
  const { errors = [] } = JSON.parse(answer.text);
  const pointers: string[] = errors.map((error: { pointer: string }) => error.pointer);
  if (!mayPass) expect(answer.status).toBe(422);
  if (answer.status === 422) {
    expect(pointers).not.toEqual([]);
    // A field that is judged as a whole is pointed at as a whole.
    for (const found of pointers)
      expect(found.startsWith(pointer) || pointer.startsWith(`${found}/`)).toBe(true);
    expect(wrote(stage)).toBe(0);
    if (!mayPass) expect(vendorCalls(stage)).toEqual([]);
    expectNoEcho(answer, { body });
  } else expect(answer.status).toBe(200);
  passed += 1;
});

async function send(ask: Parameters<typeof requestBytes>[0]): Promise<Spoken> {
  const [answer] = await speak(stage.url, requestBytes(ask));
  if (answer === undefined) throw new Error('no answer');
  expect(answer.status).toBeLessThan(500);
  if (answer.status >= 400) expectProblem(answer);
  return answer;
}

describe('naughty strings', () => {
  const FIELDS: readonly Path[] = UPDATES.flatMap(([, update]) => leafPaths(update));

  test(
    'in every leaf: a complaint about that leaf that does not repeat it, or a value that is as it was sent',
    () => {
      for (const text of naughty) {
        for (const path of FIELDS) {
          cases += 1;
          const update = UPDATES.map(([, one]) => one).find((one) => at(one, path) !== undefined);
          const parsed = parsePatch(replaced(update, path, text));
          // The other bound of a period is compared with this one.
          const place = path.includes('period') || path.includes('recurrence') ? path.slice(0, -1) : path;
          const telling = text.trim().length > 5 && !/^(string|null|undefined|false|true)/i.test(text);
          const wrong = ('errors' in parsed ? parsed.errors : []).filter(
            ({ pointer, detail }) =>
              !(pointer.startsWith(`/${place.join('/')}`) || path.join('/').startsWith(pointer.slice(1))) ||
              (telling && detail.includes(text.trim())),
          );
          // Looked at here, because an assertion costs more than all of the work that it is about.
          if (wrong.length > 0) expect([text, wrong]).toEqual([text, []]);
          passed += 1;
        }
      }
    },
    PATIENCE_MS,
  );

  /** Composed, without blanks and unseen characters around it. */
  const arrives = (text: string) => {
    const letters = [...text.normalize('NFC')];
    const codes = letters.map((letter) => letter.codePointAt(0) ?? 0);
    // A selector belongs to the letter before it; a control character other than a break is not taken away.
    const isBlank = (code: number) => isUnseen(code) && !isControl(code);
    const first = codes.findIndex((code) => !isBlank(code));
    const last = codes.findLastIndex((code) => !isBlank(code) || isSelector(code));
    return first === -1 ? '' : letters.slice(first, last + 1).join('');
  };
  const isControl = (code: number) =>
    (code < 0x20 && !(code >= 9 && code <= 13)) || (code >= 0x7f && code <= 0x9f);
  const isSelector = (code: number) =>
    (code >= 0x180b && code <= 0x180f && code !== 0x180e) ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    (code >= 0xe0100 && code <= 0xe01ef);

  /** Written as lists of code points, so that it is not the gateway's own rule that it is compared with. */
  const UNSEEN = [
    ...[0x20, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680, 0x17b4, 0x17b5, 0x2028, 0x2029, 0x202f],
    ...[0x205f, 0x2800, 0x3000, 0x3164, 0xfeff, 0xffa0, 0xe0001],
    ...[
      [0, 0x1f],
      [0x7f, 0x9f],
      [0x180b, 0x180f],
      [0x2000, 0x200f],
      [0x202a, 0x202e],
      [0x2060, 0x206f],
    ],
    ...[
      [0xfe00, 0xfe0f],
      [0xfff9, 0xfffb],
      [0xe0020, 0xe007f],
      [0xe0100, 0xe01ef],
    ],
  ];
  const isUnseen = (code: number) =>
    UNSEEN.some((one) =>
      typeof one === 'number' ? one === code : code >= (one[0] ?? 0) && code <= (one[1] ?? 0),
    );
  const BREAKS = [0x09, 0x0a, 0x0d];

  const SPACES = [0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000];
  const isSpace = (code: number) => SPACES.includes(code) || (code >= 0x2000 && code <= 0x200a);
  /** True if something in the middle is unseen, and neither white space nor a part of what stands beside it. */
  const hides = (letters: readonly string[], joiners: boolean) =>
    letters.some((letter, index) => {
      const code = letter.codePointAt(0) ?? 0;
      if (!isUnseen(code) || isControl(code) || isSelector(code) || isSpace(code)) return false;
      const [before = '', after = ''] = [letters[index - 1], letters[index + 1]];
      if (code === 0x200d && /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u.test(before))
        return !joiners;
      const joins =
        (code === 0x200c || code === 0x200d) && /[\p{L}\p{M}]/u.test(before) && /[\p{L}\p{M}]/u.test(after);
      return !joiners || !joins;
    });

  /** A role is a code, and codes have one kind of space. */
  const oneSpace = (text: string) => text.replaceAll(/[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/g, ' ');

  /** Whether a text of so many letters is let through: all of it can be seen, and nothing in it controls a machine. */
  const fits = (text: string, longest: number, breaks: readonly number[] = [], joiners = true) => {
    const letters = [...text];
    if (hides(letters, joiners)) return false;
    const codes = letters.map((letter) => letter.codePointAt(0) ?? 0);
    const controls = codes.filter((code) => (code < 0x20 && !breaks.includes(code)) || code === 0x7f);
    const halves = codes.filter((code) => code >= 0xd800 && code <= 0xdfff);
    return codes.length <= longest && controls.length + halves.length === 0 && !codes.every(isUnseen);
  };

  test(
    'as names and addresses: refused for what cannot be seen or controls, else they arrive as they are, composed and without blanks around',
    async () => {
      for (const text of naughty) {
        cases += 1;
        const wanted = arrives(text);
        const answer = await send({ key: KEYS.centro, json: { name: { given: text }, address: { text } } });
        const refused = [
          ...(fits(wanted, 200) ? [] : ['/name/given']),
          ...(fits(wanted, 500, BREAKS) ? [] : ['/address/text']),
        ];
        const { errors = [] } = JSON.parse(answer.text);
        const pointers = new Set(errors.map(({ pointer }: { pointer: string }) => pointer));
        expect([text, answer.status, [...pointers]]).toEqual([text, refused.length > 0 ? 422 : 200, refused]);
        const body: unknown = lastWrite(stage);
        if (answer.status === 200) expect(body).toMatchObject({ name: wanted, address: wanted });
        passed += 1;
      }
    },
    PATIENCE_MS,
  );

  test(
    'as roles and displays',
    async () => {
      for (const text of naughty) {
        cases += 1;
        const wanted = arrives(text);
        const answer = await send({ json: { role: text, specialty: { code: '1', display: text } } });
        const good = fits(wanted, 100, [], false) && fits(wanted, 200);
        expect([text, answer.status]).toEqual([text, good ? 200 : 422]);
        const body: unknown = lastWrite(stage);
        if (good && isObject(body)) expect([oneSpace(wanted), undefined]).toContain(body.role);
        passed += 1;
      }
    },
    PATIENCE_MS,
  );

  test(
    'as path ids: no vendor is asked',
    async () => {
      for (const text of naughty) {
        cases += 1;
        const answer = await send({ method: 'GET', path: `/staff/${encodeURIComponent(text)}` });
        expect([text, answer.status]).toEqual([text, 404]);
        expect(answer.text).not.toContain(text.length > 12 ? text : '\0');
        passed += 1;
      }
      expect(vendorCalls(stage)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    'as header values: no vendor is asked',
    async () => {
      for (const text of naughty) {
        cases += 2;
        const value = Buffer.from(text.replaceAll(/[\r\n]/g, ' ')).toString('latin1');
        const headers = [
          'prefer',
          'if-match',
          'idempotency-key',
          'x-request-id',
          'traceparent',
          'accept',
          'cookie',
        ].map((name) => [name, value] as const);
        const update = await send({ path: '/staff/nobody', json: { status: 'inactive' }, headers });
        expect([400, 404]).toContain(update.status);
        const caller = await send({
          method: 'GET',
          key: null,
          headers: [['authorization', `Bearer ${value}`]],
        });
        expect([400, 401]).toContain(caller.status);
        passed += 2;
      }
      expect(vendorCalls(stage)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe('the JSON test suite', () => {
  const documents = jsonDocuments();

  test('is whole', () => {
    expect(documents.length).toBeGreaterThanOrEqual(318);
  });

  test.each(documents)('$name', async ({ kind, name, bytes }) => {
    cases += 1;
    const answer = await send({ body: bytes });
    const isTwice = /duplicated_key/.test(name);
    if (kind === 'n') expect([400, 413]).toContain(answer.status);
    else if (kind === 'y') expect(answer.status).toBe(isTwice ? 400 : 422);
    else expect([400, 422]).toContain(answer.status);
    expect(vendorCalls(stage)).toEqual([]);
    passed += 1;
  });
});

test('there were enough cases, and all have passed', () => {
  printTotals('hostile, generated', 15_000, cases, passed);
});
