/** Attacks on whoever else has updates that are delivered later. */
import { KEYS, type Reply } from '../../support/stage';
import { until } from '../../support/until';
import { type Attack, same } from './attack';
import { type Field, QUOTA } from './field';

export const QUEUE_ATTACKS: readonly Attack[] = [
  {
    name: 'hold up another clinic’s queued updates behind one’s own at a slow vendor',
    run: async (field) => {
      const { stage } = field;
      const staff = await hire(field, 20);
      let letGo: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      stage.clinikapi.faults.add(
        { kind: 'hook', when: 'answer', run: () => released },
        { method: 'PATCH', path: /pr_queue/ },
      );
      const own = await Promise.all(staff.map((id) => queue(field, KEYS.north, id, { role: 'nurse' })));
      same(new Set(own.map(({ status }) => status)), new Set([202]));
      const other = await queue(field, KEYS.centro, 'st-1', { phone: '+54 11 5555-0042' });
      same(await ended(field, KEYS.centro, other), 'succeeded');
      const waiting = await Promise.all(own.map(async (reply) => statusOf(field, KEYS.north, reply)));
      letGo();
      same(waiting.includes('succeeded'), false);
      for (const reply of own) same(await ended(field, KEYS.north, reply), 'succeeded');
    },
  },
  {
    name: 'queue updates without end',
    run: async (field) => {
      const { stage } = field;
      let letGo: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      stage.clinikapi.faults.add({ kind: 'hook', when: 'answer', run: () => released }, { method: 'PATCH' });
      const replies = await Promise.all(
        Array.from({ length: QUOTA + 10 }, (_, index) =>
          queue(field, KEYS.north, 'st-1', { role: `role-${index}` }),
        ),
      );
      letGo();
      const [accepted, refused] = [202, 429].map((wanted) =>
        replies.filter(({ status }) => status === wanted),
      );
      for (const reply of accepted ?? []) same(await ended(field, KEYS.north, reply), 'succeeded');
      same([accepted?.length, refused?.length], [QUOTA, 10]);
    },
  },
];

/** Staff members of the north, each with a record of their own. */
async function hire({ stage, link }: Field, count: number): Promise<string[]> {
  const model = stage.clinikapi.state.roles.get('pr_abc123');
  if (model === undefined) throw new Error('the sandbox has no seeds');
  const ids = Array.from({ length: count }, (_, index) => `q-${index}`);
  for (const [index, staffId] of ids.entries()) {
    const vendorRecordId = `pr_queue${index}`;
    stage.clinikapi.state.roles.set({ ...model, id: vendorRecordId });
    await link({ clinic: 'north', staffId, vendor: 'clinikapi-main', vendorRecordId });
  }
  return ids;
}

function queue({ stage }: Field, key: string, id: string, body: unknown): Promise<Reply> {
  return stage.patch(key, body, { prefer: 'respond-async' }, id);
}

async function statusOf({ stage }: Field, key: string, queued: Reply): Promise<string> {
  return (await stage.call('GET', queued.headers.get('location') ?? '', { key })).body.data.status;
}

function ended(field: Field, key: string, queued: Reply): Promise<string> {
  return until(
    () => statusOf(field, key, queued),
    (status) => status !== 'queued' && status !== 'running',
  );
}
