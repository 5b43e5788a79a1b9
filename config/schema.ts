import { createHash } from 'node:crypto';
import joi from 'joi';
import { isObject, member } from '../src/staff/json';
import type { AdapterModule } from '../src/vendor/contract';
import { type GatewayConfig, SCOPES, TOKEN_ALGORITHMS } from './types';

/** Names of vendors and clinics stand in URLs, logs and metrics. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What the schema has to know of a document in order to check its references by name. */
export interface Names {
  adapters: readonly AdapterModule[];
  /** Each vendor connection with its adapter, undefined where the configuration names none that exists. */
  vendors: ReadonlyMap<string, AdapterModule | undefined>;
  clinics: readonly string[];
}

/**
 * The schema of one document: its vendors' settings are checked by their adapters' own schemas. To add a key, add a line
 * here and one in `types.ts`; its description is its documentation. `restart` marks what a running gateway cannot change.
 */
export function configSchema(names: Names): joi.ObjectSchema<GatewayConfig> {
  return joi.object<GatewayConfig>({
    server: joi
      .object({
        host: host().description('Address to listen on. The environment variable HOST overrides it.'),
        port: joi.number().port().default(8080).description('Port; 0 takes any free one. PORT overrides it.'),
        maxConnections: whole(1, 1_000_000)
          .default(10_000)
          .description('Connections at the same time; more are closed at once.'),
        maxInFlight: whole(1, 1_000_000)
          .default(2_000)
          .description('Requests under way at the same time; more are answered 503 with Retry-After.'),
        headersTimeoutMs: whole(1, 600_000)
          .default(10_000)
          .description('Milliseconds within which the head of a request has to arrive.'),
        requestTimeoutMs: whole(1, 600_000)
          .default(30_000)
          .description('Milliseconds within which a whole request has to arrive.'),
        shutdownMs: whole(1, 600_000)
          .default(15_000)
          .description('Milliseconds that requests under way get to finish after SIGTERM.'),
        tls: tlsSchema(),
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
      })
      .default()
      .meta({ restart: true })
      .description('Where clinic apps reach the gateway. Changing it needs a restart.'),
    ops: joi
      .object({
        host: host().description('Address to listen on.'),
        port: joi.number().port().default(9464).description('Port; 0 takes any free one.'),
      })
      .default()
      .meta({ restart: true })
      .description('Where metrics are served, apart from the callers. Changing it needs a restart.'),
    store: joi
      .object({
        url: joi
          .string()
          .custom(storeUrl)
          .default('sqlite:./data/gateway.db')
          .description('sqlite:<file> or postgres://user:password@host/database. STORE_URL overrides it.'),
      })
      .default()
      .meta({ restart: true })
      .description('Where the gateway keeps its own data. Changing it needs a restart.'),
    vendors: vendorsSchema(names)
      .min(1)
      .required()
      .description('The vendor connections, by a name of your choice.'),
    clinics: joi
      .object()
      .pattern(NAME, clinicSchema([...names.vendors.keys()].filter(isName)))
      .min(1)
      .required()
      .meta({ child: '<clinic>' })
      .description('The clinics, by a name of your choice.'),
    callers: joi
      .array()
      .items(callerSchema(names.clinics.filter(isName)))
      .default([])
      .description('The apps that may call the gateway, each for one clinic.'),
    audit: auditSchema(),
    idempotency: idempotencySchema(),
    deliveries: deliveriesSchema(),
    tokens: joi
      .array()
      .items(tokenSchema(names.clinics.filter(isName)))
      .default([])
      .description('Issuers of OAuth 2 / OIDC access tokens (JWT) that are accepted besides API keys.'),
  });
}

function tlsSchema(): joi.ObjectSchema {
  const file = (what: string) => joi.string().allow('').default('').description(`${what} Empty: none.`);
  return joi
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
    .description('HTTPS, TLS 1.2 or newer. Changed files are read again when the configuration is reloaded.');
}

function vendorsSchema({ vendors, adapters }: Names): joi.ObjectSchema {
  const usable = [...vendors].filter(([name]) => isName(name));
  return joi.object(
    Object.fromEntries(usable.map(([name, adapter]) => [name, vendorSchema(adapter, adapters)])),
  );
}

