/** What is measured: one subject, what it is sent, and what it needs around it. */
import type { RunningGateway, Vendor } from './gateway';
import type { Mirrored } from './mirror';
import type { StubCounts } from './stub';
import type { Traffic } from './traffic';

export interface Subject {
  name: string;
  title: string;
  /** What a reader of the table has to know. */
  note?: string;
  /** The vendor whose counts of the stub prove the work. */
  vendor: keyof StubCounts;
  /** Vendor reads of each request, at least. */
  reads: number;
  /** Vendor writes of each request, exactly. */
  writes: number;
  /** What a mirror has to get besides; absent: there is none. */
  mirrored?: Mirrored;
  pid: number;
  traffic: Traffic;
  /** The same with the smallest body, for a column of its own. */
  statusOnly?: Traffic;
  /** Also measured for latency. */
  latency: boolean;
  /** Left out of a quick run after its first answers were checked. */
  onlyInFullRuns: boolean;
}

export interface Absent {
  name: string;
  title: string;
  skipped: string;
}

export interface Places {
  /** An empty one for what a subject has to be given as files. */
  folder: string;
  vendorUrl: string;
  /** In full runs one for each vendor's updates, in quick ones the same for all. All are configured alike. */
  gateways: Readonly<Record<Vendor, RunningGateway>>;
  /** In full runs one whose ClinikAPI clinic has a mirror. */
  mirrored?: Mirrored;
  links: number;
  providers: number;
}

export const UPDATE = {
  vendor: 'clinikapi',
  reads: 0,
  writes: 1,
  latency: true,
  onlyInFullRuns: false,
} as const;
export const READ = {
  vendor: 'clinikapi',
  reads: 1,
  writes: 0,
  latency: false,
  onlyInFullRuns: false,
} as const;

/** What a subject is sent: the examples, and the smallest body. */
export interface Requests {
  traffic: Wanted;
  statusOnly: Wanted;
}

export type Wanted = Omit<Traffic, 'origin'>;
