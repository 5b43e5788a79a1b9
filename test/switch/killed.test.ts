/** `switch copy` killed and begun again: in the end the target is the same as after one run, and nothing was written twice. */
import { join } from 'node:path';
import { makePeople } from '../../sandbox/people';
import { copyKilledAt } from '../support/killedCopy';
import { type Movable, openMovable } from '../support/movable';

jest.setTimeout(120_000);

const COUNT = 16;
const TIMEOUT_MS = 1_000;
/** A write that takes that long is answered too late, and arrives. */
const SLOW_MS = 1_800;

let stage: Movable;
beforeAll(async () => {
  stage = await openMovable(makePeople(COUNT), {
    configure: ({ vendors }) => {
      Object.assign(vendors['vitalis-centro'], { timeoutMs: TIMEOUT_MS, maxConcurrent: 4 });
    },
  });
  await stage.link('north', 'clinikapi-main');
  await stage.link('north', 'vitalis-centro');
});
afterAll(() => stage.close());

const stored = () =>
  JSON.stringify(stage.vitalis.state.professionals.all().map((row) => ({ ...row, updatedAt: '' })));

/** Everybody has another phone number and address there. */
function prepare(): void {
  stage.vitalis.reset();
  for (const { id } of stage.vitalis.state.professionals.all().slice(0, COUNT)) {
    stage.vitalis.state.professionals.change(id, { phone: '+54 11 0000-0000', address: 'Elsewhere 1' });
  }
}

/** `npm run soak -- switch` does it 30 times, at random points. */
test('killed while writes are under way', async () => {
  const [nth, when] = [2, 'commit'] as const;
  const undo = join(stage.folder, `${nth}.ndjson`);
  const args = ['north', 'vitalis-centro', '--apply', '--overwrite', '--undo', undo];
  prepare();
  const before = stored();
  await stage.command('switch', 'copy', ...args);
  const [whole, writes] = [stored(), stage.vitalis.writes];
  expect(whole).not.toBe(before);

  prepare();
  await copyKilledAt(stage, args, nth, when);
  expect(stored()).not.toBe(whole);
  const resumed = await stage.json('switch', 'copy', ...args);
  expect([stored(), stage.vitalis.writes, resumed.document.complete]).toEqual([whole, writes, true]);
  // The write that was cut short has its row too, and it is no caller's update.
  const kinds = await stage.call('GET', '/changes?kind=all&vendor=vitalis-centro&limit=200');
  const cut = kinds.body.data.filter(({ code }: { code: string }) => code === 'settled_by_reading');
  expect(cut.length).toBeGreaterThan(0);
  expect(new Set(cut.map(({ kind }: { kind: string }) => kind))).toEqual(new Set(['copy']));
  expect((await stage.json('switch', 'undo', undo)).document.counts).toMatchObject({
    changed_since: 0,
    not_restored: 0,
  });
  expect(stored()).toBe(before);
});

test('a vendor that is slow: what has not been answered is waited for, not sent in another way or twice', async () => {
  const args = ['north', 'vitalis-centro', '--apply', '--overwrite'];
  prepare();
  await stage.command('switch', 'copy', ...args);
  const [whole, writes] = [stored(), stage.vitalis.writes];
  const undo = join(stage.folder, 'slow.ndjson');
  prepare();
  const before = stored();
  const late = { kind: 'delay', milliseconds: SLOW_MS } as const;
  let arrivals = 0;
  stage.vitalis.faults.add({ ...late, when: 'commit' }, { method: 'PATCH', times: 2 });
  // The read before a write comes too late, repetitions included.
  const id = stage.vitalis.state.professionals.all()[9]?.id;
  stage.vitalis.faults.add(late, { method: 'GET', path: `/professionals/${id}`, times: 1 });
  // One connection breaks, and the write arrives all the same.
  stage.vitalis.faults.add(
    {
      kind: 'hook',
      run: (request) => {
        arrivals += 1;
        request.socket.destroy();
      },
    },
    { method: 'PATCH', after: 4, times: 1 },
  );
  stage.vitalis.faults.add(
    { ...late, milliseconds: 600, when: 'commit' },
    { method: 'PATCH', after: 4, times: 1 },
  );
  const { document } = await stage.json('switch', 'copy', ...args, '--undo', undo);
  stage.vitalis.faults.clear();
  expect(arrivals).toBe(1);
  const outcomes = document.rows.flatMap(({ outcome = '' }) => (outcome === '' ? [] : [outcome]));
  expect(new Set(outcomes)).toEqual(new Set(['verified']));
  expect([stored() === whole, stage.vitalis.writes]).toEqual([true, writes]);
  await stage.command('switch', 'undo', undo);
  expect(stored()).toBe(before);
});
