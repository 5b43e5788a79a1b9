import joi from 'joi';
import { OPS_KEYS } from './operators';
import {
  baseUrl,
  host,
  keySet,
  NAME,
  oneOf,
  oneOrList,
  origin,
  secureUrl,
  sha256,
  storeUrl,
  whole,
  wholeTls,
} from './rules';
import { SCOPES, SWITCH_GUARDS, TOKEN_ALGORITHMS } from './types';

/**
 * The parts of the configuration's schema that are the same for every document: made once, because joi takes milliseconds for
 * them and a running gateway reads its file often.
 */

/** What a running gateway cannot change. */
export const READ_AT_START = ['server', 'ops', 'store', 'audit', 'idempotency'] as const;

const file = (what: string) => joi.string().allow('').default('').description(`${what} Empty: none.`);

const TLS = joi
  .object({
    certFile: file('Path of the certificate chain (PEM).'),
    keyFile: file('Path of its private key (PEM).'),
    clientCaFile: file('Path of the authorities (PEM) whose client certificates are accepted.'),
    requireClientCert: joi
      .boolean()
      .default(false)
      .description('Refuse connections without a client certificate of these authorities.'),
  })
  .default()
  .custom(wholeTls)
  .description('HTTPS, TLS 1.2 or newer. Changed files are taken over by themselves.');

export const SERVER = joi
  .object({
    host: host().description('Address to listen on. The environment variable HOST overrides it.'),
    port: joi.number().port().default(8080).description('Port; 0 takes any free one. PORT overrides it.'),
    maxConnections: whole(1, 1_000_000)
      .default(10_000)
      .description('Connections at the same time; more are closed at once.'),
    maxInFlight: whole(1, 1_000_000)
      .default(2_000)
      .description('Requests under way at the same time; more are answered 503 with Retry-After.'),
    anonymous: joi
      .object({
        maxInFlight: whole(1, 1_000_000)
          .default(64)
          .description('Of all of them at the same time; more are answered 503 with Retry-After.'),
        maxPerAddress: whole(1, 1_000_000)
          .default(32)
          .description(
            'Of one address; more are answered 429. Behind a proxy all requests have its address.',
          ),
      })
      .default()
      .description(
        'Requests without a key or token under way: /docs, /openapi.json, /problems and /.well-known/jwks.json; health, and tokens that are being checked, are counted apart.',
      ),
    stallMs: whole(1, 3_600_000)
      .default(30_000)
      .description('Milliseconds after which a client that takes nothing of its answer is cut off.'),
    headersTimeoutMs: whole(1, 600_000)
      .default(10_000)
      .description('Milliseconds within which the head of a request has to arrive.'),
    requestTimeoutMs: whole(1, 600_000)
      .default(30_000)
      .description('Milliseconds within which a whole request has to arrive.'),
    drainMs: whole(0, 600_000)
      .default(3_000)
      .description('Milliseconds after SIGTERM in which requests are still taken, while /readyz says 503.'),
    shutdownMs: whole(1, 600_000)
      .default(15_000)
      .description('Milliseconds after those that requests under way get to finish.'),
    tls: TLS,
    cors: joi
      .object({
        origins: joi
          .array()
          .items(joi.string().custom(origin))
          .default([])
          .description('Origins of browser apps that may call, such as https://app.example.org.'),
      })
      .default()
      .description('Cross-origin requests from browsers. Off without an origin.'),
    docs: oneOf(['on', 'off'])
      .default('on')
      .description('The documentation at /docs. off: 404; /openapi.json stays.'),
  })
  .default()
  .description('Where clinic apps reach the gateway. Changing it needs a restart.');

export const OPS = joi
  .object({
    host: host().description('Address to listen on. OPS_HOST overrides it.'),
    port: joi.number().port().default(9464).description('Port; 0 takes any free one. OPS_PORT overrides it.'),
    ...OPS_KEYS,
  })
  .default()
  .description(
    'Where metrics and the console are served, apart from the callers. Changing it needs a restart.',
  );

export const STORE = joi
  .object({
    url: joi
      .string()
      .custom(storeUrl)
      .default('sqlite:./data/gateway.db')
      .description('sqlite:<file> or postgres://user:password@host/database. STORE_URL overrides it.'),
    encryptionKey: oneOrList(joi.string().min(32))
      .empty('')
      .meta({ type: 'string, or a list of strings' })
      .description(
        'Secret that kept answers, updates under way and queued ones are encrypted with, 32 characters or more. Of a list the first encrypts and all decrypt. Absent or empty: they are in clear. Never printed.',
      ),
  })
  .default()
  .description('Where the gateway keeps its own data. Changing it needs a restart.');

