/** What long work says meanwhile: a bar on a terminal only, and how long this step will still take. */
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createStepProgress } from '../../src/cli/switch/progress';

async function said(isTerminal: boolean): Promise<string> {
  const err = new PassThrough();
  let now = 0;
  const progress = createStepProgress({ err, isTerminal }, () => now);
  const steps: [seconds: number, name: string, done: number][] = [
    [0, 'reading', 0],
    [1, 'reading', 100],
    [20, 'reading', 500],
    [40, 'reading', 1_000],
    // A second reading begins anew.
    [41, 'reading', 10],
    [51, 'reading', 510],
  ];
  for (const [seconds, name, done] of steps) {
    now = seconds * 1_000;
    progress.show({ name, done, total: 1_000 });
  }
  progress.end();
  err.end();
  return text(err);
}

test('elsewhere a line now and then, without a bar', async () => {
  expect(await said(false)).toBe(
    'reading: 500 of 1,000 (50 %), about 20 s left for this step\n' +
      'reading: 1,000 of 1,000 (100 %), about 0 s left for this step\n' +
      'reading: 510 of 1,000 (51 %), about 10 s left for this step\n',
  );
});

test('on a terminal one line that is rewritten, and cleared in the end', async () => {
  const written = await said(true);
  expect(written).toContain('\r\u001b[K██████████░░░░░░░░░░ reading: 500 of 1,000 (50 %), about 20 s left');
  expect(written).not.toContain('\n');
  expect(written.endsWith('\r\u001b[K')).toBe(true);
});
