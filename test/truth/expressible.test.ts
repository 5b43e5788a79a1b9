/** What people write for a number is understood or refused, never bent; what one vendor cannot hold is refused there alone. */
import { complaints, openTruth, receipt, type Truth, warnings } from '../support/truth';

let truth: Truth;
beforeAll(async () => {
  truth = await openTruth((config) => {
    config.vendors['vitalis-centro'].codes.gender = {
      male: ['Masculino', 'M', 'Varón', 'Hombre'],
      female: ['Femenino', 'F'],
      other: 'X',
    };
  });
});
afterAll(() => truth.close());
beforeEach(() => truth.reset());

describe('a national id', () => {
  test.each<[string, number | string]>([
    ['12.345.678', 12345678],
    ['12 345 678', 12345678],
    ['12-345-678', 12345678],
    [' 12345678\t', 12345678],
    ['12\u00a0345\u202f678', 12345678],
    ['12\u2011345\u2212678', 12345678],
    ['１２３４５６７８', 12345678],
    ['12·345·678', 12345678],
    ['\u200b12345678\ufeff', 12345678],
    ['1.234.567', 1234567],
    ['01.234.567', 1234567],
    ['12.345.678-K', '12345678K'],
    ['AB 12 34 56 C', 'AB123456C'],
    ['X-1234567-L', 'X1234567L'],
    ['756.1234.5678.97', 7561234567897],
  ])('%j is stored as %p', async (nationalId, dni) => {
    const { vitalis } = truth.vendors;
    const reply = await vitalis.patch({ nationalId });
    expect([reply.status, vitalis.stored().dni]).toEqual([200, dni]);
  });

  test.each([
    '12345678.0',
    '12345678.00',
    '12345678,0',
    '123456789.5',
    '1.2345678e7',
    'DNI 12345678',
    'D.N.I. 12345678',
    'dni-12345678',
    '12345678 DNI',
    'Nº 12345678',
    'CUIT: 20-12345678-3',
    'ID 12345678',
    '-12345678',
    '\u221212345678',
    '12345678-',
    '+12345678',
    '12/345/678',
    '12_345_678',
    '12345678 (dup)',
    '#12345678',
    '12\n345\n678',
  ])('%j is refused', async (nationalId) => {
    const { vitalis } = truth.vendors;
    const before = vitalis.stored();
    const reply = await vitalis.patch({ nationalId });
    expect([reply.status, complaints(reply)]).toEqual([422, ['/nationalId invalid_format']]);
    expect(reply.body.errors[0].detail).toContain('7 to 20 letters and digits');
    expect([vitalis.sent(), vitalis.stored()]).toEqual([[], before]);
  });

  test.each(['12345678901234567890', '9007199254740993', '1234567e2', '12E45678'])(
    '%j would be another number at Clínica Vitalis',
    async (nationalId) => {
      const { vitalis } = truth.vendors;
      const reply = await vitalis.patch({ nationalId });
      expect([reply.status, reply.body.code, complaints(reply)]).toEqual([
        422,
        'unsupported_field',
        ['/nationalId not_expressible'],
      ]);
      expect([vitalis.sent(), vitalis.reads()]).toEqual([[], 0]);
    },
  );

  test.each<[string, number, string]>([
    ['0345678', 345678, '0345678'],
    ['0000001', 1, '0000001'],
    ['0012345', 12345, '0012345'],
    ['0123456', 123456, '0123456'],
    ['00345678', 345678, '0345678'],
    ['000000000012', 12, '0000012'],
    ['0.345.678', 345678, '0345678'],
    ['0000000', 0, '0000000'],
    ['01234567', 1234567, '1234567'],
    ['1234567', 1234567, '1234567'],
  ])('%s is stored as %p, shown as %s, and blocks nothing', async (nationalId, dni, shown) => {
    const { vitalis } = truth.vendors;
    const written = await vitalis.patch({ nationalId });
    expect([written.status, vitalis.stored().dni]).toEqual([200, dni]);
    const read = await vitalis.get();
    expect([read.body.data.nationalId, warnings(read)]).toEqual([shown, []]);
    const other = await vitalis.patch({ phone: '0221-4567890' });
    expect([other.status, receipt(other), vitalis.stored().dni]).toEqual([200, ['/phone verified'], dni]);
    expect(receipt(await vitalis.patch({ nationalId: shown, phone: '0221-1111111' }))).toEqual([
      '/nationalId unchanged',
      '/phone verified',
    ]);
  });
});