export const AUDIT_KEY = oneOrList(joi.string().min(32))
  .empty('')
  .meta({ type: 'string, or a list of strings' })
  .description(
    'Secret that signs the audit and makes the digests, 32 characters or more, kept outside of the store. Of a list the first signs and all verify. Required in production (NODE_ENV=production). Never printed.',
  );

export const AUDIT = joi
  .object({
    values: oneOf(['hashed', 'full'])
      .default('hashed')
      .description('How the sent values are kept: as salted digests, or as they are.'),
    key: AUDIT_KEY,
    salt: joi
      .string()
      .empty('')
      .min(16)
      .description(
        'Secret of the digests where there is no key, 16 characters or more. Absent or empty: one is generated and kept in the store. Never printed.',
      ),
    reads: joi
      .boolean()
      .default(false)
      .description('Whether reading a staff record is in the audit too. It costs each reading a write.'),
    headFile: joi
      .string()
      .empty('')
      .description(
        'File in which the number and the hash of the newest row are kept, signed, to be put where nobody can change them. Absent or empty: none.',
      ),
    retentionDays: joi
      .number()
      .integer()
      .min(1)
      .max(36_500)
      .description('For how many days rows are kept. Absent: forever.'),
  })
  .default()
  .description('The audit (GET /changes). Changing it needs a restart.');

export const IDEMPOTENCY = joi
  .object({
    ttlHours: joi
      .number()
      .greater(0)
      .max(8_760)
      .default(24)
      .description('For how many hours a key is remembered, with the answer that was given for it.'),
  })
  .default()
  .description('Idempotency keys. Changing it needs a restart.');

export const DELIVERIES = joi
  .object({
    concurrency: whole(1, 1_000)
      .default(16)
      .description(
        'Queued updates that are delivered at the same time by one process, and as many for mirrors. Half of them at most are of one connection.',
      ),
    maxQueuedPerCaller: whole(1, 1_000_000)
      .default(1_000)
      .description(
        'Queued updates of one caller that are not finished, dead ones included; more are answered 429.',
      ),
    maxAttempts: whole(1, 10_000)
      .default(100)
      .description(
        'Attempts without a definite answer; after them the update is dead until an operator acts.',
      ),
    baseDelayMs: whole(1, 3_600_000)
      .default(1_000)
      .description(
        'The longest pause after the first attempt, in milliseconds. Doubles with each further one.',
      ),
    maxDelayMs: whole(1, 86_400_000)
      .default(300_000)
      .description('The longest pause between two attempts, in milliseconds.'),
    leaseSeconds: whole(1, 3_600)
      .default(30)
      .description('Seconds without a sign of life after which another process takes a delivery over.'),
    pollMs: whole(10, 60_000)
      .default(1_000)
      .description('Milliseconds between looks for updates that other processes have queued.'),
    retentionDays: whole(1, 3_650)
      .default(7)
      .description(
        'Days for which a finished operation and its answer can be fetched, and for which a dead one waits for a decision.',
      ),
  })
  .default()
  .description('How updates that are delivered later are tried (Prefer: respond-async, whenVendorDown).');

function rateLimitSchema(what: string): joi.ObjectSchema {
  return joi.object({
    requests: whole(1, 1_000_000).required().description(`${what} per period.`),
    perSeconds: joi
      .number()
      .greater(0)
      .max(86_400)
      .required()
      .description('Length of the period in seconds.'),
  });
}

export const BASE_URL = joi
  .string()
  .custom(baseUrl)
  .required()
  .description(
    'Where the vendor is: http(s), without the version that the adapter adds (/v1), query or user.',
  );

/** How much of a vendor one request, and the process, may take. */
export const VENDOR_LIMITS = {
  timeoutMs: joi
    .number()
    .integer()
    .min(1)
    .max(600_000)
    .default(10_000)
    .description('Milliseconds for all vendor calls of one request together.'),
  readRetries: joi
    .number()
    .integer()
    .min(0)
    .max(10)
    .default(2)
    .description('How often a failed read is tried again. A write is never repeated blindly.'),
  maxConcurrent: joi
    .number()
    .integer()
    .min(1)
    .max(100_000)
    .default(100)
    .description('Calls in flight at the same time.'),
  maxQueued: joi
    .number()
    .integer()
    .min(0)
    .max(100_000)
    .default(200)
    .description('Calls that wait for one of those at the same time; more are refused at once (503).'),
  breaker: joi
    .object({
      failures: joi.number().integer().min(1).max(10_000).default(10).description('Failed calls in a row.'),
      openMs: joi
        .number()
        .integer()
        .min(1)
        .max(3_600_000)
        .default(5_000)
        .description('Milliseconds without calls; then one at a time, until one succeeds.'),
    })
    .default()
    .description('When calls to a failing vendor are paused (503 at once, with Retry-After).'),
  ca: joi
    .string()
    .allow('')
    .pattern(/-----BEGIN CERTIFICATE-----/, 'PEM certificates')
    .default('')
    .description('PEM certificates of a private authority, trusted instead of the public ones. Empty: none.'),
  rateLimit: rateLimitSchema('Calls').description(
    'Ceiling on calls to this vendor, one for all replicas on PostgreSQL. Absent: none.',
  ),
};