function vendorSchema(
  adapter: AdapterModule | undefined,
  adapters: readonly AdapterModule[],
): joi.ObjectSchema {
  return joi.object({
    adapter: oneOf(adapters.map(({ name }) => name))
      .required()
      .description('The kind of vendor system: the name of a folder in adapters/.'),
    baseUrl: joi
      .string()
      .custom(baseUrl)
      .required()
      .description(
        'Where the vendor is: http(s), without the version that the adapter adds (/v1), query or user.',
      ),
    credentials: (adapter?.settings.credentials ?? joi.any())
      .required()
      .meta({ type: 'object' })
      .description(
        'What the vendor gave you to sign in with; the keys depend on the adapter. Never printed.',
      ),
    options: (adapter?.settings.options.default() ?? joi.any())
      .meta({ type: 'object' })
      .description("Choices between a vendor's variants; the keys depend on the adapter."),
    codes: (adapter?.settings.codes.default() ?? joi.any())
      .meta({ type: 'object' })
      .description("Code lists: the callers' code on the left, the vendor's on the right."),
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
      .description(
        'PEM certificates of a private authority, trusted instead of the public ones. Empty: none.',
      ),
    rateLimit: rateLimitSchema('Calls').description(
      'Ceiling on calls to this vendor, shared by the whole process. Absent: none.',
    ),
    verify: oneOf(['returned', 'read'])
      .default(() => adapter?.verify)
      .meta({ default: "the adapter's" })
      .description("What proves a change: the record in the vendor's answer, or a read after the write."),
    propagateTrace: joi
      .boolean()
      .default(false)
      .description("Whether calls carry the caller's W3C `traceparent` on, with a span id of their own."),
  });
}

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

function clinicSchema(vendors: readonly string[]): joi.ObjectSchema {
  return joi.object({
    vendor: oneOf(vendors)
      .required()
      .meta({ type: 'a key of vendors' })
      .description("The connection that holds this clinic's staff. Switching vendor is changing this line."),
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
  });
}

function auditSchema(): joi.ObjectSchema {
  return joi
    .object({
      values: oneOf(['hashed', 'full'])
        .default('hashed')
        .description('How the sent values are kept: as salted digests, or as they are.'),
      salt: joi
        .string()
        .empty('')
        .min(16)
        .description(
          'Secret of the digests, 16 characters or more. Absent or empty: one is made up and kept in the store. Never printed.',
        ),
      retentionDays: joi
        .number()
        .integer()
        .min(1)
        .max(36_500)
        .description('For how many days rows are kept. Absent: for ever.'),
    })
    .default()
    .meta({ restart: true })
    .description('The audit of updates (GET /changes). Changing it needs a restart.');
}

function idempotencySchema(): joi.ObjectSchema {
  return joi
    .object({
      ttlHours: joi
        .number()
        .greater(0)
        .max(8_760)
        .default(24)
        .description('For how many hours a key is remembered, with the answer that was given for it.'),
    })
    .default()
    .meta({ restart: true })
    .description('Idempotency keys. Changing it needs a restart.');
}

function deliveriesSchema(): joi.ObjectSchema {
  return joi
    .object({
      concurrency: whole(1, 1_000)
        .default(8)
        .description('Queued updates that are delivered at the same time by one process.'),
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
        .description('Days for which a finished operation and its answer can be fetched.'),
    })
    .default()
    .description('How updates that are delivered later are tried (Prefer: respond-async, whenVendorDown).');
}

function callerSchema(clinics: readonly string[]): joi.ObjectSchema {
  return joi.object({
    name: joi.string().max(100).required().description('Stands in the audit and the logs; each one once.'),
    keySha256: oneOrList(joi.string().custom(sha256))
      .required()
      .meta({ type: '64 hex digits' })
      .description(
        'SHA-256 of the API key, or a list while a key is being replaced; the key itself is stored nowhere. Each one once.',
      ),
    clinic: oneOf(clinics)
      .required()
      .meta({ type: 'a key of clinics' })
      .description('The clinic it may reach.'),
    scopes: joi.array().items(oneOf(SCOPES)).min(1).required().description('What it may do.'),
    rateLimit: rateLimitSchema('Requests').description(
      'Ceiling on the requests of this caller (429 beyond it). Absent: none.',
    ),
  });
}

const CLAIM = joi.string().max(200);

