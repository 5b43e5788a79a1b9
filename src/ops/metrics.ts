/**
 * Prometheus metrics. Labels are names of the configuration and closed lists, never an id, a caller or a text of somebody
 * else's, so that the number of series is bounded. What changes slowly is asked for when it is scraped, not counted along.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ReceiptRow } from '../receipt';
import { packageVersion } from './build';
import type { RequestFacts } from './log';
import { TalliedCounter, TalliedHistogram } from './tallies';

/** Seconds. The gateway's own work takes about a millisecond; vendors take up to their deadline. */
const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const STORE_BUCKETS = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1];

const METHODS = new Set(['GET', 'HEAD', 'PATCH', 'PUT', 'POST', 'DELETE', 'OPTIONS']);

/** One value of a gauge with several series. */
export interface GaugeValue {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** What is timed of the store. */
export type StoreOperation = 'links_find' | 'links_list' | 'links_put' | 'links_remove' | 'journal_commit';

export interface Metrics {
  /** @param milliseconds from the first byte of the request to the last of the answer */
  request(
    context: Pick<RequestFacts, 'route' | 'code' | 'clinic'>,
    method: string,
    status: number,
    milliseconds: number,
  ): void;
  /** @param milliseconds since the call left; undefined for one that never did */
  vendorCall(connection: string, operation: string, outcome: string, milliseconds: number | undefined): void;
  receipt(connection: string, outcome: ReceiptRow['outcome']): void;
  drift(connection: string, kind: string): void;
  tokenRefused(issuer: string, reason: string): void;
  /** @param guard what the guard had to say */
  clinicMoved(clinic: string, guard: 'open' | 'warned' | 'off'): void;
  store(operation: StoreOperation, milliseconds: number): void;
  /**
   * Registers a gauge that is read at each scrape; what fails to be read is left out of that scrape.
   * @param labels the names that the values carry; none for a single number
   */
  gauge(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => number | readonly GaugeValue[] | Promise<number | readonly GaugeValue[]>,
  ): void;
  readonly contentType: string;
  /** The exposition text. */
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new TalliedCounter({
    name: 'gateway_requests_total',
    help: 'Requests answered, by route template, method, status, problem code (ok for a success) and clinic (none before one is known).',
    labelNames: ['route', 'method', 'status', 'code', 'clinic'],
    registers,
  });
  const requestSeconds = new TalliedHistogram({
    name: 'gateway_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer, vendor calls included.',
    labelNames: ['route', 'method'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const vendorCalls = new TalliedCounter({
    name: 'gateway_vendor_calls_total',
    help: 'Calls to vendors, by connection, operation and outcome; not_sent were held back by the gateway.',
    labelNames: ['connection', 'operation', 'outcome'],
    registers,
  });
  const vendorSeconds = new TalliedHistogram({
    name: 'gateway_vendor_call_duration_seconds',
    help: 'Time until a vendor’s answer, or until the call failed, without waiting for a free slot.',
    labelNames: ['connection', 'operation'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const receipts = new TalliedCounter({
    name: 'gateway_receipt_outcomes_total',
    help: 'Rows of receipts, by connection and outcome; not those of dry runs and of answers given again.',
    labelNames: ['connection', 'outcome'],
    registers,
  });
  const drift = new Counter({
    name: 'gateway_vendor_drift_total',
    help: 'Deviations of vendor records from their contract, by connection and kind.',
    labelNames: ['connection', 'kind'],
    registers,
  });
  const tokens = new Counter({
    name: 'gateway_token_refusals_total',
    help: 'Access tokens refused, by issuer (as named in the configuration) and reason.',
    labelNames: ['issuer', 'reason'],
    registers,
  });
  const moves = new Counter({
    name: 'gateway_clinic_moves_total',
    help: 'Moves of clinics to another connection that this process made, by clinic and guard: open, warned (moved although it was closed) or off.',
    labelNames: ['clinic', 'guard'],
    registers,
  });
  const storeSeconds = new TalliedHistogram({
    name: 'gateway_store_duration_seconds',
    help: 'Time that an operation of the store took: of links each, of the journal a commit for all that waited.',
    labelNames: ['operation'],
    buckets: STORE_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'gateway_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: packageVersion(), node: process.version }, 1);

  return {
    request({ route = 'none', code = 'ok', clinic = 'none' }, method, status, milliseconds) {
      const verb = METHODS.has(method) ? method : 'other';
      requests.count(route, verb, String(status), code, clinic);
      requestSeconds.note(milliseconds / 1000, route, verb);
    },
    vendorCall(connection, operation, outcome, milliseconds) {
      vendorCalls.count(connection, operation, outcome);
      if (milliseconds !== undefined) vendorSeconds.note(milliseconds / 1000, connection, operation);
    },
    receipt: (connection, outcome) => receipts.count(connection, outcome),
    drift: (connection, kind) => drift.labels(connection, kind).inc(),
    tokenRefused: (issuer, reason) => tokens.labels(issuer, reason).inc(),
    clinicMoved: (clinic, guard) => moves.labels(clinic, guard).inc(),
    store: (operation, milliseconds) => storeSeconds.note(milliseconds / 1000, operation),
    gauge(name, help, labels, read) {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          const found = await Promise.resolve()
            .then(read)
            .catch(() => []);
          this.reset();
          // Resetting makes a single number 0, which would pass for a reading.
          if (labels.length === 0) this.remove();
          if (typeof found === 'number') this.set(found);
          else for (const { labels: of, value } of found) this.set({ ...of }, value);
        },
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
