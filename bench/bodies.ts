/**
 * What clinics send: the examples of the vendors' own documents as canonical bodies, and as ClinikAPI's own for subjects that
 * forward. Each record is sent them in turn, so that each is a real change of all that it names.
 */
import type { Turn } from './traffic';

export interface Example {
  /** The body of `PATCH /staff/:id`. */
  body: Readonly<Record<string, unknown>>;
  /** Texts that a right answer holds, whoever gives it. */
  shows: readonly string[];
}

const INTERVENTIONAL = { code: '394819006', display: 'Interventional Cardiology' };
const CARDIOLOGY = { code: '394579002', display: 'Cardiology' };

/** "update specialty" and "deactivate a role" of ClinikAPI's document, then all three of their fields at once. Its own body is the same. */
export const CLINIKAPI: readonly Example[] = [
  { body: { specialty: INTERVENTIONAL }, shows: ['"code":"394819006"'] },
  {
    body: { status: 'inactive', period: { start: '2024-01-01', end: '2025-12-31' } },
    shows: ['"status":"inactive"', '"end":"2025-12-31"'],
  },
  {
    body: { status: 'active', specialty: CARDIOLOGY, period: { start: '2024-02-01', end: '2026-12-31' } },
    shows: ['"status":"active"', '"code":"394579002"', '"start":"2024-02-01"'],
  },
];

/** Fields of two of ClinikAPI's resources, the role and the person behind it. */
export const TWO_RESOURCES: readonly Example[] = [
  named('inactive', 'María', 'Pérez García'),
  named('active', 'Juan', 'Gómez'),
];

function named(status: string, given: string, family: string): Example {
  return {
    body: { status, name: { given, family } },
    shows: [`"status":"${status}"`, `"family":"${family}"`],
  };
}

/** The two fields that the document of Vitalis changes, and other values for them. */
export const VITALIS: readonly Example[] = [
  contact('Av. Corrientes 5678, Buenos Aires', '+54 11 9876-5432'),
  contact('Av. Santa Fe 1234, Buenos Aires', '+54 11 4321-5678'),
];

function contact(text: string, phone: string): Example {
  return { body: { address: { text }, phone }, shows: [`"text":"${text}"`, `"phone":"${phone}"`] };
}

/** The week of Cobalt's document, and another one. */
export const COBALT: readonly Example[] = [
  week('active', ['9:00', '18:00'], ['8:00', '17:00']),
  week('inactive', ['8:30', '12:30'], ['14:00', '19:00']),
];

type Shift = readonly [start: string, end: string];

function week(status: string, monday: Shift, tuesday: Shift): Example {
  const block = (day: string, [start, end]: Shift) => ({
    daysOfWeek: [day],
    availableStartTime: start,
    availableEndTime: end,
    locationId: '095f8067-d3fc-4e13-b771-32f87cd0c3f2',
    period: { start: '2025-11-13', end: '2026-11-13' },
  });
  return {
    body: { status, availableTime: [block('Monday', monday), block('Tuesday', tuesday)] },
    shows: [`"status":"${status}"`, `"availableEndTime":"${monday[1]}:00"`],
  };
}

/** The smallest body there is. */
export const STATUS_ONLY: readonly Example[] = ['inactive', 'active'].map((status) => ({
  body: { status },
  shows: [`"status":"${status}"`],
}));

/** As requests to the gateway, whose answer must also say that each member was verified. */
export function withReceipt(examples: readonly Example[]): Turn[] {
  return examples.map(({ body, shows }) => ({
    body: JSON.stringify(body),
    answerHolds: [...shows, ...Object.keys(body).map((name) => `"pointer":"/${name}","outcome":"verified"`)],
  }));
}

export function plain(examples: readonly Example[]): Turn[] {
  return examples.map(({ body, shows }) => ({ body: JSON.stringify(body), answerHolds: shows }));
}