export const LIST_CACHE_SECONDS = whole(0, 300)
  .default(30)
  .description('Seconds for which the list of all staff (GET /staff) is kept; 0 reads it for each request.');

export const PROPAGATE_TRACE = joi
  .boolean()
  .default(false)
  .description("Whether calls carry the caller's W3C `traceparent` on, with a span id of their own.");

export const CLINIC_KEYS = {
  identity: oneOf(['linked', 'direct'])
    .default('linked')
    .description("linked: staff ids go through the links table. direct: :id is the vendor's own id."),
  requireIfMatch: joi
    .boolean()
    .default(false)
    .description('Whether updates without If-Match are refused (428).'),
  whenVendorDown: oneOf(['fail', 'queue'])
    .default('fail')
    .description('An update that did not reach the vendor: answered 503, or queued and answered 202.'),
  switchGuard: oneOf(SWITCH_GUARDS)
    .default('warn')
    .description(
      'What becomes of a new vendor that something speaks against (see `switch status`). enforce: the configuration is refused. warn: it is taken over, and the log says what. off: nothing is asked.',
    ),
};

export const CALLER_KEYS = {
  name: joi.string().max(100).required().description('Its name in the audit and the logs; each one once.'),
  keySha256: oneOrList(joi.string().custom(sha256))
    .required()
    .meta({ type: '64 hex digits' })
    .description(
      'SHA-256 of the API key, or a list while a key is being replaced; the key itself is stored nowhere. Each one once.',
    ),
  scopes: joi.array().items(oneOf(SCOPES)).min(1).required().description('What it may do.'),
  rateLimit: rateLimitSchema('Requests').description(
    'Ceiling on the requests of this caller (429 beyond it). Absent: none.',
  ),
  maxInFlight: whole(1, 1_000_000).description(
    'Requests of this caller under way at the same time (429 beyond it). Absent: half of server.maxInFlight.',
  ),
};

const CLAIM = joi.string().max(200);

export const TOKEN_KEYS = {
  name: joi
    .string()
    .pattern(NAME, 'name: letters, digits, - and _, at most 64')
    .required()
    .description('Comes before the client in the audit and the logs, as name/client; each one once.'),
  issuer: joi.string().max(500).required().description('The exact `iss` claim.'),
  audience: oneOrList(joi.string().max(500))
    .required()
    .meta({ type: 'string' })
    .description('The `aud` claim that means this gateway, or a list of such.'),
  jwksUri: joi
    .string()
    .custom(secureUrl)
    .description("Where the issuer's public keys are: https only. Either this or jwks."),
  jwks: joi
    .any()
    .custom(keySet)
    .meta({ type: 'object' })
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written in the configuration
    .description("The issuer's public keys themselves: a JSON Web Key Set, or its text by ${file:…}."),
  algorithms: joi
    .array()
    .items(oneOf(TOKEN_ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .description('Signature algorithms that are accepted. Shared-secret ones and none cannot be.'),
  clockSkewSeconds: joi
    .number()
    .integer()
    .min(0)
    .max(300)
    .default(30)
    .description('How many seconds the clocks may differ by.'),
  maxAgeSeconds: whole(1, 31_536_000)
    .default(86_400)
    .description('For how many seconds a token may be good, from iat to exp; others are refused.'),
  claims: joi
    .object({
      clinic: CLAIM.default('clinic').description('The claim that names the clinic.'),
      scopes: CLAIM.default('scope').description('The claim with the scopes: a list, or text with spaces.'),
      name: CLAIM.default('client_id').description('The claim that names the calling app, not a person.'),
    })
    .default()
    .description("Which claims hold the caller's properties."),
  rateLimit: rateLimitSchema('Requests').description(
    'Ceiling on the requests of each client of this issuer (429 beyond it). Absent: none.',
  ),
  maxInFlight: whole(1, 1_000_000).description(
    'Requests of each of its clients under way at the same time (429 beyond it). Absent: half of server.maxInFlight.',
  ),
};
