import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SANDBOX_CREDENTIALS } from '../credentials';
import { createTable, type Table } from '../table';
import {
  PROFESSIONALS,
  type Professional,
  SCHEDULES,
  type Schedule,
  SPECIALITIES,
  type Speciality,
  type User,
  type VitalisSeeds,
} from './seeds';

/** Which of the two sources the sandbox behaves like; `both` is `code` that also accepts a Bearer token. */
export type VitalisDialect = 'code' | 'documented' | 'both';

/** The role words of the vendor's source. */
export const ADMIN = '50yun4dmin';
export const USER = '50yunUs3r';

const TOKEN_LIFE_SECONDS = 4 * 60 * 60;

/** What may be changed while the sandbox runs. */
export interface VitalisSettings {
  dialect: VitalisDialect;
  /** A fixed token that counts as the administrator's; undefined switches it off. */
  adminToken: string | undefined;
  /** Whoever registers with this `admin-key` is an administrator; with undefined, whoever sends none. */
  adminKey: string | undefined;
}

/** Everything the sandbox remembers. */
export interface VitalisState {
  professionals: Table<number, Professional>;
  specialities: Table<number, Speciality>;
  schedules: Table<number, Schedule>;
  users: Table<string, User>;
  settings: VitalisSettings;
  /** A token as log-in gives it: HS256, four hours from `issuedAt` (milliseconds; now if absent). */
  issueToken(userId: string, issuedAt?: number): string;
  /** The user id in a token that is signed by this sandbox and not run out; undefined for any other. */
  readToken(token: string): string | undefined;
  /** Makes every issued token invalid; with `staticToken` the fixed administrator token too. */
  expireTokens(options?: { staticToken?: boolean }): void;
  reset(): void;
}

const USERS: readonly User[] = [
  { id: '1', name: 'Alicia', surname: 'Admin', ...SANDBOX_CREDENTIALS.vitalis.admin, rol: ADMIN },
  { id: '2', name: 'Ulises', surname: 'Usuario', ...SANDBOX_CREDENTIALS.vitalis.user, rol: USER },
];

/** A store with the seeds; `settings` is what `reset` goes back to. */
export function createVitalisState(
  seeds: VitalisSeeds,
  initial: VitalisSettings,
  now: () => number,
): VitalisState {
  const professionals = createTable(seeds.professionals ?? PROFESSIONALS, (row: Professional) => row.id);
  const specialities = createTable(seeds.specialities ?? SPECIALITIES, (row: Speciality) => row.id);
  const schedules = createTable(seeds.schedules ?? SCHEDULES, (row: Schedule) => row.id);
  const users = createTable(USERS, (row) => row.id);
  const settings = { ...initial };
  let secret = randomBytes(32);

  function sign(text: string): string {
    return createHmac('sha256', secret).update(text).digest('base64url');
  }

  function issueToken(userId: string, issuedAt = now()): string {
    const iat = Math.floor(issuedAt / 1000);
    const parts = [
      { alg: 'HS256', typ: 'JWT' },
      { id: userId, iat, exp: iat + TOKEN_LIFE_SECONDS },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${sign(text)}`;
  }

  function readToken(token: string): string | undefined {
    if (settings.adminToken !== undefined && token === settings.adminToken) return '1';
    const end = token.lastIndexOf('.');
    if (end < 0 || !sameText(token.slice(end + 1), sign(token.slice(0, end)))) return undefined;
    // Only what this sandbox signed comes here, so the payload has the shape that `issueToken` gave it.
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof payload !== 'object' || payload === null || !('id' in payload) || !('exp' in payload)) return;
    if (typeof payload.id !== 'string' || typeof payload.exp !== 'number') return undefined;
    return payload.exp * 1000 > now() ? payload.id : undefined;
  }

  return {
    professionals,
    specialities,
    schedules,
    users,
    settings,
    issueToken,
    readToken,
    expireTokens(options = {}) {
      secret = randomBytes(32);
      if (options.staticToken) settings.adminToken = undefined;
    },
    reset() {
      for (const table of [professionals, specialities, schedules, users]) table.reset();
      Object.assign(settings, initial);
    },
  };
}

function sameText(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
