/** Attacks on whose records a clinic reaches. */
import { KEYS } from '../../support/stage';
import { until } from '../../support/until';
import { createGate } from '../../support/wire';
import { type Attack, same, sameAnswer } from './attack';
import { ATTACKERS } from './field';

const OTHER = 'pr_def456';

export const LINK_ATTACKS: readonly Attack[] = [
  {
    name: 'link another clinic’s people at a connection that both use',
    run: async ({ stage }) => {
      const link = (vendor: string, method: string) =>
        stage.call(method, `/staff/mine/links/${vendor}`, {
          key: ATTACKERS.east,
          ...(method === 'PUT' && { body: { vendorRecordId: OTHER } }),
        });
      for (const method of ['PUT', 'DELETE']) {
        sameAnswer(await link('shared', method), await link('nowhere', method), 404);
      }
    },
  },
  {
    name: 'squat ids at a connection that nobody uses yet',
    run: async ({ stage }) => {
      const put = (vendor: string) =>
        stage.call('PUT', `/staff/mine/links/${vendor}`, { body: { vendorRecordId: OTHER } });
      sameAnswer(await put('spare'), await put('nowhere'), 404);
    },
  },
  {
    name: 'ask by linking whether another clinic has a person',
    run: async ({ stage, link }) => {
      await link({ clinic: 'centro', staffId: 'theirs', vendor: 'clinikapi-main', vendorRecordId: OTHER });
      const put = (vendorRecordId: string) =>
        stage.call('PUT', '/staff/mine/links/clinikapi-main', { body: { vendorRecordId } });
      sameAnswer(await put(OTHER), await put('pr_of_nobody'), 404);
      // Nor by what the audit says of it.
      const { data } = (await stage.call('GET', '/changes?kind=link&limit=2')).body;
      same(
        data.map(({ vendorRecordId, outcome, status, code }: Record<string, unknown>) => [
          ...[vendorRecordId, outcome, status, code],
        ]),
        [
          ['pr_of_nobody', 'refused', 404, 'staff_not_found'],
          [OTHER, 'refused', 404, 'staff_not_found'],
        ],
      );
    },
  },
  {
    name: 'ask by deleting whether a connection exists',
    run: async ({ stage }) => {
      const remove = (vendor: string) => stage.call('DELETE', `/staff/st-1/links/${vendor}`);
      sameAnswer(await remove('vitalis-centro'), await remove('nowhere'), 404);
    },
  },
  {
    name: 'link by another spelling of an id at a vendor that ignores case',
    run: async ({ stage }) => {
      const put = (vendorRecordId: string) =>
        stage.call('PUT', '/staff/mine/links/caseless', {
          key: ATTACKERS.caseless,
          body: { vendorRecordId },
        });
      sameAnswer(await put('PR_ABC123'), await put('pr_of_nobody'), 404);
    },
  },
  {
    name: 'write by another spelling of an id that an import has linked',
    run: async ({ stage, link }) => {
      await link({ clinic: 'caseless', staffId: 'other', vendor: 'caseless', vendorRecordId: 'PR_ABC123' });
      const before = stage.clinikapi.writes;
      const reply = await stage.patch(ATTACKERS.caseless, { role: 'owned' }, {}, 'other');
      same([reply.status, reply.body.code, stage.clinikapi.writes], [404, 'staff_not_found', before]);
    },
  },
  {
    name: 'have a queued update delivered to the record that the link names later',
    run: async ({ stage }) => {
      const held = createGate();
      stage.clinikapi.faults.next({ kind: 'hook', run: () => held.wait() }, { method: 'PATCH' });
      const slow = await stage.patch(KEYS.north, { role: 'first' }, { prefer: 'respond-async' });
      const later = await stage.patch(KEYS.north, { role: 'second' }, { prefer: 'respond-async' });
      await held.reached;
      const put = (vendorRecordId: string) =>
        stage.call('PUT', '/staff/st-1/links/clinikapi-main', { body: { vendorRecordId } });
      same((await put('pr_ghi789')).status, 200);
      held.open();
      for (const queued of [slow, later]) {
        const ended = await until(
          () => stage.call('GET', `/operations/${queued.body.data.id}`),
          ({ body }) => ['succeeded', 'failed', 'dead'].includes(body.data.status),
        );
        if (queued === later) same(ended.body.data.lastError?.code, 'conflict');
      }
      same((await put('pr_abc123')).status, 200);
    },
  },
  {
    name: 'read what is stored by updates that change nothing, and by dry runs',
    run: async ({ stage }) => {
      const { body: known } = await stage.call('GET', '/staff/st-1');
      for (const query of ['', '?dryRun=true']) {
        const sent = { status: known.data.status };
        const { body } = await stage.patch(ATTACKERS.writer, sent, {}, 'st-1', query);
        same(
          Object.keys(body.data ?? {}).filter((name) => !['id', 'status'].includes(name)),
          [],
        );
        for (const secret of [known.data.role, known.data.specialty?.code]) {
          if (typeof secret === 'string') same(JSON.stringify(body).includes(secret), false);
        }
      }
    },
  },
];
