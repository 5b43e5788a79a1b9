/**
 * Fifty updates of one person that come at once, of different fields in two resources of the vendor, and what shows that none has
 * taken another one back.
 */
import type { Stage } from './stage';

const RIVALS = 50;

const fifty = (of: (index: number) => Record<string, unknown>[]) =>
  Array.from({ length: RIVALS }, (_, index) => {
    const bodies = of(index);
    return bodies[index % bodies.length] ?? {};
  });

/** At Vitalis: a whole record and its weekly hours. */
export const vitalisRivals = () =>
  fifty((index) => {
    const availableTime = [
      {
        daysOfWeek: ['mon', 'wed'],
        availableStartTime: `0${index % 10}:00:00`,
        availableEndTime: `1${index % 10}:30:00`,
      },
    ];
    return [
      { phone: `11 4000 ${1000 + index}` },
      { availableTime },
      { email: `person${index}@example.org` },
      { name: { given: `Given${index}` }, availableTime },
      { address: { text: `Calle ${index}` } },
    ];
  });

export function expectNoneLostAtVitalis({ vitalis }: Pick<Stage, 'vitalis'>): void {
  const keys = ['name', 'phone', 'email', 'address'];
  const records = vitalis.log
    .filter(({ method, path }) => method === 'PATCH' && path.startsWith('/professionals'))
    .map(({ body }) => Object(body));
  expect(records).toHaveLength(40);
  for (const [index, record] of records.slice(1).entries()) {
    expect(keys.filter((key) => record[key] !== records[index][key])).toHaveLength(1);
  }
  const days = vitalis.state.schedules.all().filter(({ professionalID }) => professionalID === 1);
  expect(new Set(days.map(({ startTime, endTime }) => `${startTime}-${endTime}`)).size).toBe(1);
}

/** At a FHIR server: two resources that go back whole. */
export const fhirRivals = () =>
  fifty((index) => [
    { role: `role-${index}` },
    { name: { given: `Given${index}` }, period: { end: `2031-02-${10 + (index % 18)}` } },
    { phone: `11 4000 ${1000 + index}` },
    { email: `person${index}@example.org`, status: index % 2 === 0 ? 'active' : 'inactive' },
    { name: { family: `Family${index}` } },
  ]);

export function expectNoneLostAtFhir({ fhir }: Pick<Stage, 'fhir'>): void {
  const puts = (type: string) =>
    (fhir?.log ?? [])
      .filter(({ method, path }) => method === 'PUT' && path.includes(`/${type}/`))
      .map(({ body }) => partsOf(body));
  const [people, roles] = [puts('Practitioner'), puts('PractitionerRole')];
  expect([people.length, roles.length >= 20]).toEqual([40, true]);
  for (const records of [people, roles]) {
    for (const key of Object.keys(records[0] ?? {})) {
      const values = records.map((record) => record[key]);
      const changes = values.filter((value, index) => index === 0 || value !== values[index - 1]);
      // A value that comes back has been taken from a record that was not the last one.
      expect([key, changes.length]).toEqual([key, new Set(changes).size]);
      expect(changes.length).toBeGreaterThanOrEqual(10);
    }
  }
}

/** What the updates change in a FHIR resource, each as text; but for the status, which has two values only. */
function partsOf(body: unknown): Record<string, unknown> {
  const { resourceType, name, telecom, code, period } = Object(body);
  if (resourceType === 'PractitionerRole') return { code: JSON.stringify(code), end: period?.end };
  const official = name.find(({ use }: { use?: string }) => use === 'official');
  const reached = (wanted: string) =>
    JSON.stringify(telecom.filter(({ system }: { system: string }) => system === wanted));
  return {
    given: JSON.stringify(official.given),
    family: official.family,
    phone: reached('phone'),
    email: reached('email'),
  };
}
