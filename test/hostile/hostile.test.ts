/**
 * Whatever a caller sends: never a 5xx, nothing invalid reaches a vendor, each complaint points at its place, no value comes
 * back in a problem, and what is valid arrives as it was meant. The rows are in test/support/hostile*.ts.
 */
import {
  expectProblem,
  type HostileCase,
  judge,
  printTotals,
  resetVendors,
  speak,
  wrote,
} from '../support/hostile';
import { IN_THE_BODY } from '../support/hostileBodies';
import { FRAMING, type FramingCase } from '../support/hostileFraming';
import { AROUND_THE_BODY } from '../support/hostileHttp';
import { IN_FURTHER_RESOURCES } from '../support/hostileResources';
import { openStage, type Stage } from '../support/stage';

let stage: Stage;
let ran = 0;
let passed = 0;
beforeAll(async () => {
  stage = await openStage({ fhir: {} });
});
afterAll(async () => {
  await stage.close();
});
beforeEach(() => resetVendors(stage));

describe('framing', () => {
  test.each<FramingCase>(FRAMING)('$name', async (row) => {
    ran += 1;
    const answers = await speak(stage.url, row.bytes, row);
    expect(answers.map(({ status }) => status)).toEqual(row.statuses);
    for (const answer of answers) if (answer.status >= 400 && !row.bare) expectProblem(answer);
    // The server's own answers, which the introduction of the API lists: these two and no others.
    if (row.bare) expect(answers.map(({ status, text }) => [status, text])).toEqual([[row.statuses[0], '']]);
    expect(wrote(stage)).toBe(row.writes ?? 0);
    passed += 1;
  });
});

describe.each(Object.entries({ ...AROUND_THE_BODY, ...IN_THE_BODY, ...IN_FURTHER_RESOURCES }))(
  '%s',
  (_theme, rows) => {
    test.each<HostileCase>(rows)('$name: $status', async (row) => {
      ran += 1;
      const answer = await judge(stage, row);
      expect(answer.status).toBeLessThan(500);
      expect(Object.prototype).toEqual(
        Object.create(null, Object.getOwnPropertyDescriptors(Object.prototype)),
      );
      passed += 1;
    });
  },
);

test('the gateway is as well as before', async () => {
  expect((await stage.call('GET', '/readyz')).body.status).toBe('ready');
  expect((await stage.call('GET', '/staff/st-1')).status).toBe(200);
  expect(stage.lines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
});

test('there were enough cases, and all have passed', () => {
  printTotals('hostile', 700, ran, passed);
});
