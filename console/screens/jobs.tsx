/** Work that goes on in the gateway: how far it is, and what it has come to. */
import { act } from '../api';
import { t, told } from '../language';
import { Badge, mayAct, Said, StaffLink, Time, Wide } from '../parts';

interface Result {
  complete?: boolean;
  counts?: Readonly<Record<string, number>>;
  outcomes?: Readonly<Record<string, number>>;
  differences?: number;
  groups?: readonly {
    field: string;
    verdict: string;
    detail: string;
    count: number;
    staff: readonly string[];
  }[];
  codes?: readonly { list: string; code: string; count: number }[];
  missing?: readonly string[];
  notFound?: readonly { staffId: string; vendorRecordId: string }[];
  remark?: string;
  remarks?: readonly string[];
}

export interface Job {
  id: string;
  task: string;
  connection: string;
  /** Of a copy: also over other values. */
  overwrite?: true;
  by: string;
  state: 'running' | 'done' | 'failed' | 'stopped' | 'interrupted';
  startedAt: string;
  finishedAt?: string;
  step?: { name: string; done: number; total?: number };
  result?: Result;
  reason?: string;
}

export function JobList({
  clinic,
  jobs,
  again,
  resume,
}: {
  clinic: string;
  jobs: readonly Job[];
  again: () => void;
  /** Begins the same work again. */
  resume: (job: Job) => void;
}) {
  return (
    <ul class="rows">
      {jobs.map((job, index) => (
        <li key={job.id}>
          <div class="row">
            <strong>{job.overwrite === true ? t('overwrite') : told(job.task, 'task_')}</strong> →{' '}
            {job.connection}{' '}
            <Badge tone={job.state === 'done' ? 'good' : job.state === 'running' ? 'open' : 'bad'}>
              {t(`job_${job.state}`)}
            </Badge>{' '}
            <span class="quiet">
              <Time at={job.startedAt} />, {job.by}
            </span>
            {job.state === 'running' && <Progress job={job} />}
            {job.state === 'running' && mayAct() && (
              <button
                type="button"
                onClick={() =>
                  void act('POST', `/switch/${encodeURIComponent(clinic)}/stop`, { id: job.id }).then(again)
                }
              >
                {t('stop')}
              </button>
            )}
            {job.state === 'interrupted' && <p>{t('interruptedHelp')}</p>}
            {job.state === 'interrupted' && index === 0 && mayAct() && (
              <button type="button" onClick={() => resume(job)}>
                {t('resume')}
              </button>
            )}
            {job.reason !== undefined && (
              <p class="failure">
                <Said text={job.reason} />
              </p>
            )}
            {job.result !== undefined && <Outcome clinic={clinic} result={job.result} />}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Progress({ job: { step, task } }: { job: Job }) {
  if (step === undefined) return <p class="quiet">{t('loading')}</p>;
  const { name, done, total } = step;
  return (
    <p>
      <progress
        aria-label={told(task, 'task_')}
        max={total ?? 1}
        {...(total !== undefined && { value: done })}
      />
      {total === undefined
        ? `${stepWord(name)}: ${done}`
        : t('stepText', { name: stepWord(name), done, total })}
    </p>
  );
}

/** What a step of the work is called. */
function stepWord(name: string): string {
  if (name.startsWith('reading ')) return t('stepReading', { name: name.slice('reading '.length) });
  return told(name.startsWith('waiting ') ? 'waiting' : name, 'step_');
}

function Outcome({ clinic, result }: { clinic: string; result: Result }) {
  const {
    counts = {},
    outcomes = {},
    groups = [],
    codes = [],
    missing = [],
    notFound = [],
    remark,
    remarks = [],
  } = result;
  const numbers = [...Object.entries(counts), ...Object.entries(outcomes)].filter(([, count]) => count > 0);
  const lines = [
    ...(remark === undefined ? [] : [remark]),
    ...remarks,
    ...(missing.length > 0 ? [t('missingThere')] : []),
    ...codes.map(({ list, code, count }) => `codes.${list}: ${code} (${count})`),
  ];
  return (
    <>
      <p>
        {numbers.length === 0
          ? t('nothingFound')
          : numbers.map(([name, count]) => `${told(name, 'verdict_')}: ${count}`).join(', ')}
      </p>
      {lines.length > 0 && (
        <ul>
          {lines.map((line) => (
            <li key={line}>
              <Said text={line} />
            </li>
          ))}
        </ul>
      )}
      {missing.length > 0 && (
        <ul>
          {missing.map((staffId) => (
            <li key={staffId}>
              <StaffLink clinic={clinic} id={staffId} />
            </li>
          ))}
        </ul>
      )}
      {notFound.length > 0 && (
        <>
          <p>{t('notFoundThere')}</p>
          <ul>
            {notFound.map(({ staffId, vendorRecordId }) => (
              <li key={staffId}>
                <StaffLink clinic={clinic} id={staffId} /> → <code>{vendorRecordId}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {groups.length > 0 && (
        <details>
          <summary>{t('details')}</summary>
          <Wide label={t('details')}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('count')}</th>
                  <th scope="col">{t('field')}</th>
                  <th scope="col">{t('verdict')}</th>
                  <th scope="col">{t('details')}</th>
                  <th scope="col">{t('whom')}</th>
                </tr>
              </thead>
              <tbody>
                {groups.map(({ field, verdict, detail, count, staff }) => (
                  <tr key={`${field} ${verdict} ${detail}`}>
                    <td>{count}</td>
                    <td>
                      <code>{field === '' ? '/' : field}</code>
                    </td>
                    <td>{told(verdict, 'verdict_')}</td>
                    <td>
                      <Said text={detail} />
                    </td>
                    <td>
                      {staff.map((id) => (
                        <span key={id}>
                          <StaffLink clinic={clinic} id={id} />{' '}
                        </span>
                      ))}
                      {count > staff.length && '…'}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Wide>
        </details>
      )}
    </>
  );
}
