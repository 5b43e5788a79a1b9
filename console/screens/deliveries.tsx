/** Deliveries: find them, choose exactly those that are meant, retry or discard them. */
import { useState } from 'preact/hooks';
import { type Reply, useRead } from '../api';
import { t, told } from '../language';
import {
  Ask,
  Badge,
  Empty,
  Failed,
  Filters,
  mayAct,
  Pages,
  type Question,
  Said,
  statusWord,
  Time,
  toneOf,
  Waiting,
} from '../parts';
import { Link, query } from '../router';

export interface Delivery {
  id: string;
  clinic: string;
  staffId: string;
  status: string;
  attempts: number;
  createdAt: string;
  lastError?: { code: string; detail: string };
  fields: readonly string[];
  waitsFor?: { kind: string; until?: string; id?: string };
  /** The connection that it goes to. */
  connection?: string;
  /** The mirror that it is for; absent for what a caller has sent. */
  mirror?: string;
}

export interface Redriven {
  done: number;
  failed: number;
  results: readonly { id: string; result: string }[];
}

const STATUSES = ['', 'dead', 'unclear', 'queued', 'running', 'failed', 'succeeded'];

export function Deliveries() {
  const asked = query.value.toString();
  const read = useRead<readonly Delivery[]>(`/deliveries${asked === '' ? '' : `?${asked}`}`);
  const { counts = {}, nextCursor } = read.meta;
  // Here, because what was decided about may leave nothing behind that could say so.
  const [reply, setReply] = useState<Reply<Redriven> | undefined>();
  const statuses = STATUSES.map((status) => {
    const count = counts[status];
    const text = status === '' ? t('ofInterest') : statusWord(status);
    return [status, count === undefined ? text : `${text} (${count})`] as const;
  });
  return (
    <>
      <h1>{t('deliveries')}</h1>
      <Filters
        button={t('filter')}
        fields={[
          { name: 'status', label: t('status'), options: statuses },
          { name: 'clinic', label: t('clinic') },
          { name: 'staffId', label: t('staffId') },
        ]}
      />
      <div role="status">{reply !== undefined && <Outcome reply={reply} />}</div>
      {read.data === undefined ? (
        <Waiting read={read} />
      ) : read.data.length === 0 ? (
        <Empty title={t('noDeliveries')} help={t('noDeliveriesHelp')} />
      ) : (
        <Chooser key={asked} rows={read.data} again={read.again} tell={setReply} />
      )}
      <Pages next={nextCursor} />
    </>
  );
}

interface ChooserProps {
  rows: readonly Delivery[];
  again: () => void;
  tell: Tell;
}

function Chooser({ rows, again, tell }: ChooserProps) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  // What has left the page, or cannot be decided about any more, is not chosen.
  const open = rows.filter(isOpen);
  const ids = open.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const toggle = (id: string) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <>
      {mayAct() && open.length > 0 && (
        <p class="choosing">
          <label class="check">
            <input
              type="checkbox"
              checked={ids.length === open.length}
              onChange={() => setChosen(new Set(ids.length === open.length ? [] : open.map(({ id }) => id)))}
            />
            {t('chooseAll')}
          </label>
          <span role="status">{t('chosen', { count: ids.length })}</span>
        </p>
      )}
      {!mayAct() && <p class="quiet">{t('viewerNote')}</p>}
      {mayAct() && open.length > 0 && (
        <Decide
          retry={open.filter(({ id, status }) => status === 'dead' && ids.includes(id)).map(({ id }) => id)}
          discard={ids}
          tell={tell}
          after={() => {
            setChosen(new Set());
            again();
          }}
        />
      )}
      <ul class="rows">
        {rows.map((row) => (
          <li key={row.id}>
            {mayAct() && isOpen(row) && (
              <input
                type="checkbox"
                aria-label={t('choose', { id: `${row.clinic}/${row.staffId}` })}
                checked={chosen.has(row.id)}
                onChange={() => toggle(row.id)}
              />
            )}
            <DeliveryRow row={row} />
          </li>
        ))}
      </ul>
    </>
  );
}

function isOpen({ status }: Delivery): boolean {
  return status === 'dead' || status === 'queued';
}

export function DeliveryRow({ row }: { row: Delivery }) {
  const { id, clinic, staffId, status, attempts, createdAt, lastError, fields, waitsFor } = row;
  const { connection, mirror } = row;
  return (
    <div class="row">
      <Link to={`/deliveries/${id}`}>
        {clinic}/{staffId}
      </Link>{' '}
      <Badge tone={toneOf(status)}>{statusWord(status)}</Badge>{' '}
      {mirror !== undefined && (
        <Badge tone="plain">
          {t('mirror')}: {mirror}
        </Badge>
      )}{' '}
      <span class="quiet">
        <Time at={createdAt} /> · {t('attempts')}: {attempts}
        {connection !== undefined && mirror === undefined && ` · ${t('vendor')}: ${connection}`}
      </span>
      {lastError !== undefined && (
        <p>
          <code>{lastError.code}</code> <Said text={lastError.detail} />
        </p>
      )}
      <p class="quiet">
        {fields.length > 0 && `${t('changesFields')} ${fields.join(', ')}`}
        {waitsFor !== undefined && (
          <>
            {fields.length > 0 && ' · '}
            {told(waitsFor.kind, 'waits_')} {waitsFor.until !== undefined && <Time at={waitsFor.until} />}
          </>
        )}
      </p>
    </div>
  );
}

interface DecideProps {
  retry: readonly string[];
  discard: readonly string[];
  after: () => void;
  tell: Tell;
}

/** Takes what became of an act, or nothing while another one is asked for. */
type Tell = (reply: Reply<Redriven> | undefined) => void;

/** The two buttons and the question. */
export function Decide({ retry, discard, after, tell }: DecideProps) {
  const [question, setQuestion] = useState<Question<Redriven> | undefined>();
  const ask = (kind: 'retry' | 'discard', ids: readonly string[]) => () => {
    tell(undefined);
    setQuestion({
      title: t(kind === 'retry' ? 'retrySure' : 'discardSure', { count: ids.length }),
      help: t(kind === 'retry' ? 'retryHelp' : 'discardHelp', { count: ids.length }),
      does: `${t(kind)} (${ids.length})`,
      path: `/deliveries/${kind}`,
      body: { ids },
      done: (answer) => {
        tell(answer);
        after();
      },
    });
  };
  return (
    <>
      <p class="buttons">
        <button type="button" disabled={retry.length === 0} onClick={ask('retry', retry)}>
          {t('retry')} ({retry.length})
        </button>
        <button type="button" disabled={discard.length === 0} onClick={ask('discard', discard)}>
          {t('discard')} ({discard.length})
        </button>
      </p>
      {question !== undefined && <Ask question={question} leave={() => setQuestion(undefined)} />}
    </>
  );
}

/** What became of each. */
export function Outcome({ reply }: { reply: Reply<Redriven> }) {
  if (!reply.ok) return <Failed failure={reply.failure} />;
  const { done, failed, results } = reply.data;
  const others = results.filter(({ result }) => result !== 'done');
  return (
    <>
      <p>
        {t('doneOf', { done, failed })} {done > 0 && t('doneThen')}
      </p>
      <ul>
        {others.map(({ id, result }) => (
          <li key={id}>
            <code>{id}</code>: {told(result, 'result_')}
          </li>
        ))}
      </ul>
    </>
  );
}
