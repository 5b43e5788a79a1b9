/** What needs a person now, the most urgent first, each with the screen that shows it. */
import type { Reload } from '../runtime/follow';
import type { StoredChange } from '../store/changes';
import { queuesOf } from '../store/evidence';
import { countOperations, type ListedOperation, pageOfOperations } from '../store/operationList';
import type { StoredJob } from '../store/switchJob';
import { expiringCertificates } from './certificates';
import { shownDelivery } from './deliveries';
import { type ConsoleParts, type Route, route } from './route';

interface Item {
  kind:
    | 'dead'
    | 'unclear'
    | 'unknown_outcome'
    | 'breaker'
    | 'config_refused'
    | 'certificate_refused'
    | 'certificate_expires'
    | 'store'
    | 'late'
    | 'drift'
    | 'mirror'
    | 'job'
    | 'job_interrupted';
  urgency: 'act' | 'look';
  count?: number;
  /** A connection, or a clinic. */
  name?: string;
  /** ISO 8601: since when. */
  since?: string;
  /** A problem code, or names. */
  detail?: string;
  /** Where it is shown: a path below `/console`. */
  screen: string;
}

const DAY_MS = 86_400_000;
/** A queue whose oldest update waits for longer than this is late. */
const LATE_MS = 5 * 60_000;
const FEW = 20;

const show = route({
  method: 'GET',
  path: '/now',
  access: 'viewer',
  summary: 'What needs a person: the most urgent first.',
  work: async ({ parts }) => {
    const [expiring, queue, mirrors, unknown, jobs, health] = await Promise.all([
      expiringCertificates(parts.runtime.current.config, parts.now()),
      queueItems(parts),
      mirrorItems(parts),
      unknownOutcomes(parts),
      parts.jobs.open(),
      parts.health(),
    ]);
    const items = [
      ...(health.checks.store === 'failed' ? [{ kind: 'store', urgency: 'act', screen: '/' } as const] : []),
      ...queue,
      ...mirrors,
      ...unknown,
      ...breakers(parts),
      ...refusals(parts),
      ...expiring.map(
        ({ section, until }): Item => ({
          ...{ kind: 'certificate_expires', urgency: 'look', name: section, detail: until.slice(0, 10) },
          screen: '/configuration',
        }),
      ),
      ...drift(parts),
      ...jobs.map(jobItem),
    ].sort((a, b) => a.urgency.localeCompare(b.urgency));
    return { body: { data: { items, vendors: health.vendors, process: health.checks.process } } };
  },
});

async function queueItems({ runtime, database, cipher, now }: ConsoleParts): Promise<Item[]> {
  const counts = await countOperations(database);
  const { dead = 0, unclear = 0, queued = 0 } = counts;
  const {
    operations: [first],
  } = await pageOfOperations(database, { statuses: ['dead'] }, 1, { cipher });
  const oldest = queued === 0 ? undefined : await oldestQueued(database);
  const isLate = oldest !== undefined && now().getTime() - Date.parse(oldest) > LATE_MS;
  return [
    ...(dead === 0
      ? []
      : [
          {
            kind: 'dead' as const,
            urgency: 'act' as const,
            count: dead,
            ...(first?.lastError !== undefined && { detail: first.lastError.code }),
            ...(first !== undefined && nameOf(first, runtime)),
            screen: '/deliveries?status=dead',
          },
        ]),
    ...(unclear === 0
      ? []
      : [
          {
            kind: 'unclear' as const,
            urgency: 'look' as const,
            count: unclear,
            screen: '/deliveries?status=unclear',
          },
        ]),
    ...(isLate
      ? [
          {
            kind: 'late' as const,
            urgency: 'look' as const,
            count: queued,
            since: oldest,
            screen: '/deliveries?status=queued',
          },
        ]
      : []),
  ];
}

function nameOf(operation: ListedOperation, runtime: ConsoleParts['runtime']): { name?: string } {
  const { connection: name } = shownDelivery(operation, runtime);
  return name === undefined ? {} : { name };
}

