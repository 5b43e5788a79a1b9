/** Certificates of this process that run out soon: nobody is warned by a service that still works. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { GatewayConfig } from '../config/types';

const DAY_MS = 86_400_000;
/** So long before the end it is worth a look; automatic renewal has happened by then. */
const SOON_DAYS = 14;

export interface Expiring {
  /** Where the configuration names it: `server.tls`. */
  section: string;
  /** ISO 8601. */
  until: string;
}

export async function expiringCertificates({ server, ops }: GatewayConfig, now: Date): Promise<Expiring[]> {
  const files = [
    ['server.tls', server.tls.certFile],
    ['ops.tls', ops.tls?.certFile ?? ''],
  ] as const;
  const found = await Promise.all(
    files.map(async ([section, file]): Promise<Expiring[]> => {
      const until = file === '' ? undefined : await endOf(file);
      const isSoon = until !== undefined && until.getTime() - now.getTime() < SOON_DAYS * DAY_MS;
      return isSoon ? [{ section, until: until.toISOString() }] : [];
    }),
  );
  return found.flat();
}

/** Undefined for a file that cannot be used, which is told as a refused certificate. */
async function endOf(file: string): Promise<Date | undefined> {
  try {
    return new Date(new X509Certificate(await readFile(file)).validTo);
  } catch {
    return undefined;
  }
}
