/** What is asked for at each scrape instead of being counted along. */

import type { GaugeValue, Metrics } from '../ops/metrics';
import type { Database } from '../store/database';
import { MIRROR_STATES, mirrorLags } from '../store/mirrorLag';
import { headOf } from '../store/verify';
import type { Presence } from './presence';
import type { Runtime } from './runtime';

const BREAKER_STATES = ['closed', 'half-open', 'open'] as const;
const QUEUE_STATES = ['queued', 'running', 'dead'] as const;

export interface GaugeParts {
  runtime: Runtime;
  presence: Presence;
  /** Requests that are being worked on. */
  inFlight: () => number;
  database: Database;
  configRefused: () => boolean;
  certificateRefused: () => boolean;
}

export function registerGauges(
  metrics: Metrics,
  { runtime, presence, inFlight, database, configRefused, certificateRefused }: GaugeParts,
): void {
  const perConnection = (read: (name: string) => readonly GaugeValue[]) => () =>
    [...runtime.current.connections.keys()].flatMap(read);
  const connections = () => runtime.current.connections;
  const mirrors = () =>
    [...runtime.current.clinics.values()].flatMap(({ name, mirror }) =>
      mirror === undefined ? [] : [{ clinic: name, connection: mirror }],
    );

  metrics.gauge(
    'gateway_vendor_breaker_state',
    'The circuit breaker of a connection: 1 for the state that it is in, 0 for the others.',
    ['connection', 'state'],
    perConnection((connection) =>
      BREAKER_STATES.map((state) => ({
        labels: { connection, state },
        value: connections().get(connection)?.breaker === state ? 1 : 0,
      })),
    ),
  );
  metrics.gauge(
    'gateway_vendor_calls_in_flight',
    'Calls to a vendor that are under way.',
    ['connection'],
    perConnection((connection) => [
      { labels: { connection }, value: connections().get(connection)?.load.inFlight ?? 0 },
    ]),
  );
  metrics.gauge(
    'gateway_vendor_calls_waiting',
    'Calls to a vendor that wait because as many as allowed are under way.',
    ['connection'],
    perConnection((connection) => [
      { labels: { connection }, value: connections().get(connection)?.load.waiting ?? 0 },
    ]),
  );
  metrics.gauge(
    'gateway_clinic_moving',
    '1 while this process answers updates of the clinic clinic_is_moving, because it is at another connection than its configuration says, else 0.',
    ['clinic'],
    () =>
      [...runtime.current.clinics.keys()].map((clinic) => ({
        labels: { clinic },
        value: presence.isAway(clinic) ? 1 : 0,
      })),
  );
  metrics.gauge('gateway_requests_in_flight', 'Requests that are being worked on.', [], inFlight);
  metrics.gauge(
    'gateway_config_reload_failed',
    '1 while the configuration file on disk is refused and the one before it stays in use, else 0.',
    [],
    () => (configRefused() ? 1 : 0),
  );
  metrics.gauge(
    'gateway_certificate_reload_failed',
    '1 while the certificate files on disk are refused and those before them stay in use, else 0.',
    [],
    () => (certificateRefused() ? 1 : 0),
  );
  metrics.gauge(
    'gateway_queue_depth',
    'Updates that are delivered later, by state. The store is shared, so every replica reports the same.',
    ['state'],
    async () => {
      const rows = await unfinished(database);
      return QUEUE_STATES.map((state) => ({
        labels: { state },
        value: Number(rows.find(({ status }) => status === state)?.depth ?? 0),
      }));
    },
  );
  metrics.gauge(
    'gateway_queue_oldest_seconds',
    'Age of the oldest update that is waiting to be delivered; 0 when none waits.',
    [],
    async () => {
      const rows = await unfinished(database);
      const created = rows.flatMap(({ status, oldest }) =>
        status !== 'dead' && typeof oldest === 'string' ? [Date.parse(oldest)] : [],
      );
      return created.length === 0 ? 0 : Math.max(0, (Date.now() - Math.min(...created)) / 1000);
    },
  );
  metrics.gauge(
    'gateway_mirror_updates',
    'Updates for mirrors, by clinic, mirror and state: queued, running, dead (an operator decides) or diverged (the mirror never got them). The store is shared, so every replica reports the same.',
    ['clinic', 'connection', 'state'],
    async () =>
      (await mirrorLags(database, mirrors())).flatMap(({ clinic, connection, counts }) =>
        MIRROR_STATES.map((state) => ({
          labels: { clinic, connection, state },
          value: counts[state],
        })),
      ),
  );
  metrics.gauge(
    'gateway_mirror_lag_seconds',
    'Age of the oldest update that a mirror still has to get and that is not dead; 0 when there is none. Likewise.',
    ['clinic', 'connection'],
    async () =>
      (await mirrorLags(database, mirrors())).map(({ clinic, connection, lagSeconds }) => ({
        labels: { clinic, connection },
        value: lagSeconds,
      })),
  );
  metrics.gauge(
    'gateway_audit_sequence',
    'Number of the newest row of the audit. It never goes down, unless somebody has cut or replaced the audit.',
    [],
    async () => (await headOf(database)).sequence,
  );
}

function unfinished({ db }: Database) {
  return db
    .selectFrom('operations')
    .select(({ fn }) => ['status', fn.countAll().as('depth'), fn.min('created_at').as('oldest')])
    .where('finished_at', 'is', null)
    .where('mirrored', '=', 0)
    .groupBy('status')
    .execute();
}
