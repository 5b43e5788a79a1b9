import { createHash } from 'node:crypto';
import joi from 'joi';
import type { AdapterModule } from '../src/vendor/contract';
import { type GatewayConfig, SCOPES } from './types';

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
  });
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
    rateLimit: joi
      .object({
        requests: joi.number().integer().min(1).required().description('Calls per period.'),
        perSeconds: joi.number().greater(0).required().description('Length of the period in seconds.'),
      })
      .description('Ceiling on calls to this vendor, shared by the whole process. Absent: none.'),
    verify: oneOf(['returned', 'read'])
      .default(() => adapter?.verify)
      .meta({ default: "the adapter's" })
      .description("What proves a change: the record in the vendor's answer, or a read after the write."),
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
  });
}

function callerSchema(clinics: readonly string[]): joi.ObjectSchema {
  return joi.object({
    name: joi.string().max(100).required().description('Stands in the audit and the logs; each one once.'),
    keySha256: joi
      .string()
      .custom(sha256)
      .required()
      .meta({ type: '64 hex digits' })
      .description('SHA-256 of the API key; the key itself is stored nowhere. Each one once.'),
    clinic: oneOf(clinics)
      .required()
      .meta({ type: 'a key of clinics' })
      .description('The clinic it may reach.'),
    scopes: joi.array().items(oneOf(SCOPES)).min(1).required().description('What it may do.'),
  });
}

function isName(text: string): boolean {
  return NAME.test(text);
}

function oneOf(values: readonly string[]): joi.StringSchema {
  return joi.string().valid(...values);
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
