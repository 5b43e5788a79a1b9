/** One delivery whole: what it is about, every attempt, and what can be done. */
import { useState } from 'preact/hooks';
import { type Reply, useRead } from '../api';
import { meaningOf, t, told } from '../language';
import {
  Badge,
  ConnectionLink,
  Facts,
  mayAct,
  Said,
  statusWord,
  Time,
  toneOf,
  Waiting,
  Wide,
} from '../parts';
import { Link } from '../router';
import { Decide, type Delivery, Outcome, type Redriven } from './deliveries';

interface Attempt {
  number: number;
  startedAt: string;
  finishedAt?: string;
  outcome?: string;
  code?: string;
  detail?: string;
}

type Whole = Omit<Delivery, 'attempts'> & {
  attempts: readonly Attempt[];
  caller: string;
  requestId: string;
  meaning?: string;
  mayRetry: boolean;
  mayDiscard: boolean;
};

export function DeliveryScreen({ id }: { id: string }) {
  const read = useRead<Whole>(`/deliveries/${encodeURIComponent(id)}`);
  const { data } = read;
  return (
    <>
      <h1>{data === undefined ? t('deliveries') : `${data.clinic}/${data.staffId}`}</h1>
      <Waiting read={read} />
      {data !== undefined && <Content data={data} again={read.again} />}
    </>
  );
}

function Content({ data, again }: { data: Whole; again: () => void }) {
  const { id, status, lastError, meaning, fields, waitsFor, createdAt, caller, requestId } = data;
  const { clinic, staffId, connection } = data;
  const [reply, setReply] = useState<Reply<Redriven> | undefined>();
  const means = (lastError && meaningOf(lastError.code)) ?? meaning;
  return (
    <>
      <Facts
        rows={[
          [t('status'), <Badge tone={toneOf(status)}>{statusWord(status)}</Badge>],
          ...(lastError === undefined
            ? []
            : [
                [
                  t('lastError'),
                  <>
                    <code>{lastError.code}</code> <Said text={lastError.detail} />
                  </>,
                ] as const,
              ]),
          ...(means === undefined ? [] : [[t('meaning'), <Said text={means} />] as const]),
          ...(connection === undefined ? [] : [[t('vendor'), <ConnectionLink name={connection} />] as const]),
          ...(waitsFor === undefined ? [] : [[t('next'), told(waitsFor.kind, 'waits_')] as const]),
          [t('changesFields'), fields.length === 0 ? t('none') : fields.join(', ')],
          [t('created'), <Time at={createdAt} />],
          [t('caller'), `${caller}, ${requestId}`],
          ['id', <code>{id}</code>],
        ]}
      />
      {mayAct() ? (
        <Decide
          retry={data.mayRetry ? [id] : []}
          discard={data.mayDiscard ? [id] : []}
          after={again}
          tell={setReply}
        />
      ) : (
        <p class="quiet">{t('viewerNote')}</p>
      )}
      <div role="status">{reply !== undefined && <Outcome reply={reply} />}</div>
      <h2>{t('attempts')}</h2>
      {data.attempts.length === 0 ? (
        <p class="quiet">{t('none')}</p>
      ) : (
        <Wide label={t('attempts')}>
          <table>
            <thead>
              <tr>
                <th scope="col">#</th>
                <th scope="col">{t('when')}</th>
                <th scope="col">{t('outcome')}</th>
                <th scope="col">{t('code')}</th>
                <th scope="col">{t('details')}</th>
              </tr>
            </thead>
            <tbody>
              {data.attempts.map((attempt) => (
                <tr key={attempt.number}>
                  <td>{attempt.number}</td>
                  <td>
                    <Time at={attempt.startedAt} />
                  </td>
                  <td>{attempt.outcome === undefined ? '–' : told(attempt.outcome, 'attempt_')}</td>
                  <td>{attempt.code ?? '–'}</td>
                  <td>{attempt.detail === undefined ? '–' : <Said text={attempt.detail} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      <p>
        <Link to={`/staff/${encodeURIComponent(clinic)}/${encodeURIComponent(staffId)}`} class="button">
          {t('theirStory')}
        </Link>
      </p>
    </>
  );
}
