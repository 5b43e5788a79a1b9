import { childrenOf, type Description, flagOf, formsOf, listOf, metaOf } from './describe';
import { configSchema } from './schema';
import type { ConfigurableAdapter } from './types';

/** One row of the configuration reference. */
export interface ConfigKey {
  /** `vendors.<vendor>.timeoutMs`; `[]` is an item of a list. */
  path: string;
  /** For people: `integer`, `"linked" | "direct"`. */
  type: string;
  /** As it would be written, `required`, or empty if absence means nothing. */
  default: string;
  /** English sentences. */
  meaning: string;
  /** Set if only this adapter knows the key. */
  adapter?: string;
}

/** Every key of the configuration, taken from the schema that checks it and from the adapters' own schemas. */
export function configReference(adapters: readonly ConfigurableAdapter[]): ConfigKey[] {
  const general = rowsBelow(schemaFor(adapters, undefined), '');
  const known = new Set(general.map(({ path }) => path));
  const own = adapters.flatMap((adapter) =>
    rowsBelow(schemaFor(adapters, adapter), '')
      .filter(({ path }) => !known.has(path))
      .map((row) => ({ ...row, adapter: adapter.name })),
  );
  const settings = general.findLastIndex(({ path }) => path.startsWith(NAMED_VENDOR));
  return [...general.slice(0, settings + 1), ...own, ...general.slice(settings + 1)];
}

const VENDOR_NAME = 'vendor';
const NAMED_VENDOR = `vendors.<${VENDOR_NAME}>`;

function schemaFor(
  adapters: readonly ConfigurableAdapter[],
  adapter: ConfigurableAdapter | undefined,
): Description {
  return configSchema({ adapters, vendors: new Map([[VENDOR_NAME, adapter]]), clinics: [] }).describe();
}

function rowsBelow(description: Description, prefix: string): ConfigKey[] {
  return childrenOf(description).flatMap(({ key, child, open }) => {
    const path = join(prefix, prefix === 'vendors' ? `<${key}>` : key);
    const row = rowFor(path, child);
    // The row above a placeholder or a list item already describes it.
    const telling = row.meaning !== '' || !(open || path === NAMED_VENDOR);
    return telling ? [row, ...rowsBelow(child, path)] : rowsBelow(child, path);
  });
}

function join(prefix: string, key: string): string {
  if (prefix === '') return key;
  return key === '[]' ? `${prefix}[]` : `${prefix}.${key}`;
}

function rowFor(path: string, description: Description): ConfigKey {
  const meaning = flagOf(description, 'description');
  return {
    path,
    type: typeText(description),
    default: defaultText(description),
    meaning: typeof meaning === 'string' ? meaning : '',
  };
}

function typeText(description: Description): string {
  const named = metaOf(description, 'type');
  if (typeof named === 'string') return named;
  if (flagOf(description, 'only') === true && Array.isArray(description.allow)) {
    return description.allow
      .filter((value) => typeof value === 'string')
      .map((value) => `"${value}"`)
      .join(' | ');
  }
  if (description.type === 'alternatives')
    return [...new Set(formsOf(description).map(typeText))].join(' | ');
  if (description.type === 'array') return `list of ${listOf(description.items).map(typeText).join(' | ')}`;
  const whole = listOf(description.rules).some(({ name }) => name === 'integer' || name === 'port');
  return whole ? 'integer' : String(description.type);
}

function defaultText(description: Description): string {
  const named = metaOf(description, 'default');
  if (typeof named === 'string') return named;
  if (flagOf(description, 'presence') === 'required') return 'required';
  const value = flagOf(description, 'default');
  // joi's mark for "whatever the members' defaults are".
  const fromMembers = typeof value === 'object' && value !== null && 'special' in value;
  return value === undefined || fromMembers ? '' : JSON.stringify(value);
}
