/** What the gateway reports about itself: metrics, log and traces get the same event from one place. */

import type { FailureKind } from '../adapter/contract';
import type { Log } from '../ops/log';
import type { Metrics } from '../ops/metrics';
import { startSpan, traceHeaders } from '../ops/trace';
import { type DriftNote, DriftWatch } from './drift';
import type { CallOutcome, ObservedConnection, Operation, VendorObserver } from './observer';

export interface ReportingObserver extends VendorObserver {
  /** How the vendor's records have differed from its contract since the process began. */
  driftAt(connection: string): DriftNote[];
  /** Since when calls are paused, and the kind of the failure that did it; absent while they are made. */
  pauseOf(connection: string): { since: Date; kind: FailureKind } | undefined;
}

export function createObserver(metrics: Metrics, log: Log): ReportingObserver {
  const pauses = new Map<string, { since: Date; kind: FailureKind }>();
  const drift = new DriftWatch({
    counted: metrics.drift,
    noticed: (connection, kind, name) => log.notice('vendor contract drift', { connection, kind, name }),
  });
  return {
    begin: (connection, operation, requestId) =>
      beginCall({ metrics, log, requestId }, connection, operation),
    paused: ({ name }, kind) => {
      pauses.set(name, { since: new Date(), kind });
      log.notice('a vendor is failing: calls to it are paused', { connection: name, kind });
    },
    resumed: ({ name }) => {
      pauses.delete(name);
      log.notice('a vendor answers again: calls to it are made', { connection: name });
    },
    driftAt: (connection) => drift.foundAt(connection),
    pauseOf: (connection) => pauses.get(connection),
    record: (connection, record, access) => drift.record(connection, record, access),
    answered(connection, { warnings, receipt = [] }) {
      drift.warnings(connection, warnings);
      for (const { outcome } of receipt) metrics.receipt(connection.name, outcome);
    },
  };
}

function beginCall(
  { metrics, log, requestId }: { metrics: Metrics; log: Log; requestId: string | undefined },
  connection: ObservedConnection,
  operation: Operation,
) {
  const span = startSpan(connection.name, connection.config.adapter, operation);
  let left: number | undefined;
  return {
    leaving: () => {
      left = performance.now();
      return connection.config.propagateTrace ? traceHeaders(span) : undefined;
    },
    end: (outcome: CallOutcome, status?: number) => {
      const milliseconds = left === undefined ? undefined : performance.now() - left;
      metrics.vendorCall(connection.name, operation, outcome, milliseconds);
      log.vendorCall({ requestId, vendor: connection.name, operation, outcome, status }, milliseconds);
      if (outcome !== 'ok') span.setStatus({ code: 2 });
      span.setAttribute('gateway.outcome', outcome);
      if (status !== undefined) span.setAttribute('http.response.status_code', status);
      span.end();
    },
  };
}
