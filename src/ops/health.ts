/** Whether the gateway can work. A vendor's outage or a refused configuration file is reported, and is no reason to take the gateway out of service. */
export interface Health {
  status: 'ready' | 'not ready';
  checks: {
    /** The configuration in use; a new file that was refused does not change it. */
    config: 'ok';
    store: 'ok' | 'failed';
    /** `stopping`: requests are taken for a short while only. */
    process: 'ok' | 'stopping';
  };
  /** `refused`: the file on disk is not usable, so the configuration before it stays in use. No reason to be unready. */
  configFile: 'ok' | 'refused';
  /** `refused`: the files of `server.tls` on disk are not usable, so the certificate before them stays in use. Likewise. */
  certificate: 'ok' | 'refused';
  /** Per vendor connection: `open` means that calls are paused because the vendor has been failing. */
  vendors: Readonly<Record<string, string>>;
}

export interface HealthParts {
  /** The breaker of each connection, by its name. */
  breakers: () => Readonly<Record<string, string>>;
  stopping: () => boolean;
  /** Whether the configuration file was refused when it was last read. */
  configRefused: () => boolean;
  /** Whether the files of `server.tls` were refused when they were last read. */
  certificateRefused: () => boolean;
  /** Rejects if the store cannot be written. */
  checkStore: () => Promise<void>;
}

export async function checkHealth({
  breakers,
  stopping,
  configRefused,
  certificateRefused,
  checkStore,
}: HealthParts): Promise<Health> {
  const store = await checkStore().then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  const checks = { config: 'ok', store, process: stopping() ? 'stopping' : 'ok' } as const;
  const ready = checks.store === 'ok' && checks.process === 'ok';
  return {
    status: ready ? 'ready' : 'not ready',
    checks,
    configFile: configRefused() ? 'refused' : 'ok',
    certificate: certificateRefused() ? 'refused' : 'ok',
    vendors: breakers(),
  };
}
