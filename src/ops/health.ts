/** Whether the gateway can work. A vendor's outage is reported, and is no reason to take the gateway out of service. */
import type { Runtime } from '../gateway/runtime';
import type { BreakerState } from '../vendor/guard';

export interface Health {
  status: 'ready' | 'not ready';
  checks: {
    /** The configuration in use; a new file that was refused does not change it. */
    config: 'ok';
    store: 'ok' | 'failed';
    /** `stopping`: no new work is taken. */
    process: 'ok' | 'stopping';
  };
  /** Per vendor connection: `open` means that calls are paused because the vendor has been failing. */
  vendors: Readonly<Record<string, BreakerState>>;
}

export interface HealthParts {
  runtime: Runtime;
  stopping: () => boolean;
  /** Rejects when the store does not answer. */
  checkStore: () => Promise<void>;
}

export async function checkHealth({ runtime, stopping, checkStore }: HealthParts): Promise<Health> {
  const store = await checkStore().then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  const checks = { config: 'ok', store, process: stopping() ? 'stopping' : 'ok' } as const;
  const ready = checks.store === 'ok' && checks.process === 'ok';
  const vendors = [...runtime.setup.connections].map(([name, { breaker }]) => [name, breaker]);
  return { status: ready ? 'ready' : 'not ready', checks, vendors: Object.fromEntries(vendors) };
}