async function oldestQueued({ db }: ConsoleParts['database']): Promise<string | undefined> {
  const row = await db
    .selectFrom('operations')
    .select('created_at')
    .where('status', '=', 'queued')
    .where('finished_at', 'is', null)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

/** Mirrors that are behind, or that lack an update which nobody could deliver there. */
async function mirrorItems({ runtime, database }: ConsoleParts): Promise<Item[]> {
  const mirrored = [...runtime.current.clinics].filter(([, { mirror }]) => mirror !== undefined);
  const found = await Promise.all(
    mirrored.map(async ([name, { mirror: connection }]): Promise<Item[]> => {
      const { mirrorQueue } = await queuesOf(database, name);
      const { dead, queued, lagSeconds } = mirrorQueue;
      if (dead === 0 && lagSeconds * 1000 <= LATE_MS) return [];
      const screen = `/switch?clinic=${encodeURIComponent(name)}&connection=${encodeURIComponent(connection ?? '')}`;
      const detail = String(lagSeconds);
      return [
        { kind: 'mirror', urgency: dead > 0 ? 'act' : 'look', name, count: dead + queued, detail, screen },
      ];
    }),
  );
  return found.flat();
}

/** Updates whose callers were told that nobody knows, of the last day. */
async function unknownOutcomes({ runtime, changes, now }: ConsoleParts): Promise<Item[]> {
  const since = new Date(now().getTime() - DAY_MS).toISOString();
  const perClinic = await Promise.all(
    [...runtime.current.clinics.keys()].map(async (clinic): Promise<Item[]> => {
      const rows = await changes.list({ clinic, kind: 'update', outcome: 'unknown' }, FEW);
      const recent = rows.filter(({ at }) => at >= since);
      return recent.length === 0 ? [] : [unknownItem(clinic, recent)];
    }),
  );
  return perClinic.flat();
}

function unknownItem(clinic: string, rows: readonly StoredChange[]): Item {
  const screen = `/changes?clinic=${encodeURIComponent(clinic)}&kind=update&outcome=unknown`;
  const since = rows.at(-1)?.at;
  return {
    kind: 'unknown_outcome',
    urgency: 'look',
    name: clinic,
    count: rows.length,
    ...(since !== undefined && { since }),
    screen,
  };
}

function breakers({ runtime, observer }: ConsoleParts): Item[] {
  return Object.entries(runtime.breakers())
    .filter(([, state]) => state !== 'closed')
    .map(([name]) => {
      const pause = observer.pauseOf(name);
      return {
        kind: 'breaker',
        urgency: 'act',
        name,
        ...(pause !== undefined && { since: pause.since.toISOString(), detail: pause.kind }),
        screen: connectionScreen(name),
      };
    });
}

function refusals({ following }: ConsoleParts): Item[] {
  const state = following();
  const last: Reload | undefined = state?.reloads.find(({ outcome }) => outcome === 'refused');
  return [
    ...(state?.configRefused === true
      ? [
          {
            kind: 'config_refused' as const,
            urgency: 'act' as const,
            ...(last !== undefined && { since: last.at, count: last.lines.length }),
            screen: '/configuration',
          },
        ]
      : []),
    ...(state?.certificateRefused === true
      ? [{ kind: 'certificate_refused' as const, urgency: 'act' as const, screen: '/configuration' }]
      : []),
  ];
}

function drift({ runtime, observer }: ConsoleParts): Item[] {
  return [...runtime.current.connections.keys()].flatMap((name): Item[] => {
    const names = observer.driftAt(name).flatMap((note) => note.names);
    return names.length === 0
      ? []
      : [
          {
            kind: 'drift',
            urgency: 'look',
            name,
            count: names.length,
            detail: names.slice(0, 5).join(', '),
            screen: connectionScreen(name),
          },
        ];
  });
}

/** Only a copy that was interrupted leaves something undone that somebody has begun. */
function jobItem({ clinic, connection, task, state, finishedAt }: StoredJob): Item {
  const where = new URLSearchParams({ clinic, connection });
  return {
    kind: state === 'running' ? 'job' : 'job_interrupted',
    urgency: state === 'interrupted' && task === 'copy' ? 'act' : 'look',
    name: clinic,
    detail: task,
    ...(finishedAt !== undefined && { since: finishedAt }),
    screen: `/switch?${where}`,
  };
}

function connectionScreen(name: string): string {
  return `/connections#connection-${encodeURIComponent(name)}`;
}

export const NOW_ROUTES: readonly Route[] = [show];
