import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { createCobaltSandbox } from '../../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { makePeople, readPeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';
import { createVitalisSandbox } from '../../sandbox/vitalis';

/** `npm run sandbox -- --seed`: the sandboxes with the same people. */

const { vitalis, clinikapi, cobalt } = SANDBOX_CREDENTIALS;
const HEADERS = {
  vitalis: { 'x-token': vitalis.staticAdminToken },
  clinikapi: { 'x-api-key': clinikapi.liveKey },
  cobalt: {
    client_id: cobalt.clientId,
    client_secret: cobalt.clientSecret,
    access_token: cobalt.accessToken,
  },
};

const folder = mkdtempSync(join(tmpdir(), 'sandbox-seed-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function send(url: string, vendor: keyof typeof HEADERS, body?: unknown): Promise<unknown> {
  const answer = await fetch(url, {
    method: body === undefined ? 'GET' : 'PATCH',
    headers: { 'content-type': 'application/json', ...HEADERS[vendor] },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect([url, answer.status]).toEqual([url, 200]);
  const answered: unknown = await answer.json();
  return answered;
}

describe('made-up people', () => {
  const people = makePeople(200);

  test('are the same ones every time, and more of them begin with the same', () => {
    expect(readPeople('200')).toEqual(people);
    expect(makePeople(50)).toEqual(people.slice(0, 50));
  });

  test('have accents, twins and names that stand twice, but no DNI twice', () => {
    const names = people.map(({ name }) => `${name?.given} ${name?.family}`);
    expect(names.filter((name) => /[^ -~]/.test(name)).length).toBeGreaterThan(100);
    expect(names.length - new Set(names).size).toBeGreaterThan(10);
    expect(new Set(people.map(({ nationalId }) => nationalId)).size).toBe(200);
    const [other, twin] = people.slice(3, 5);
    const { birthDate, address } = other ?? {};
    expect(twin).toMatchObject({ birthDate, address, name: { family: other?.name?.family } });
    expect(twin?.name?.given).not.toBe(other?.name?.given);
  });

  test('every one can be read and written at every vendor', async () => {
    const seeded = seedPeople(makePeople(30));
    const sandboxes = {
      vitalis: createVitalisSandbox({ seeds: seeded.vitalis }),
      clinikapi: createClinikapiSandbox(seeded.clinikapi),
      cobalt: createCobaltSandbox({ seeds: seeded.cobalt }),
    };
    const listening = await Promise.all(Object.values(sandboxes).map((sandbox) => sandbox.listen()));
    const [first, second, third] = listening.map(({ url }) => url);
    try {
      for (const { id, ...record } of seeded.vitalis.professionals) {
        // Every rule of a whole record is met, so nobody blocks an update.
        await send(`${first}/professionals/${id}`, 'vitalis', { ...record, state: 'Licencia' });
        await send(`${first}/work_schedules?professionalID=${id}`, 'vitalis');
      }
      for (const { id, practitionerId } of seeded.clinikapi.roles) {
        await send(`${second}/v1/practitioners/${practitionerId}`, 'clinikapi', { languages: ['es'] });
        await send(`${second}/v1/practitioner-roles/${id}`, 'clinikapi', { role: 'nurse' });
      }
      const list = await send(`${third}/v1/providers`, 'cobalt');
      expect(Object(list).providers).toHaveLength(30);
      for (const { id, hours } of seeded.cobalt.providers) {
        await send(`${third}/v1/providers/${id}`, 'cobalt', { hours });
      }
    } finally {
      await Promise.all(listening.map((one) => one.close()));
    }
  });
});

test('people of a file: what a vendor needs and a record does not have is filled in', () => {
  const people = [
    {
      name: { given: 'Ana', family: 'Ñandú' },
      nationalId: '0AB12345',
      status: 'on-leave',
      specialty: { code: '394585009', display: 'Obstetrics' },
      availableTime: [
        { daysOfWeek: ['sun', 'sat'], availableStartTime: '08:00:00', availableEndTime: '09:30:30' },
        { daysOfWeek: ['sun'], availableStartTime: '10:00:00', availableEndTime: '11:00:00' },
      ],
    },
    {},
  ];
  const seeded = seedPeople(readPeople(file('people.json', JSON.stringify(people))));
  expect(seeded.vitalis.professionals).toMatchObject([
    { id: 1, name: 'Ana', surname: 'Ñandú', dni: '0AB12345', specialityID: 4, state: 'Licencia' },
    { id: 2, name: 'Sin nombre', dni: 90000002, specialityID: 1, state: 'Activo/a' },
  ]);
  expect(seeded.vitalis.specialities?.at(-1)).toMatchObject({ id: 4, name: 'Obstetrics' });
  expect(seeded.vitalis.schedules).toMatchObject([
    { id: 1, professionalID: 1, dayOfWeek: 0, startTime: '08:00', endTime: '09:30:30' },
    { id: 2, professionalID: 1, dayOfWeek: 6 },
  ]);
  expect(seeded.clinikapi.roles[0]).toMatchObject({
    status: 'inactive',
    specialties: [people[0]?.specialty],
  });
  const [sunday, saturday] = seeded.cobalt.providers[0]?.hours ?? [];
  expect(sunday).toMatchObject({ day: 'Sunday', shifts: [{ start: 'T08:00:00' }, { start: 'T10:00:00' }] });
  expect(saturday).toMatchObject({ day: 'Saturday', shifts: [{ end: 'T09:30:30' }] });
});

test.each<[string, string | undefined, RegExp]>([
  ['0', undefined, /1 to 10000/],
  ['10001', undefined, /1 to 10000/],
  ['nothing.json', undefined, /ENOENT/],
  ['no-list.json', '{}', /the file: array.base/],
  ['empty.json', '[]', /the file: array.min/],
  ['unknown.json', '[{"nombre":"secret"}]', /0.nombre: object.unknown/],
  ['gender.json', '[{},{"gender":"F"}]', /1.gender: any.only/],
  ['twice.json', '[{"nationalId":"12345678"},{"nationalId":"12345678"}]', /1: array.unique/],
])('--seed %s is refused', (seed, content, message) => {
  const wanted = content === undefined ? seed : file(seed, content);
  expect(() => readPeople(wanted)).toThrow(message);
  expect(() => readPeople(wanted)).not.toThrow(/secret|12345678/);
});

test('the command prints where each sandbox listens, what opens it and who is in it', async () => {
  const program = ['-r', './test/support/typescript.cjs', 'sandbox/serve.ts', '--port', '0', '--seed', '3'];
  const child = spawn(process.execPath, program, { cwd: join(__dirname, '../..') });
  const ended = new Promise((resolve) => {
    child.on('exit', resolve);
  });
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.on('exit', () => reject(new Error(printed)));
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      if (printed.includes('Ctrl-C')) resolve();
    });
  });
  const url = /clinikapi (http:\S+)/.exec(printed)?.[1];
  expect(await send(`${url}/v1/practitioner-roles/pr_seed00003`, 'clinikapi')).toMatchObject({
    data: { practitionerId: 'prac_seed00003' },
  });
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  for (const shown of [vitalis.admin.email, vitalis.user.email, clinikapi.readOnlyKey, cobalt.accessToken]) {
    expect(printed).toContain(shown);
  }
  expect(printed).toMatch(
    /\nperson,vitalis,clinikapi,cobalt,fhir\nMaría José Núñez,1,pr_seed00001,[0-9a-f]{32},role-seed00001\n/,
  );
});