describe('a phone', () => {
  const BOTH = true;
  const LIVE_ONLY = false;
  test.each<[string, string, boolean]>([
    ['+54 11 4567-8901', '+54 11 4567-8901', BOTH],
    ['+54\u00a011\u20114567\u20138901', '+54 11-4567-8901', BOTH],
    ['０２２１ ４５６７８９０', '0221 4567890', BOTH],
    ['\u202a+54 11 4567 8901\u202c', '+54 11 4567 8901', BOTH],
    ['0221  4567890', '0221 4567890', BOTH],
    ['0221\t4567890', '0221 4567890', BOTH],
    ['1'.repeat(20), '1'.repeat(20), BOTH],
    ['(011) 4567-8901 x23', '(011) 4567-8901 x23', LIVE_ONLY],
    ['+1 (555) 010-0000 ext. 12', '+1 (555) 010-0000 ext. 12', LIVE_ONLY],
    ['（011）4567-8901', '(011)4567-8901', LIVE_ONLY],
    ['555.010.0000', '555.010.0000', LIVE_ONLY],
    ['555 010 0000 X7', '555 010 0000 X7', LIVE_ONLY],
    ['911', '911', LIVE_ONLY],
    ['4567-8901', '4567-8901', LIVE_ONLY],
    ['1'.repeat(21), '1'.repeat(21), LIVE_ONLY],
    ['1'.repeat(30), '1'.repeat(30), LIVE_ONLY],
  ])('%j is %j; for Clínica Vitalis too: %p', async (phone, stored, atVitalis) => {
    const { live, vitalis } = truth.vendors;
    const flat = await live.patch({ phone });
    expect([flat.status, receipt(flat), live.stored().phone]).toEqual([200, ['/phone verified'], stored]);
    const strict = await vitalis.patch({ phone, name: { given: 'Ana' } });
    if (atVitalis) {
      expect([strict.status, vitalis.stored().phone]).toEqual([200, stored]);
      return;
    }
    expect([strict.status, strict.body.code, complaints(strict)]).toEqual([
      422,
      'unsupported_field',
      ['/phone not_expressible'],
    ]);
    expect([vitalis.sent(), vitalis.reads()]).toEqual([[], 0]);
    const lenient = await vitalis.patch({ phone, name: { given: 'Ana' } }, { prefer: 'handling=lenient' });
    expect([lenient.status, receipt(lenient)]).toEqual([200, ['/name verified', '/phone dropped']]);
    const alone = await vitalis.patch({ phone }, { prefer: 'handling=lenient' });
    expect([alone.status, complaints(alone)]).toEqual([422, ['/phone not_expressible']]);
    const dry = await vitalis.patch({ phone }, {}, '?dryRun=true');
    expect([dry.status, complaints(dry)]).toEqual([422, ['/phone not_expressible']]);
  });

  test.each([
    ['12', 'invalid_format'],
    ['555-CALL', 'invalid_format'],
    ['tel:+5411456789', 'invalid_format'],
    ['+54/11/45678901', 'invalid_format'],
    ['0221 4567890 int 5', 'invalid_format'],
    ['0221 4567890 #5', 'invalid_format'],
    ['+ - + -', 'invalid_format'],
    ['x23', 'invalid_format'],
    ['0221 4567890 / 0221 4567891', 'invalid_format'],
    ['1'.repeat(31), 'too_long'],
  ])('%j is no phone anywhere: %s', async (phone, code) => {
    for (const vendor of [truth.vendors.live, truth.vendors.vitalis]) {
      const reply = await vendor.patch({ phone });
      expect([reply.status, complaints(reply), vendor.sent()]).toEqual([422, [`/phone ${code}`], []]);
    }
  });
});

describe('words for a gender', () => {
  test.each<[string, string | undefined]>([
    ['MASCULINO', 'male'],
    ['masculino ', 'male'],
    ['m', 'male'],
    ['VARÓN', 'male'],
    ['Varo\u0301n', 'male'],
    ['hombre', 'male'],
    ['FEMENINO', 'female'],
    ['f', 'female'],
    ['x', 'other'],
    ['\u00a0Femenino', 'female'],
    ['Mujer', undefined],
    ['MF', undefined],
  ])('%j stored is %p, and stays as it is stored', async (gender, shown) => {
    const { vitalis } = truth.vendors;
    vitalis.store({ gender });
    const read = await vitalis.get();
    expect(read.body.data.gender).toBe(shown);
    expect(warnings(read)).toEqual(shown === undefined ? ['/gender unreadable'] : []);
    const update = shown === undefined ? {} : { gender: shown };
    expect((await vitalis.patch({ ...update, phone: '0221-4567890' })).status).toBe(200);
    expect(vitalis.stored().gender).toBe(gender);
  });

  test('the first of a list is written; a gender without a word is refused', async () => {
    const { vitalis } = truth.vendors;
    for (const [gender, word] of [
      ['female', 'Femenino'],
      ['other', 'X'],
      ['male', 'Masculino'],
    ]) {
      expect(receipt(await vitalis.patch({ gender }))).toEqual(['/gender verified']);
      expect(vitalis.stored().gender).toBe(word);
    }
    expect(complaints(await vitalis.patch({ gender: 'unknown' }))).toEqual(['/gender unmapped_code']);
  });
});
