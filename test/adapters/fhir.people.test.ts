/** FHIR R4 among linked staff: people with several roles, many updates at the same time, and what `doctor` finds. */
import { Writable } from 'node:stream';
import { adapters } from '../../adapters';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { doctor } from '../../src/cli/doctor';
import { loadConfig } from '../../src/config/load';
import { connect, moduleNamed } from '../support/adapterSetups';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ fhir: {} });
});
afterAll(() => stage.close());

function server() {
  if (stage.fhir === undefined) throw new Error('the stage has a FHIR server');
  return stage.fhir;
}
beforeEach(() => server().reset());

const patch = (body: object, staffId = 'st-1') => stage.patch(KEYS.west, body, {}, staffId);
const link = (staffId: string, vendorRecordId: string) =>
  stage.call('PUT', `/staff/${staffId}/links/fhir-main`, { key: KEYS.west, body: { vendorRecordId } });

test('what is changed at a person with two linked roles is told to be changed for both', async () => {
  expect((await patch({ gender: 'other' })).body.meta.warnings).not.toContainEqual(
    expect.objectContaining({ code: 'shared_record' }),
  );
  expect((await link('st-2', 'role-ghi789')).status).toBeLessThan(300);
  const reply = await patch({ gender: 'male', status: 'inactive' });
  expect(reply.body.meta.warnings).toContainEqual(expect.objectContaining({ code: 'shared_record' }));
  const other = await stage.call('GET', '/staff/st-2', { key: KEYS.west });
  expect(other.body.data).toMatchObject({ gender: 'male', status: 'active' });
});

test('fifty updates at the same time lose nothing', async () => {
  const fields: ((n: number) => object)[] = [
    (n) => ({ phone: `+54 11 4000-${1000 + n}` }),
    (n) => ({ email: `p${n}@example.test` }),
    (n) => ({ name: { family: `Family${n}` } }),
    (n) => ({ name: { given: `Given${n}` } }),
    (n) => ({ nationalId: String(30_000_000 + n) }),
    (n) => ({ role: `role-${n}` }),
    (n) => ({ period: { end: `2030-01-${String(10 + (n % 20))}` } }),
    (n) => ({ specialty: { code: `code-${n}` } }),
    (n) => ({ organizationId: `org-${n}` }),
    (n) => ({ locationId: `loc-${n}` }),
  ];
  const replies = await Promise.all(fields.flatMap((make) => [1, 2, 3, 4, 5].map((n) => patch(make(n)))));
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
  expect(server().writes).toBe(50);
  const role = await server().state.get('PractitionerRole', 'role-abc123');
  const person = await server().state.get('Practitioner', 'prac-abc123');
  const shown = (await stage.call('GET', '/staff/st-1', { key: KEYS.west })).body.data;
  expect(Object.keys(shown).length).toBeGreaterThan(12);
  // Each field has one of the values that were sent to it, and nothing else has changed.
  expect(JSON.stringify([role, person])).toMatch(/role-[1-5]".*org-[1-5]|org-[1-5].*role-[1-5]"/);
  expect(shown.name.family).toMatch(/^Family[1-5]$/);
  expect(shown.name.given).toMatch(/^Given[1-5]$/);
  expect(shown.nationalId).toMatch(/^3000000[1-5]$/);
  expect(shown).toMatchObject({ period: { start: '2024-01-01' }, birthDate: '1985-03-15' });
  expect([person?.telecom.length, person?.name[1].prefix, role?.notAvailable.length]).toEqual([
    4,
    ['Dr.'],
    1,
  ]);
});

test('only the roles of the configured organization are listed', async () => {
  const config = structuredClone(stage.config);
  config.vendors['fhir-main'].options.organization = 'org-south';
  const { list } = connect(moduleNamed('fhir'), {}, config.vendors['fhir-main'].options);
  const url = config.vendors['fhir-main'].baseUrl + list?.first.path;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${SANDBOX_CREDENTIALS.fhir.token}` } });
  const rows = list?.rows(await answer.json()) ?? [];
  expect(rows.map((row) => Object(row).id)).toEqual(['role-def456', 'role-ghi789']);
});

describe('doctor', () => {
  async function examine(codes: object = {}): Promise<{ code: number; rows: Record<string, string> }> {
    let text = '';
    const out = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const { config } = await loadConfig(stage.configPath, { adapters, env: {} });
    const vendor = { ...config.vendors['fhir-main'], codes };
    const only = { ...config, vendors: { 'fhir-main': vendor } } as typeof config;
    const code = await doctor({ config: only, adapters, out, json: true });
    const { checks } = JSON.parse(text);
    return {
      code,
      rows: Object.fromEntries(
        checks.map(({ check, result, detail }: Record<string, string>) => [check, `${result} ${detail}`]),
      ),
    };
  }

  test('finds a server that can do all', async () => {
    const { code, rows } = await examine();
    expect([code, rows.abilities, rows.credentials]).toEqual([
      0,
      'ok all that is needed',
      'ok a read was answered',
    ]);
  });

  test('names what the server says that it cannot do', async () => {
    const { settings } = server().state;
    settings.interactions.Practitioner = ['read'];
    settings.versioning = 'versioned';
    const { code, rows } = await examine();
    expect(code).toBe(2);
    expect(rows.abilities).toBe(
      'failed the vendor has no versions in updates of PractitionerRole (set options.ifMatch: false); ' +
        'no update of Practitioner; no versions in updates of Practitioner (set options.ifMatch: false)',
    );
  });

  test('holds codes of organizations and locations against those of the server', async () => {
    server().state.settings.largestPage = 1;
    const { code, rows } = await examine({
      organization: { north: 'org-north', south: 'org-south' },
      location: { main: 'loc-main', cellar: 'loc-cellar', annex: 'loc-annex' },
    });
    expect([code, rows['codes.organization'], rows['codes.location']]).toEqual([
      2,
      'failed inactive at the vendor: south: org-south',
      'failed not at the vendor: cellar: loc-cellar; inactive at the vendor: annex: loc-annex',
    ]);
  });

  test('does not take another answer for a server’s word', async () => {
    server().faults.next({ kind: 'answer', status: 200, body: {} }, { path: /metadata/ });
    const { code, rows } = await examine();
    expect([code, rows.abilities]).toEqual([0, 'not_checked the vendor does not say what it can do']);
  });
});

test('a server that heeds no versions is read once more before each write', async () => {
  await stage.close();
  stage = await openStage({
    fhir: { honoursIfMatch: false },
    configure: (config) => {
      config.vendors['fhir-main'].options.ifMatch = false;
    },
  });
  let reads = 0;
  server().faults.add(
    {
      kind: 'hook',
      when: 'answer',
      run: async () => {
        reads += 1;
        if (reads > 1) return;
        await server().state.change('PractitionerRole', 'role-abc123', (stored) => ({
          ...stored,
          availabilityExceptions: 'Added meanwhile',
        }));
      },
    },
    { method: 'GET' },
  );
  expect((await patch({ status: 'inactive' })).status).toBe(200);
  expect(await server().state.get('PractitionerRole', 'role-abc123')).toMatchObject({
    active: false,
    availabilityExceptions: 'Added meanwhile',
  });
  const [write] = server().log.filter(({ method }) => method === 'PUT');
  expect(write?.headers['if-match']).toBeUndefined();
});
