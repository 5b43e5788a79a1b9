import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a child process says once it listens. */
export interface Announcement {
  port: number;
}

/** Listens on a free port of the loopback interface, tells the harness which, and ends with the harness. */
export function announce(server: Server): void {
  process.on('disconnect', () => process.exit(0));
  server.listen(0, '127.0.0.1', () => announcePort(portOf(server.address())));
}

export function announcePort(port: number): void {
  const announcement: Announcement = { port };
  process.send?.(announcement);
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === 'object' && address ? address.port : 0;
}

/** Where the vendor is, as the harness has said. */
export function vendorUrl(): string {
  const url = process.env.BENCH_VENDOR_URL;
  if (url === undefined) throw new Error('BENCH_VENDOR_URL is not set: the harness starts this process');
  return url;
}

/** The vendor's key, for subjects that translate. */
export const VENDOR_KEY = 'clk_test_bench';