function tokenSchema(clinics: readonly string[]): joi.ObjectSchema {
  return joi
    .object({
      name: joi
        .string()
        .pattern(NAME, 'name: letters, digits, - and _, at most 64')
        .required()
        .description('Stands before the client in the audit and the logs, as name/client; each one once.'),
      issuer: joi.string().max(500).required().description('The `iss` claim, to the letter.'),
      audience: oneOrList(joi.string().max(500))
        .required()
        .meta({ type: 'string' })
        .description('The `aud` claim that means this gateway, or a list of such.'),
      jwksUri: joi
        .string()
        .custom(jwksUri)
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
        .description('By how many seconds the clocks may differ.'),
      claims: joi
        .object({
          clinic: CLAIM.default('clinic').description('The claim that names the clinic.'),
          scopes: CLAIM.default('scope').description(
            'The claim with the scopes: a list, or text with spaces.',
          ),
          name: CLAIM.default('client_id').description('The claim that names the calling app, not a person.'),
        })
        .default()
        .description("In which claims the caller's properties stand."),
      rateLimit: rateLimitSchema('Requests').description(
        'Ceiling on the requests of each client of this issuer (429 beyond it). Absent: none.',
      ),
      clinics: joi
        .object()
        .pattern(joi.string().max(200), oneOf(clinics))
        .meta({ type: 'object' })
        .description(
          'What the clinic claim says on the left, a key of clinics on the right. Default: the key itself.',
        ),
    })
    .xor('jwksUri', 'jwks');
}

/** One value as it is, or a list of them: the form decides which mistakes are told. */
function oneOrList(item: joi.StringSchema): joi.AlternativesSchema {
  return joi.alternatives().conditional(joi.array(), {
    // biome-ignore lint/suspicious/noThenProperty: joi's own name
    then: joi.array().items(item).min(1),
    otherwise: item,
  });
}

function isName(text: string): boolean {
  return NAME.test(text);
}

function oneOf(values: readonly string[]): joi.StringSchema {
  return joi.string().valid(...values);
}

function whole(least: number, most: number): joi.NumberSchema {
  return joi.number().integer().min(least).max(most);
}

function host(): joi.StringSchema {
  return joi
    .string()
    .pattern(/^[\w.:-]+$/, 'host name or IP address')
    .default('127.0.0.1');
}

function parsedUrl(text: string): URL | undefined {
  // The URL parser drops white space and turns backslashes round; a configuration should say what it means.
  return /[\s\\]/.test(text) || !URL.canParse(text) ? undefined : new URL(text);
}

const baseUrl: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return helpers.error('baseUrl.form');
  if (url.username !== '' || url.password !== '') return helpers.error('baseUrl.user');
  if (/[?#]/.test(text)) return helpers.error('baseUrl.query');
  return url.origin + url.pathname.replace(/\/+$/, '');
};

const storeUrl: joi.CustomValidator<string> = (text, helpers) => {
  if (/^sqlite:./.test(text)) return text;
  const postgres = /^postgres(ql)?:\/\//.test(text) && parsedUrl(text) !== undefined;
  return postgres ? text : helpers.error('store.form');
};

const EMPTY_KEY = createHash('sha256').update('').digest('hex');

const sha256: joi.CustomValidator<string> = (text, helpers) => {
  const digest = text.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digest)) return helpers.error('sha256.form');
  // `echo -n "$KEY" | sha256sum` with an unset KEY gives this one.
  return digest === EMPTY_KEY ? helpers.error('sha256.empty') : digest;
};

const origin: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  const whole = url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text;
  return whole ? text : helpers.error('origin.form');
};

/** Keys that anybody on the way could exchange would make every token worthless. */
const jwksUri: joi.CustomValidator<string> = (text, helpers) => {
  const url = parsedUrl(text);
  if (url === undefined || url.username !== '' || url.password !== '') return helpers.error('jwksUri.form');
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && local)
    ? url.href
    : helpers.error('jwksUri.form');
};

const keySet: joi.CustomValidator = (value, helpers) => {
  const set = typeof value === 'string' ? parsedJson(value) : value;
  const keys = member(set, 'keys');
  if (!Array.isArray(keys) || !keys.every(isObject)) return helpers.error('jwks.form');
  // `oct` is a shared secret, `d` a private key: neither belongs into a file that is printed.
  const isPublic = keys.every((key) => key.kty !== 'oct' && !Object.hasOwn(key, 'd'));
  return isPublic ? { keys } : helpers.error('jwks.private');
};

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const wholeTls: joi.CustomValidator = (tls, helpers) => {
  const { certFile, keyFile, clientCaFile, requireClientCert } = tls;
  if ((certFile === '') !== (keyFile === '')) return helpers.error('tls.pair');
  if (requireClientCert && clientCaFile === '') return helpers.error('tls.clientCa');
  return certFile === '' && clientCaFile !== '' ? helpers.error('tls.pair') : tls;
};
