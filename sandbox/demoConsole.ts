/** What the demo has besides its examples: operators, and trouble for them to find on the console. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { member } from '../src/lib/json';
import { ORGANIZATION, type Reference, type Role, STAMP } from './clinikapi/seeds';

export const DEMO_OPERATORS = [
  { name: 'olga', key: 'demo-operator-key', role: 'operator' },
  { name: 'vera', key: 'demo-viewer-key', role: 'viewer' },
] as const;

/** A clinic whose vendor is down: nothing listens there. */
const EAST = { name: 'east', key: 'demo-key-east', vendor: 'clinikapi-east', staffId: 'pr_east01' } as const;

const hash = (key: string) => createHash('sha256').update(key).digest('hex');

const owned = { environment: 'live', organization: ORGANIZATION } as const;

/**
 * Who is probably staff member st-43 of the clinic centro, at the connection to which it may move: the name without its accent,
 * the same day of birth, and nothing that would prove it.
 */
export const LIKELY: { role: Role; practitioner: Reference } = {
  role: {
    ...owned,
    id: 'pr_jkl012',
    practitionerId: 'prac_jkl012',
    role: 'doctor',
    status: 'active',
    specialties: [{ code: '394579002', display: 'Cardiology' }],
    version: 1,
    createdAt: STAMP,
    updatedAt: STAMP,
  },
  practitioner: {
    ...owned,
    id: 'prac_jkl012',
    name: 'Juan Perez',
    details: { firstName: 'Juan', lastName: 'Perez', active: true, gender: 'male', birthDate: '1985-03-15' },
  },
};

/** Parts of the demo's configuration. */
export const TROUBLE = {
  operators: DEMO_OPERATORS.map(({ name, key, role }) => ({ name, keySha256: hash(key), role })),
  vendor: {
    [EAST.vendor]: {
      adapter: 'clinikapi',
      // Port 1 is reserved, and refuses.
      baseUrl: 'http://127.0.0.1:1',
      credentials: { apiKey: 'demo' },
      breaker: { failures: 2, openMs: 3_600_000 },
    },
  },
  clinic: { [EAST.name]: { vendor: EAST.vendor, identity: 'direct', whenVendorDown: 'queue' } },
  caller: {
    name: 'east-app',
    keySha256: hash(EAST.key),
    clinic: EAST.name,
    scopes: ['staff:read', 'staff:write', 'changes:read'],
  },
  deliveries: { maxAttempts: 1 },
} as const;

/** Updates that nobody can deliver, so that one is dead, one waits behind it, and calls to that vendor are paused. */
export async function makeTrouble(url: string): Promise<void> {
  for (const body of [{ status: 'inactive' }, { role: 'nurse' }]) {
    await fetch(`${url}/staff/${EAST.staffId}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${EAST.key}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify(body),
    });
  }
}

/** A clinic that is half way to another vendor: who is who there was looked for, and waits for a person. */
export async function beginSwitch(opsUrl: string): Promise<void> {
  const [operator] = DEMO_OPERATORS;
  const ask = (path: string, headers: Record<string, string>, body: unknown) =>
    fetch(`${opsUrl}/console/api${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const signed = await ask('/session', {}, { key: operator.key });
  const session: unknown = await signed.json();
  const token = String(member(member(session, 'data'), 'csrfToken'));
  const cookie = (signed.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  await ask('/switch/centro/suggest', { cookie, 'x-csrf-token': token }, { connection: 'clinikapi-main' });
}

/** Builds the page where a checkout looks for it. */
export async function buildPage(): Promise<void> {
  // Loaded only here: the builder is large, and `--once` shows no page.
  const { bundleConsole }: typeof import('../scripts/bundleConsole') = require('../scripts/bundleConsole');
  const isCompiled = __filename.endsWith('.js');
  await bundleConsole(resolve(__dirname, isCompiled ? '../console' : '../dist/console'));
}

/** The lines that the demo prints. */
export function consoleLines(opsUrl: string): string[] {
  return [
    `${opsUrl}/console`,
    ...DEMO_OPERATORS.map(({ name, key, role }) => `sign in as ${name} (${role}) with the key ${key}`),
  ];
}
