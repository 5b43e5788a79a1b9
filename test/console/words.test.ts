/** The page's words: plural forms in both languages, and none missing for what the gateway may say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORDS } from '../../console/words';
import { IN_SPANISH } from '../../console/words/sentences';
import { CHANGE_KINDS, CHANGE_OUTCOMES } from '../../src/store/changes';
import { GUARD_CODES } from '../../src/switch/guard';

const PLACE = /\{(\w+)(?:\|[^|}]*\|[^|}]*)?\}/g;
const names = (text: string) => [...new Set([...text.matchAll(PLACE)].map(([, name]) => name))].sort();

test('both languages have a text, and fill in the same', () => {
  for (const [word, [english, spanish]] of Object.entries(WORDS)) {
    expect({ word, names: names(spanish) }).toEqual({ word, names: names(english) });
    expect([english.trim(), spanish.trim()]).not.toContain('');
    // What is left over of a place that is written wrongly.
    expect({ word, left: (english + spanish).replaceAll(PLACE, '') }).not.toMatchObject({
      left: expect.stringMatching(/[{}|]/),
    });
  }
});

test('whatever the gateway names by a code has words', () => {
  const coded = [
    ...CHANGE_KINDS.map((kind) => `kind_${kind}`),
    ...CHANGE_OUTCOMES.map((outcome) => `outcome_${outcome}`),
    ...GUARD_CODES.flatMap((code) => [`guard_${code}`, `against_${code}`]),
    ...['running', 'done', 'failed', 'stopped', 'interrupted'].map((state) => `job_${state}`),
  ];
  expect(coded.filter((word) => !Object.hasOwn(WORDS, word))).toEqual([]);
});

test('sentences that the page shows as the gateway says them are known in Spanish', () => {
  const folder = join(__dirname, '../../src/console');
  const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const said = source.flatMap((text) =>
    [...text.matchAll(/new Problem\(\s*'(?:conflict|not_found|idempotency_\w+)',\s*'([^']+)'/g)].map(
      ([, sentence = '']) => sentence,
    ),
  );
  expect(said.length).toBeGreaterThan(10);
  // What only who looks for files and ways in by hand is told.
  const byHand = /^No provider|^The console/;
  expect([...new Set(said)].filter((one) => !byHand.test(one) && !Object.hasOwn(IN_SPANISH, one))).toEqual(
    [],
  );
});
