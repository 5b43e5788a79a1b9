/**
 * What is built from one configuration, and its exchange while requests are under way: a request keeps the generation that it
 * began with, and connections that a new generation no longer has are closed when their last request has ended.
 */

import type { AdapterModule } from '../adapter/contract';
import type { GatewayConfig } from '../config/types';
import { type ConnectionSurroundings, VendorConnection } from '../connection/connection';
import type { BreakerState } from '../connection/guard';
import { sameJson } from '../lib/json';
import type { Clinic } from './locate';

/** Everything that one configuration gives rise to. */
export interface Generation {
  readonly config: GatewayConfig;
  readonly connections: ReadonlyMap<string, VendorConnection>;
  readonly clinics: ReadonlyMap<string, Clinic>;
}

interface Lease {
  generation: Generation;
  users: number;
}

export class Runtime {
  readonly #adapters: readonly AdapterModule[];
  readonly #surroundings: ConnectionSurroundings;
  #current: Lease;
  /** The current lease and the older ones that still have users. */
  #leases: Lease[];

  constructor(
    config: GatewayConfig,
    adapters: readonly AdapterModule[],
    surroundings: ConnectionSurroundings = {},
  ) {
    this.#adapters = adapters;
    this.#surroundings = surroundings;
    this.#current = { generation: this.#build(config, undefined), users: 0 };
    this.#leases = [this.#current];
  }

  get current(): Generation {
    return this.#current.generation;
  }

  /** The current generation, kept alive until `release` is called. */
  acquire(): { generation: Generation; release: () => void } {
    const lease = this.#current;
    lease.users += 1;
    return {
      generation: lease.generation,
      release: () => {
        lease.users -= 1;
        if (lease !== this.#current) this.#sweep();
      },
    };
  }

  /** The state of each connection's circuit breaker, by its name. */
  breakers(): Record<string, BreakerState> {
    return Object.fromEntries([...this.current.connections].map(([name, { breaker }]) => [name, breaker]));
  }

  /** New requests get `config` from now on. Connections whose configuration is the same go on being used. */
  replace(config: GatewayConfig): void {
    this.#current = { generation: this.#build(config, this.current), users: 0 };
    this.#leases.push(this.#current);
    this.#sweep();
  }

  /** Waits for vendor calls in flight and closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.current.connections.values()].map((connection) => connection.close()));
  }

  #build(config: GatewayConfig, previous: Generation | undefined): Generation {
    return build(config, this.#adapters, previous, this.#surroundings);
  }

  /** Closes the connections that only setups without users had. */
  #sweep(): void {
    const ended = this.#leases.filter((lease) => lease !== this.#current && lease.users === 0);
    this.#leases = this.#leases.filter((lease) => !ended.includes(lease));
    const needed = new Set(this.#leases.flatMap((lease) => [...lease.generation.connections.values()]));
    const closing = new Set(
      ended
        .flatMap((lease) => [...lease.generation.connections.values()])
        .filter((item) => !needed.has(item)),
    );
    for (const connection of closing) void connection.close();
  }
}

function build(
  config: GatewayConfig,
  adapters: readonly AdapterModule[],
  previous: Generation | undefined,
  surroundings: ConnectionSurroundings,
): Generation {
  const connections = new Map(
    Object.entries(config.vendors).map(([name, vendor]) => {
      const existing = previous?.connections.get(name);
      if (existing && sameJson(existing.config, vendor)) return [name, existing];
      const module = adapters.find((adapter) => adapter.name === vendor.adapter);
      if (module === undefined) throw new TypeError(`no adapter is named ${vendor.adapter}`);
      return [name, new VendorConnection(name, vendor, module, surroundings)];
    }),
  );
  const { maxQueuedPerCaller } = config.deliveries;
  const clinics = new Map(
    Object.entries(config.clinics).map(([name, clinic]) => {
      const connection = connections.get(clinic.vendor);
      if (connection === undefined) throw new TypeError(`no vendor connection is named ${clinic.vendor}`);
      return [name, { ...clinic, name, connection, maxQueuedPerCaller }];
    }),
  );
  return { config, connections, clinics };
}
