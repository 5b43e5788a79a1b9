/** The switch of a clinic: where it stands, and every step but the line of the configuration. */
import { useState } from 'preact/hooks';
import { act, type Failure, type Reply, useRead } from '../api';
import { duration, t, told } from '../language';
import {
  Ask,
  Badge,
  ConnectionLink,
  Empty,
  Facts,
  Failed,
  Filters,
  mayAct,
  type Question,
  Said,
  Time,
  Waiting,
} from '../parts';
import { Link, query } from '../router';
import { type Job, JobList } from './jobs';
import { Review } from './review';
import { UndoCommands } from './undo';

interface Overview {
  clinics: readonly { name: string; vendor: string; mirror?: string }[];
  connections: readonly string[];
}

interface Status {
  clinic: string;
  vendor: string;
  mirror: string | null;
  connection: string | null;
  links: { linked: number; missing: number } | null;
  comparison: { finishedAt: string; complete: boolean; differences: number } | null;
  queue: { queued: number; running: number; dead: number };
  mirrorQueue: { queued: number; dead: number; lagSeconds: number };
  guard: { open: boolean; reasons: readonly { code: string; detail: string }[] };
  switchGuard: string;
  jobs: readonly Job[];
  /** Pairs that wait; null if nothing was suggested to the process that answers. */
  review: number | null;
}

const TASKS = ['check', 'suggest', 'rehearse', 'preview', 'copy', 'compare'] as const;

export function Switch() {
  const overview = useRead<Overview>('/switch', 30_000);
  const clinic = query.value.get('clinic') ?? '';
  const connection = query.value.get('connection') ?? '';
  return (
    <>
      <h1>{t('switch')}</h1>
      <p>{t('switchHelp')}</p>
      <Waiting read={overview} />
      {overview.data !== undefined && (
        <Filters
          button={t('show')}
          fields={[
            {
              name: 'clinic',
              label: t('clinic'),
              options: overview.data.clinics.map(
                ({ name, vendor }) => [name, `${name} (${vendor})`] as const,
              ),
            },
            {
              name: 'connection',
              label: t('to_connection'),
              // Nothing is chosen that the URL does not say.
              options: [
                ...(connection === '' ? [['', '–'] as const] : []),
                ...overview.data.connections.map((name) => [name, name] as const),
              ],
            },
          ]}
        />
      )}
      {clinic === '' ? (
        <Empty title={t('chooseSwitch')} />
      ) : (
        <OneClinic key={`${clinic} ${connection}`} clinic={clinic} connection={connection} />
      )}
    </>
  );
}

function OneClinic({ clinic, connection }: { clinic: string; connection: string }) {
  const asked = connection === '' ? '' : `?connection=${encodeURIComponent(connection)}`;
  const read = useRead<Status>(`/switch/${encodeURIComponent(clinic)}${asked}`, 2_000);
  const [reviewed, setReviewed] = useState(false);
  const work = useWork(clinic, read.again);
  const { data } = read;
  if (data === undefined) return <Waiting read={read} />;
  const to = data.connection;
  return (
    <>
      <State data={data} />
      {(to === null || to === data.vendor) && <Empty title={t('chooseConnection')} />}
      {to !== null && to !== data.vendor && <Steps data={data} to={to} work={work} />}
      {work.failure !== undefined && <Failed failure={work.failure} />}
      {work.question !== undefined && <Ask question={work.question} leave={work.leave} />}
      {to !== null && ((data.review ?? 0) > 0 || reviewed) && mayAct() && (
        // Also after the last pair: what became of it is told there.
        <Review
          clinic={clinic}
          connection={to}
          waiting={data.review ?? 0}
          again={() => {
            setReviewed(true);
            read.again();
          }}
        />
      )}
      {data.review === null && data.jobs.some((job) => isFound(job, to)) && <p>{t('reviewElsewhere')}</p>}
      <h2>{t('jobs')}</h2>
      {data.jobs.length === 0 && <p class="quiet">{t('noJobs')}</p>}
      <JobList clinic={clinic} jobs={data.jobs} again={read.again} resume={work.resume} />
    </>
  );
}

/** It has found pairs that somebody has to decide about. */
function isFound({ task, connection, state, result }: Job, to: string | null): boolean {
  const { accept = 0, review = 0 } = result?.counts ?? {};
  return task === 'suggest' && connection === to && state === 'done' && accept + review > 0;
}

