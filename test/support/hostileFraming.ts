// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of other systems are what is sent here
/** What a connection can be made to say: whole conversations, byte for byte. */
import type { SpeakOptions } from './hostile';
import { KEYS } from './stage';

export interface FramingCase extends SpeakOptions {
  name: string;
  bytes: string;
  /** The status of each answer; none: the connection is closed without one. */
  statuses: readonly number[];
  /** Answered by Node itself, before the gateway sees anything: without a problem document. */
  bare?: true;
  /** Updates that reach a vendor. */
  writes?: number;
}

const HOST = 'Host: gateway.example\r\n';
const AUTH = `Authorization: Bearer ${KEYS.north}\r\n`;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const BODY = '{"status":"inactive"}';
const health = (headers = '', line = 'GET /healthz HTTP/1.1') => `${line}\r\n${HOST}${headers}\r\n`;
const patch = (headers: string, body = BODY) =>
  `PATCH /staff/st-1 HTTP/1.1\r\n${HOST}${AUTH}${JSON_TYPE}${headers}\r\n${body}`;
const chunked = (body: string, headers = '') => patch(`Transfer-Encoding: chunked\r\n${headers}`, body);
const CHUNK = `15\r\n${BODY}\r\n`;
const many = (count: number, header: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${header(index)}\r\n`).join('');

export const FRAMING: readonly FramingCase[] = [
  // How long a body is, said twice or wrongly.
  {
    name: 'a length and chunks',
    bytes: patch('Content-Length: 21\r\nTransfer-Encoding: chunked\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'chunks and a length',
    bytes: chunked(`${CHUNK}0\r\n\r\n`, 'Content-Length: 21\r\n'),
    statuses: [400],
  },
  {
    name: 'the same length twice',
    bytes: patch('Content-Length: 21\r\nContent-Length: 21\r\n'),
    statuses: [400],
  },
  { name: 'two lengths', bytes: patch('Content-Length: 21\r\nContent-Length: 5\r\n'), statuses: [400] },
  { name: 'a list of lengths', bytes: patch('Content-Length: 21, 21\r\n'), statuses: [400] },
  { name: 'a negative length', bytes: patch('Content-Length: -21\r\n'), statuses: [400] },
  { name: 'a length with a plus', bytes: patch('Content-Length: +21\r\n'), statuses: [400] },
  { name: 'a hexadecimal length', bytes: patch('Content-Length: 0x15\r\n'), statuses: [400] },
  { name: 'a length with an exponent', bytes: patch('Content-Length: 2e1\r\n'), statuses: [400] },
  { name: 'a length with a blank inside', bytes: patch('Content-Length: 2 1\r\n'), statuses: [400] },
  { name: 'an empty length', bytes: patch('Content-Length:\r\n'), statuses: [400] },
  {
    name: 'a length beyond 64 bits',
    bytes: patch('Content-Length: 99999999999999999999\r\n'),
    statuses: [400],
  },
  {
    name: 'a length beyond what is taken',
    bytes: patch('Content-Length: 9007199254740993\r\n'),
    statuses: [413],
  },
  { name: 'a body that ends early', bytes: patch('Content-Length: 400\r\n'), end: true, statuses: [400] },
  { name: 'a body that goes on', bytes: patch('Content-Length: 12\r\n'), statuses: [400] },
  { name: 'a blank before the colon', bytes: patch('Content-Length : 21\r\n'), statuses: [400] },
  // Transfer codings.
  { name: 'chunks', bytes: chunked(`${CHUNK}0\r\n\r\n`), statuses: [200], writes: 1 },
  {
    name: 'one byte a chunk',
    bytes: chunked(`${[...BODY].map((sign) => `1\r\n${sign}\r\n`).join('')}0\r\n\r\n`),
    statuses: [200],
    writes: 1,
  },
  {
    name: 'chunked twice',
    bytes: patch('Transfer-Encoding: chunked, chunked\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'two headers of chunked',
    bytes: chunked(`${CHUNK}0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n'),
    statuses: [400],
  },
  {
    name: 'gzip in chunks',
    bytes: patch('Transfer-Encoding: gzip, chunked\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [415],
  },
  {
    name: 'chunked, then gzip',
    bytes: patch('Transfer-Encoding: chunked, gzip\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'identity',
    bytes: patch('Transfer-Encoding: identity\r\nContent-Length: 21\r\n'),
    statuses: [400],
  },
  {
    name: 'an unknown coding',
    bytes: patch('Transfer-Encoding: xchunked\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [400],
  },
  {
    name: 'a coding behind a vertical tab',
    bytes: patch('Transfer-Encoding: \x0bchunked\r\n', `${CHUNK}0\r\n\r\n`),
    statuses: [400],
  },
  { name: 'a chunk size of letters', bytes: chunked(`zz\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  { name: 'a negative chunk size', bytes: chunked(`-15\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  { name: 'a chunk size with 0x', bytes: chunked(`0x15\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  {
    name: 'a chunk size beyond 64 bits',
    bytes: chunked(`FFFFFFFFFFFFFFFFF\r\n${BODY}\r\n0\r\n\r\n`),
    statuses: [400],
  },
  { name: 'a blank before the chunk size', bytes: chunked(` 15\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  { name: 'an empty chunk size', bytes: chunked(`\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  {
    name: 'a chunk extension',
    bytes: chunked(`15;name="value"\r\n${BODY}\r\n0\r\n\r\n`),
    statuses: [200],
    writes: 1,
  },
  {
    name: 'an endless chunk extension',
    bytes: chunked(`15;${'x'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`),
    statuses: [400],
  },
  { name: 'a chunk longer than its size', bytes: chunked(`10\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
  {
    name: 'a chunk shorter than its size',
    bytes: chunked(`30\r\n${BODY}\r\n0\r\n\r\n`),
    end: true,
    statuses: [400],
  },
  { name: 'chunks without a last one', bytes: chunked(CHUNK), end: true, statuses: [400] },
  { name: 'chunks between bare line feeds', bytes: chunked(`15\n${BODY}\n0\n\n`), statuses: [400] },
  { name: 'trailers', bytes: chunked(`${CHUNK}0\r\nX-Trailer: 1\r\n\r\n`), statuses: [200], writes: 1 },
  {
    name: 'a key in the trailers is none',
    bytes: `PATCH /staff/st-1 HTTP/1.1\r\n${HOST}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n${CHUNK}0\r\n${AUTH}\r\n`,
    statuses: [401],
  },
  // Headers that are none.
  { name: 'a folded header', bytes: health('X-Folded: a\r\n b\r\n'), statuses: [400] },
  {
    name: 'a folded key',
    bytes: `GET /staff/st-1 HTTP/1.1\r\n${HOST}Authorization: Bearer\r\n ${KEYS.north}\r\n\r\n`,
    statuses: [400],
  },
  { name: 'a header without a colon', bytes: health('nonsense\r\n'), statuses: [400] },
  { name: 'a header without a name', bytes: health(': value\r\n'), statuses: [400] },
  { name: 'a blank in a name', bytes: health('X Y: z\r\n'), statuses: [400] },
  { name: 'a NUL in a name', bytes: health('X\0Y: z\r\n'), statuses: [400] },
  { name: 'a NUL in a value', bytes: health('X-Y: a\0b\r\n'), statuses: [400] },
  { name: 'a control character in a value', bytes: health('X-Y: a\x01b\r\n'), statuses: [400] },
  { name: 'a carriage return in a value', bytes: health('X-Y: a\rX-Z: b\r\n'), statuses: [400] },
  { name: 'a name beyond ASCII', bytes: health('X-\xe9: z\r\n'), statuses: [400] },
  { name: 'bare line feeds', bytes: health().replaceAll('\r\n', '\n'), statuses: [400] },
  {
    name: 'a blank before the first header',
    bytes: `GET /healthz HTTP/1.1\r\n ${HOST}\r\n`,
    statuses: [400],
  },
  { name: 'a head over 16 kB', bytes: health(`X-Long: ${'x'.repeat(17_000)}\r\n`), statuses: [400] },
  {
    name: 'a head of many headers over 16 kB',
    bytes: health(many(2500, (index) => `X-${index}: value`)),
    statuses: [400],
  },
  { name: 'three hundred headers', bytes: health(many(300, (index) => `X-${index}: v`)), statuses: [200] },
  { name: 'three hundred headers of one name', bytes: health(many(300, () => 'X-Same: v')), statuses: [200] },
  { name: 'a target over 16 kB', bytes: health('', `GET /${'x'.repeat(17_000)} HTTP/1.1`), statuses: [400] },
  { name: 'a long target', bytes: health('', `GET /${'x'.repeat(12_000)} HTTP/1.1`), statuses: [404] },
  // Whom the request is for.
  { name: 'no host', bytes: 'GET /healthz HTTP/1.1\r\n\r\n', statuses: [400], bare: true },
  { name: 'two hosts', bytes: health('Host: other.example\r\n'), statuses: [400] },
  { name: 'an empty host', bytes: 'GET /healthz HTTP/1.1\r\nHost:\r\n\r\n', statuses: [200] },
  {
    name: 'a strange host',
    bytes: 'GET /healthz HTTP/1.1\r\nHost: ${jndi:ldap://x}\r\n\r\n',
    statuses: [200],
  },
  { name: 'a whole URL', bytes: health('', 'GET http://gateway.example/healthz HTTP/1.1'), statuses: [200] },
  {
    name: 'a whole URL of another host is served here',
    bytes: health(AUTH, 'GET http://169.254.169.254/latest/meta-data HTTP/1.1'),
    statuses: [404],
  },
  {
    name: 'a whole URL with credentials',
    bytes: health('', 'GET http://user:pass@gateway.example/staff/st-1 HTTP/1.1'),
    statuses: [401],
  },
  { name: 'an authority alone', bytes: health('', 'GET gateway.example:443 HTTP/1.1'), statuses: [400] },
  { name: 'OPTIONS of everything', bytes: health('', 'OPTIONS * HTTP/1.1'), statuses: [404] },
  { name: 'a target without a slash', bytes: health('', 'GET healthz HTTP/1.1'), statuses: [400] },
  { name: 'a blank in the target', bytes: health('', 'GET /heal thz HTTP/1.1'), statuses: [400] },
  {
    name: 'bytes beyond ASCII in the target',
    bytes: health('', 'GET /h\xe9althz HTTP/1.1'),
    statuses: [400],
  },
  { name: 'a NUL in the target', bytes: health('', 'GET /health\0z HTTP/1.1'), statuses: [400] },
  { name: 'a fragment in the target', bytes: health('', 'GET /healthz#x HTTP/1.1'), statuses: [200] },
  // Versions and methods.
  { name: 'HTTP/1.0', bytes: 'GET /healthz HTTP/1.0\r\n\r\n', statuses: [200] },
  {
    name: 'HTTP/1.0 with a chunked body, after which the connection ends',
    bytes: patch('Transfer-Encoding: chunked\r\n', `${CHUNK}0\r\n\r\n`).replace('1.1', '1.0'),
    answers: 2,
    statuses: [200],
    writes: 1,
  },
  { name: 'HTTP/0.9', bytes: 'GET /healthz\r\n', end: true, statuses: [400] },
  { name: 'HTTP/1.2', bytes: health('', 'GET /healthz HTTP/1.2'), statuses: [400] },
  { name: 'HTTP/2 in plain', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', statuses: [400] },
  { name: 'HTTP/9.9', bytes: health('', 'GET /healthz HTTP/9.9'), statuses: [400] },
  { name: 'another protocol', bytes: 'GET /healthz SIP/2.0\r\n\r\n', statuses: [400] },
  { name: 'a method in lower case', bytes: health('', 'get /healthz HTTP/1.1'), statuses: [400] },
  { name: 'a method that is none', bytes: health('', 'FETCH /healthz HTTP/1.1'), statuses: [400] },
  { name: 'a TLS greeting', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', statuses: [400] },
  { name: 'nothing but line ends', bytes: '\r\n\r\n\r\n', end: true, statuses: [] },
  { name: 'line ends before a request', bytes: `\r\n\r\n${health()}`, statuses: [200] },
  { name: 'two blanks in the request line', bytes: health('', 'GET  /healthz HTTP/1.1'), statuses: [200] },
  { name: 'tabs in the request line', bytes: health('', 'GET\t/healthz\tHTTP/1.1'), statuses: [400] },
  {
    name: 'CONNECT',
    bytes: 'CONNECT gateway.example:443 HTTP/1.1\r\nHost: gateway.example\r\n\r\n',
    statuses: [],
  },
  { name: 'TRACE', bytes: health('', 'TRACE /healthz HTTP/1.1'), statuses: [405] },
  {
    name: 'TRACE of a staff member tells no key',
    bytes: health(AUTH, 'TRACE /staff/st-1 HTTP/1.1'),
    statuses: [405],
  },
  // Several at once.
  { name: 'three requests at once', bytes: health().repeat(3), answers: 3, statuses: [200, 200, 200] },
  {
    name: 'an update and a read at once',
    bytes: patch('Content-Length: 21\r\n') + health(),
    answers: 2,
    statuses: [200, 200],
    writes: 1,
  },
  {
    name: 'a refusal and a read at once',
    bytes: `GET /staff/st-1 HTTP/1.1\r\n${HOST}\r\n${health()}`,
    answers: 2,
    statuses: [401, 200],
  },
  {
    name: 'a request inside of a body is none',
    bytes: patch(`Content-Length: ${health(AUTH).length}\r\n`, health(AUTH)),
    statuses: [400],
  },
  {
    name: 'a request behind a body that is too large is none',
    bytes: patch('Content-Length: 200000\r\n', health()),
    answers: 2,
    statuses: [413],
  },
  // Wishes of the protocol.
  {
    name: 'Expect: 100-continue',
    bytes: patch('Expect: 100-continue\r\nContent-Length: 21\r\n'),
    statuses: [200],
    writes: 1,
  },
  {
    name: 'Expect: 100-continue without a key',
    bytes: `PATCH /staff/st-1 HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 21\r\n\r\n${BODY}`,
    statuses: [401],
  },
  { name: 'another expectation', bytes: health('Expect: 200-ok\r\n'), statuses: [417], bare: true },
  {
    name: 'an upgrade to WebSocket',
    bytes: health('Connection: Upgrade\r\nUpgrade: websocket\r\n'),
    statuses: [200],
  },
  {
    name: 'an upgrade to HTTP/2',
    bytes: health(
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    ),
    statuses: [200],
  },
  {
    name: 'a connection header that names the key',
    bytes: `GET /staff/st-1 HTTP/1.1\r\n${HOST}${AUTH}Connection: authorization\r\n\r\n`,
    statuses: [200],
  },
];
