/**
 * Loaded before the gateway's own modules: takes the part away that `BENCH_WITHOUT` names, so that what it costs can be seen.
 * Such a gateway is of no other use.
 */
import { Axios } from 'axios';
import * as guard from '../../src/connection/guard';
import * as etag from '../../src/directory/etag';
import * as log from '../../src/ops/log';
import * as metrics from '../../src/ops/metrics';
import * as patch from '../../src/staff/patch';
import * as journal from '../../src/store/journal';
import * as trail from '../../src/store/trail';

const nothing = () => {};

/** What takes each part away. */
export const PARTS = {
  'both transactions of the journal': () => {
    const { createJournal } = journal;
    Reflect.set(journal, 'createJournal', (...given: Parameters<typeof createJournal>) =>
      Object.assign(Object.create(createJournal(...given)), {
        begin: async () => 'begun',
        end: async () => {},
      }),
    );
  },
  'rows of the audit, with their chain': () => {
    const { createTrail } = trail;
    Reflect.set(trail, 'createTrail', (...given: Parameters<typeof createTrail>) => ({
      ...createTrail(...given),
      append: async () => {},
    }));
  },
  'log lines': () => {
    const { createLog } = log;
    Reflect.set(log, 'createLog', (...given: Parameters<typeof createLog>) => ({
      ...createLog(...given),
      request: nothing,
      vendorCall: nothing,
    }));
  },
  metrics: () => {
    const { createMetrics } = metrics;
    Reflect.set(metrics, 'createMetrics', () => ({
      ...createMetrics(),
      request: nothing,
      vendorCall: nothing,
      receipt: nothing,
      store: nothing,
    }));
  },
  'checking and normalising the body': () => {
    Reflect.set(patch, 'parsePatch', (body: object) => {
      const changes = Object.entries(body).map(([field, value]) => ({ field, value }));
      return { patch: { changes, members: Object.keys(body) } };
    });
  },
  'the entity tag': () => {
    Reflect.set(etag, 'etagOf', () => '"bench"');
  },
  'breaker and bulkhead': () => {
    Reflect.set(guard.Guard.prototype, 'run', (call: () => unknown) => call());
  },
  axios: () => {
    Reflect.set(Axios.prototype, 'request', function (this: InstanceType<typeof Axios>, config: object) {
      const { adapter } = this.defaults;
      if (typeof adapter !== 'function') throw new TypeError('the adapter is a function');
      return Reflect.apply(adapter, undefined, [config]);
    });
  },
} as const satisfies Readonly<Record<string, () => void>>;

const named = Object.entries(PARTS).find(([name]) => name === process.env.BENCH_WITHOUT);
if (named) named[1]();
