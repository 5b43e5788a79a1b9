/** What looks the same is the same, and what nobody sees is named: in values, and in the codes of the configuration. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { checkConfig } from '../../src/cli/checkConfig';
import {
  block,
  complaints,
  openTruth,
  receipt,
  type Truth,
  type VendorName,
  warnings,
} from '../support/truth';

const NFD = 'Cli\u0301nica Norte';
const FACILITY = '095f8067-d3fc-4e13-b771-32f87cd0c3f2';

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth((config) => {
    config.vendors['clinikapi-main'].codes = {
      organization: {
        [NFD]: 'org_north1',
        ' sur ': 'org_south2',
        'dos  espacios': 'org_3',
        'Clínica\u00a0Este': 'org_4',
        'sala\u20113': 'org_5',
        ｗｉｄｅ: 'org_6',
        '\u200bcero': 'org_7',
        punto·medio: 'org_8',
      },
    };
    config.vendors['clinikapi-live'].codes = { location: { 'Sala\u2003A ': 'Annex' } };
    config.vendors['vitalis-centro'].codes.specialty = { ' 394579002': 1, '394537008\u00a0': 2 };
    config.vendors['cobalt-main'].codes = { location: { 'Se\u0301de  Sur': FACILITY } };
  });
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

const hours = (extra: object) => [block(['mon'], '08:00:00', '12:00:00', extra)];

test.each<[VendorName, object, string, string]>([
  ['vitalis', { email: 'ana\u200B@clinica.com' }, '/email', 'U+200B, a zero-width space'],
  ['live', { email: 'ana\u200B@clinica.com' }, '/email', 'U+200B, a zero-width space'],
  ['vitalis', { email: 'an\u00ada@clinica.com' }, '/email', 'U+00AD, a soft hyphen'],
  ['live', { email: 'ana@cli\u2060nica.com' }, '/email', 'U+2060, a word joiner'],
  ['vitalis', { email: 'ana\ufeff.soto@clinica.com' }, '/email', 'U+FEFF, a byte order mark'],
  ['vitalis', { name: { given: 'A\u200bna' } }, '/name/given', 'U+200B'],
  ['vitalis', { name: { family: 'So\u202eto' } }, '/name/family', 'U+202E'],
  ['vitalis', { name: { family: 'Soto 1\u200d2' } }, '/name/family', 'U+200D'],
  ['vitalis', { address: { text: 'Calle\u2063 1' } }, '/address/text', 'U+2063'],
  ['clinikapi', { role: 'doc\u200btor' }, '/role', 'U+200B'],
  ['live', { role: 'doc\u00adtor' }, '/role', 'U+00AD'],
  ['clinikapi', { organizationId: 'org\u2060_1' }, '/organizationId', 'U+2060'],
  ['clinikapi', { locationId: 'lo\u200ec' }, '/locationId', 'U+200E, a left-to-right mark'],
  ['clinikapi', { specialty: { code: '3945\u200b79002', display: 'x' } }, '/specialty/code', 'U+200B'],
  ['clinikapi', { specialty: { code: '1', display: 'Cardio\u2800logy' } }, '/specialty/display', 'U+2800'],
  ['vitalis', { specialty: { code: '3945\ufeff79002' } }, '/specialty/code', 'U+FEFF'],
  [
    'cobalt',
    { availableTime: hours({ locationId: 'Séde\u200b Sur' }) },
    '/availableTime/0/locationId',
    'U+200B',
  ],
  [
    'cobalt',
    { availableTime: hours({ recurrence: { interval: 7, unit: 'day', description: 'a\u2066b' } }) },
    '/availableTime/0/recurrence/description',
    'U+2066',
  ],
])('%s: %j is refused at %s, and the character named', async (name, update, pointer, character) => {
  const vendor = truth.vendors[name];
  const reply = await vendor.patch(update);
  expect([reply.status, complaints(reply)]).toEqual([422, [`${pointer} invalid_format`]]);
  expect(reply.body.errors[0].detail).toContain(character);
  expect(vendor.sent()).toEqual([]);
});

test.each<[VendorName, object, object]>([
  ['vitalis', { email: '\u200bana@clinica.com\u200b' }, { email: 'ana@clinica.com' }],
  ['live', { email: '\u00a0ana@clinica.com\ufeff' }, { email: 'ana@clinica.com' }],
  ['vitalis', { name: { given: '\ufeffAna\u2060' } }, { name: 'Ana' }],
  ['vitalis', { name: { given: 'علی\u200cرضا' } }, { name: 'علی\u200cرضا' }],
  ['vitalis', { name: { given: 'क्\u200dष' } }, { name: 'क्\u200dष' }],
  ['vitalis', { name: { family: 'Pe\u0301rez' } }, { surname: 'Pérez' }],
  ['vitalis', { name: { family: 'O’Brien-Ñ' } }, { surname: 'O’Brien-Ñ' }],
  ['vitalis', { address: { text: '\u2028Calle 1\u200b' } }, { address: 'Calle 1' }],
  ['clinikapi', { role: '\u00a0doctor\u3000jefe' }, { role: 'doctor jefe' }],
  ['live', { role: '\u200bnurse' }, { role: 'nurse' }],
  [
    'clinikapi',
    { specialty: { code: '394579002\u200b', display: ' Cardiologi\u0301a' } },
    { specialties: [{ code: '394579002', display: 'Cardiología' }] },
  ],
  ['vitalis', { name: { family: '𠮷'.repeat(101) } }, { surname: '𠮷'.repeat(101) }],
  ['vitalis', { name: { given: '𝒜'.repeat(200) } }, { name: '𝒜'.repeat(200) }],
])('%s: %j is stored as %j', async (name, update, stored) => {
  const vendor = truth.vendors[name];
  const reply = await vendor.patch(update);
  expect([reply.status, complaints(reply)]).toEqual([200, []]);
  expect(vendor.stored()).toMatchObject(stored);
});

test.each<[VendorName, string, string, string]>([
  ['vitalis', 'name', 'given', '\u2126 Ohm'],
  ['vitalis', 'name', 'given', '\u212b'],
  ['vitalis', 'name', 'family', '\u212a'],
  ['vitalis', 'name', 'family', '\uf900'],
  ['vitalis', 'name', 'family', '林\ufa19'],
  ['vitalis', 'name', 'given', '\u{2f800}'],
  ['vitalis', 'address', 'text', 'Calle \u1fef'],
  ['vitalis', 'address', 'text', '\u037e'],
  ['clinikapi', 'specialty', 'display', '\u2126'],
  ['live', 'specialty', 'display', '\u212b'],
  ['clinikapi', 'role', '', 'a\u0374'],
  ['live', 'role', '', '\u1fbe'],
])('%s: /%s/%s %j becomes another character, which is said', async (name, top, leaf, value) => {
  const vendor = truth.vendors[name];
  const update =
    leaf === '' ? { [top]: value } : { [top]: { ...(top === 'specialty' && { code: '1' }), [leaf]: value } };
  const warning = `/${top}${leaf && `/${leaf}`} normalised`;
  const dry = await vendor.patch(update, {}, '?dryRun=true');
  expect(warnings(dry)).toContain(warning);
  const reply = await vendor.patch(update);
  expect([reply.status, warnings(reply)]).toEqual([200, expect.arrayContaining([warning])]);
  expect(JSON.stringify(vendor.stored())).toContain(value.normalize('NFC'));
  expect(warnings(await vendor.patch(JSON.parse(JSON.stringify(update).normalize('NFC'))))).not.toContain(
    warning,
  );
});

test.each<[VendorName, object, object]>([
  ['clinikapi', { organizationId: 'Clínica Norte' }, { organizationId: 'org_north1' }],
  ['clinikapi', { organizationId: NFD }, { organizationId: 'org_north1' }],
  ['clinikapi', { organizationId: ' Clínica  Norte' }, { organizationId: 'org_north1' }],
  ['clinikapi', { organizationId: 'sur' }, { organizationId: 'org_south2' }],
  ['clinikapi', { organizationId: 'dos espacios' }, { organizationId: 'org_3' }],
  ['clinikapi', { organizationId: 'Clínica Este' }, { organizationId: 'org_4' }],
  ['clinikapi', { organizationId: 'sala-3' }, { organizationId: 'org_5' }],
  ['clinikapi', { organizationId: 'sala\u20133' }, { organizationId: 'org_5' }],
  ['clinikapi', { organizationId: 'wide' }, { organizationId: 'org_6' }],
  ['clinikapi', { organizationId: 'cero' }, { organizationId: 'org_7' }],
  ['clinikapi', { organizationId: 'punto.medio' }, { organizationId: 'org_8' }],
  ['live', { locationId: 'Sala A' }, { locationName: 'Annex' }],
  ['vitalis', { specialty: { code: '394537008' } }, { specialityID: 2 }],
  ['vitalis', { specialty: { code: ' ３９４５３７００８' } }, { specialityID: 2 }],
  [
    'cobalt',
    { availableTime: hours({ locationId: 'Séde Sur' }) },
    { hours: [{ day: 'Monday', shifts: [{ start: 'T08:00:00', end: 'T12:00:00', facility_id: FACILITY }] }] },
  ],
])('%s: the codes of the configuration are found for %j', async (name, update, sent) => {
  const vendor = truth.vendors[name];
  const reply = await vendor.patch(update);
  expect([reply.status, receipt(reply)[0]]).toEqual([200, expect.stringMatching(/ (verified|unchanged)$/)]);
  expect(vendor.stored()).toMatchObject(sent);
  // Read back, they are the codes without what nobody means.
  const shown = JSON.stringify((await vendor.get()).body.data);
  expect(shown).toBe(shown.normalize('NFC'));
  expect(shown).not.toMatch(/ {2}|[\u00a0\u200b]|" | "/);
});

describe('two keys that are one code', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gateway-codes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const VENDORS: Readonly<Record<string, [string, object]>> = {
    organization: ['clinikapi', { apiKey: 'k' }],
    location: ['cobalt', { clientId: 'a', clientSecret: 'b', accessToken: 'c' }],
    specialty: ['vitalis', { token: 't' }],
  };

  test.each([
    ['organization', 'Clínica', 'Cli\u0301nica'],
    ['organization', 'a', 'a '],
    ['organization', 'a', '\u00a0a'],
    ['organization', 'a b', 'a  b'],
    ['location', 'a b', 'a\u00a0b'],
    ['location', 'sala-3', 'sala\u20113'],
    ['location', 'sala–3', 'sala-3'],
    ['location', 'x', '\u200bx'],
    ['specialty', '394579002', ' 394579002'],
    ['specialty', '394579002', '３９４５７９００２'],
    ['specialty', '3.1', '3·1'],
    ['specialty', 'a\tb', 'a b'],
  ])('codes.%s: %j and %j', async (list, first, second) => {
    const [adapter = '', credentials] = VENDORS[list] ?? [];
    const config = {
      store: { url: `sqlite:${join(folder, 'g.db')}` },
      vendors: {
        v: {
          adapter,
          baseUrl: 'https://v.example',
          credentials,
          codes: { [list]: { [first]: 1, [second]: 2 } },
        },
      },
      clinics: { c: { vendor: 'v', identity: 'direct' } },
      callers: [{ name: 'x', keySha256: 'a'.repeat(64), clinic: 'c', scopes: ['staff:read'] }],
    };
    if (list === 'location')
      Object.assign(config.vendors.v.codes[list] ?? {}, { [first]: 'f1', [second]: 'f2' });
    const path = join(folder, 'gateway.yaml');
    await writeFile(path, stringify(config));
    const told: string[] = [];
    const output = { write: (text: string) => told.push(text) };
    expect(await checkConfig({ path, adapters, env: {}, out: output, err: output })).toBe(1);
    expect(told.join('')).toContain(`vendors.v.codes.${list}`);
    expect(told.join('')).toContain(`${JSON.stringify(first)} and ${JSON.stringify(second)} are one code`);
  });
});
