/** One staff member's story. */
import { useState } from 'preact/hooks';
import { type Reply, useRead } from '../api';
import { t } from '../language';
import { Ask, Badge, ConnectionLink, Empty, Failed, mayAct, type Question, Waiting } from '../parts';
import { go, Link } from '../router';
import { type Change, ChangeTable } from './changeTable';
import { type Delivery, DeliveryRow } from './deliveries';

interface Story {
  clinic: string;
  staffId: string;
  vendor: string;
  identity: 'linked' | 'direct';
  links: readonly { vendor: string; vendorRecordId: string; inUse: boolean }[];
  queue: readonly Delivery[];
  changes: readonly Change[];
}

export function Staff({ clinic = '', id = '' }: { clinic?: string; id?: string }) {
  return (
    <>
      <h1>{id === '' ? t('staff') : `${clinic}/${id}`}</h1>
      <form
        class="filters"
        key={`${clinic}/${id}`}
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const [one, other] = ['clinic', 'id'].map((name) =>
            encodeURIComponent(String(form.get(name) ?? '').trim()),
          );
          if (one !== '' && other !== '') go(`/staff/${one}/${other}`);
        }}
      >
        <div class="field">
          <label for="clinic">{t('clinic')}</label>
          <input id="clinic" name="clinic" defaultValue={clinic} required autocomplete="off" />
        </div>
        <div class="field">
          <label for="id">{t('staffId')}</label>
          <input id="id" name="id" defaultValue={id} required autocomplete="off" />
        </div>
        <button type="submit">{t('show')}</button>
      </form>
      {id === '' ? <Empty title={t('findStaff')} /> : <StoryOf clinic={clinic} id={id} />}
    </>
  );
}

function StoryOf({ clinic, id }: { clinic: string; id: string }) {
  const read = useRead<Story>(`/staff/${encodeURIComponent(clinic)}/${encodeURIComponent(id)}`);
  const { data } = read;
  if (data === undefined) return <Waiting read={read} />;
  return (
    <>
      <h2>{t('links')}</h2>
      {data.identity === 'direct' && <p>{t('direct')}</p>}
      {data.identity === 'linked' && data.links.length === 0 && <p>{t('noLinks')}</p>}
      <LinkList story={data} again={read.again} />
      <h2>{t('queue')}</h2>
      {data.queue.length === 0 && <p class="quiet">{t('noQueue')}</p>}
      <ul class="rows">
        {data.queue.map((row) => (
          <li key={row.id}>
            <DeliveryRow row={row} />
          </li>
        ))}
      </ul>
      <h2>{t('changes')}</h2>
      {data.changes.length === 0 ? (
        <p class="quiet">{t('noChanges')}</p>
      ) : (
        <ChangeTable rows={data.changes} />
      )}
    </>
  );
}

/** The links; one that is not in use can be taken away, so that a right one can be found in its place. */
function LinkList({ story, again }: { story: Story; again: () => void }) {
  const { clinic, staffId, vendor: at, links } = story;
  const [question, setQuestion] = useState<Question<unknown> | undefined>();
  const [removed, setRemoved] = useState<{ vendor: string; reply: Reply<unknown> } | undefined>();
  const ask = (vendor: string, vendorRecordId: string) =>
    setQuestion({
      title: t('unlinkSure', { id: staffId, record: vendorRecordId, name: vendor }),
      help: t('unlinkHelp'),
      does: t('unlink'),
      path: `/staff/${encodeURIComponent(clinic)}/${encodeURIComponent(staffId)}/unlink`,
      body: { vendor, vendorRecordId },
      done: (reply) => {
        setRemoved({ vendor, reply });
        again();
      },
    });
  return (
    <>
      <ul>
        {links.map(({ vendor, vendorRecordId, inUse }) => (
          <li key={vendor}>
            <ConnectionLink name={vendor} />: <code>{vendorRecordId}</code>{' '}
            {inUse && <Badge tone="good">{t('inUse')}</Badge>}
            {mayAct() && vendor !== at && (
              <button type="button" onClick={() => ask(vendor, vendorRecordId)}>
                {t('unlinkAt', { name: vendor })}
              </button>
            )}
          </li>
        ))}
      </ul>
      <div role="status">
        {removed?.reply.ok === true && (
          <p>
            {t('unlinked', { name: removed.vendor })}{' '}
            <Link to={`/switch?${new URLSearchParams({ clinic, connection: removed.vendor })}`}>
              {t('toSwitch', { clinic })}
            </Link>
          </p>
        )}
      </div>
      {removed?.reply.ok === false && <Failed failure={removed.reply.failure} />}
      {question !== undefined && <Ask question={question} leave={() => setQuestion(undefined)} />}
    </>
  );
}
