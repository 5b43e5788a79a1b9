/**
 * What is built from one configuration, and its exchange while requests are under way: a request keeps the setup that it
 * began with, and connections that a new setup no longer has are closed when their last request has ended.
 */
import type { GatewayConfig } from '../../config/types';
import { Callers } from '../http/authenticate';
import { type TokenRefused, Tokens } from '../http/tokens';
import { sameJson } from '../staff/json';
import { VendorConnection } from '../vendor/connection';
import type { AdapterModule } from '../vendor/contract';
import type { VendorObserver } from '../vendor/observer';
import type { Clinic } from './locate';

/** Everything that one configuration gives rise to. */
export interface Setup {
  readonly config: GatewayConfig;
  readonly connections: ReadonlyMap<string, VendorConnection>;
  readonly clinics: ReadonlyMap<string, Clinic>;
  readonly callers: Callers;
  readonly tokens: Tokens;
}

/** Hears what the parts of a setup do, for metrics, logs and traces. */
export interface RuntimeObserver extends VendorObserver {
  tokenRefused: TokenRefused;
}

interface Lease {
  setup: Setup;
  users: number;
}

export class Runtime {
  readonly #adapters: readonly AdapterModule[];
  readonly #observer: RuntimeObserver | undefined;
  #current: Lease;
  /** The current lease and the older ones that still have users. */
  #leases: Lease[];

  /** @param observer hears of every vendor call */
  constructor(config: GatewayConfig, adapters: readonly AdapterModule[], observer?: RuntimeObserver) {
    this.#adapters = adapters;
    this.#observer = observer;
    this.#current = { setup: this.#build(config, undefined), users: 0 };
    this.#leases = [this.#current];
  }

  get setup(): Setup {
    return this.#current.setup;
  }

  /** The current setup, kept alive until `release` is called. */
  acquire(): { setup: Setup; release: () => void } {
    const lease = this.#current;
    lease.users += 1;
    return {
      setup: lease.setup,
      release: () => {
        lease.users -= 1;
        if (lease !== this.#current) this.#sweep();
      },
    };
  }

  /** New requests get `config` from now on. Connections whose configuration is the same go on being used. */
  replace(config: GatewayConfig): void {
    this.#current = { setup: this.#build(config, this.setup), users: 0 };
    this.#leases.push(this.#current);
    this.#sweep();
  }

  /** Waits for vendor calls in flight and closes all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.setup.connections.values()].map((connection) => connection.close()));
  }

  #build(config: GatewayConfig, previous: Setup | undefined): Setup {
    return build(config, this.#adapters, previous, this.#observer);
  }

  /** Closes the connections that only setups without users had. */
  #sweep(): void {
    const ended = this.#leases.filter((lease) => lease !== this.#current && lease.users === 0);
    this.#leases = this.#leases.filter((lease) => !ended.includes(lease));
    const needed = new Set(this.#leases.flatMap((lease) => [...lease.setup.connections.values()]));
    const closing = new Set(
      ended.flatMap((lease) => [...lease.setup.connections.values()]).filter((item) => !needed.has(item)),
    );
    for (const connection of closing) void connection.close();
  }
}

function build(
  config: GatewayConfig,
  adapters: readonly AdapterModule[],
  previous: Setup | undefined,
  observer: RuntimeObserver | undefined,
): Setup {
  const connections = new Map(
    Object.entries(config.vendors).map(([name, vendor]) => {
      const existing = previous?.connections.get(name);
      if (existing && sameJson(existing.config, vendor)) return [name, existing];
      const module = adapters.find((adapter) => adapter.name === vendor.adapter);
      if (module === undefined) throw new TypeError(`no adapter is named ${vendor.adapter}`);
      return [name, new VendorConnection(name, vendor, module, observer)];
    }),
  );
  const clinics = new Map(
    Object.entries(config.clinics).map(([name, clinic]) => {
      const connection = connections.get(clinic.vendor);
      if (connection === undefined) throw new TypeError(`no vendor connection is named ${clinic.vendor}`);
      return [name, { ...clinic, name, connection }];
    }),
  );
  const tokens =
    previous && sameJson(previous.config.tokens, config.tokens)
      ? previous.tokens
      : new Tokens(config.tokens, observer?.tokenRefused);
  const callers = new Callers(config.callers, tokens, (name) => clinics.has(name));
  return { config, connections, clinics, callers, tokens };
}