/** Begins work, after a question if it writes. */
function useWork(clinic: string, again: () => void) {
  const [question, setQuestion] = useState<Question<Job> | undefined>();
  const [failure, setFailure] = useState<Failure | undefined>();
  const path = (task: string) => `/switch/${encodeURIComponent(clinic)}/${task}`;
  const told = (reply: Reply<Job>) => {
    setFailure(reply.ok ? undefined : reply.failure);
    again();
  };
  const begin = async (task: string, connection: string) =>
    told(await act<Job>('POST', path(task), { connection }));
  const askToCopy = (connection: string, overwrite: boolean) =>
    setQuestion({
      title: t(overwrite ? 'overwriteSure' : 'copySure', { clinic, to: connection }),
      help: t(overwrite ? 'overwriteHelp' : 'copyHelp'),
      more: <UndoCommands clinic={clinic} connection={connection} overwrite={overwrite} />,
      does: t(overwrite ? 'overwrite' : 'task_copy'),
      path: path('copy'),
      body: { connection, overwrite },
      done: told,
    });
  return {
    begin,
    askToCopy,
    resume: ({ task, connection, overwrite }: Job) =>
      task === 'copy' ? askToCopy(connection, overwrite === true) : void begin(task, connection),
    question,
    failure,
    leave: () => setQuestion(undefined),
  };
}

function State({ data }: { data: Status }) {
  // One thing after the other.
  const [reason] = data.guard.reasons;
  const { vendor, connection, mirror, links, comparison, queue, mirrorQueue, guard, switchGuard, clinic } =
    data;
  return (
    <Facts
      rows={[
        [t('at'), <ConnectionLink name={vendor} />],
        [t('to_connection'), connection ?? t('none')],
        [t('links'), links === null ? t('none') : t('linksText', { ...links })],
        [
          t('comparison'),
          comparison === null ? (
            t('none')
          ) : (
            <>
              <Time at={comparison.finishedAt} />, {t('differencesText', { count: comparison.differences })}
            </>
          ),
        ],
        [t('queue'), t('queueText', { ...queue })],
        [
          t('mirror'),
          mirror === null ? (
            t('none')
          ) : (
            <>
              <ConnectionLink name={mirror} />:{' '}
              {t('mirrorText', { ...mirrorQueue, lag: duration(mirrorQueue.lagSeconds) })}{' '}
              <Link to={`/deliveries?clinic=${encodeURIComponent(clinic)}`}>{t('deliveries')}</Link>
            </>
          ),
        ],
        [
          `${t('guard')} (${switchGuard})`,
          <>
            <Badge tone={guard.open ? 'good' : 'bad'}>{t(guard.open ? 'guardOpen' : 'guardClosed')}</Badge>
            <ul>
              {guard.reasons.map(({ code, detail }) => (
                <li key={code}>
                  <code>{code}</code>: {told(code, 'against_')} (<Said text={detail} />)
                </li>
              ))}
            </ul>
            {reason !== undefined && <p>{told(reason.code, 'guard_')}</p>}
          </>,
        ],
        ...(connection === null || connection === vendor
          ? []
          : [[t('theLine'), <TheLine clinic={clinic} connection={connection} />] as const]),
      ]}
    />
  );
}

function TheLine({ clinic, connection }: { clinic: string; connection: string }) {
  return (
    <>
      <code>{`clinics.${clinic}.vendor: ${connection}`}</code>{' '}
      <Link to="/configuration">{t('configuration')}</Link>
    </>
  );
}

function Steps({
  data: { clinic, jobs },
  to,
  work,
}: {
  data: Status;
  to: string;
  work: ReturnType<typeof useWork>;
}) {
  if (!mayAct()) return <p class="quiet">{t('viewerNote')}</p>;
  const busy = jobs.some(({ state }) => state === 'running');
  return (
    <>
      <h2>{t('steps')}</h2>
      <p class="buttons">
        {TASKS.map((task) => (
          <button
            key={task}
            type="button"
            disabled={busy}
            onClick={() => (task === 'copy' ? work.askToCopy(to, false) : void work.begin(task, to))}
          >
            {t(`task_${task}`)}
          </button>
        ))}
        <button type="button" disabled={busy} onClick={() => work.askToCopy(to, true)}>
          {t('overwrite')}
        </button>
      </p>
      <details>
        <summary>{t('undoTitle')}</summary>
        <UndoCommands clinic={clinic} connection={to} overwrite />
      </details>
    </>
  );
}
