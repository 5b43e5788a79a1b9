/** The audit: filters in the URL, page by page, and an export of just that. */
import { useRead } from '../api';
import { t, told } from '../language';
import { Empty, Filters, Pages, Waiting } from '../parts';
import { query } from '../router';
import { type Change, ChangeTable } from './changeTable';

export function Changes() {
  const asked = query.value.toString();
  const read = useRead<readonly Change[]>(`/changes${asked === '' ? '' : `?${asked}`}`);
  const any = [['', t('any')] as const];
  const exported = new URLSearchParams(query.value);
  exported.delete('cursor');
  const exportUrl = (format: string) => {
    exported.set('format', format);
    return `/console/api/changes/export?${exported.toString()}`;
  };
  return (
    <>
      <h1>{t('changes')}</h1>
      <Filters
        button={t('filter')}
        fields={[
          { name: 'clinic', label: t('clinic') },
          {
            name: 'kind',
            label: t('kind'),
            options: [...any, ...(read.meta.kinds ?? []).map((kind) => [kind, told(kind, 'kind_')] as const)],
          },
          {
            name: 'outcome',
            label: t('outcome'),
            options: [
              ...any,
              ...(read.meta.outcomes ?? []).map((outcome) => [outcome, told(outcome, 'outcome_')] as const),
            ],
          },
          { name: 'staffId', label: t('staffId') },
          { name: 'caller', label: t('caller') },
          { name: 'since', label: t('from_time'), type: 'date' },
          { name: 'until', label: t('until'), type: 'date' },
        ]}
      />
      <p class="buttons">
        <a class="button" href={exportUrl('csv')} download>
          {t('exportCsv')}
        </a>
        <a class="button" href={exportUrl('ndjson')} download>
          {t('exportNdjson')}
        </a>
      </p>
      {read.data === undefined ? (
        <Waiting read={read} />
      ) : read.data.length === 0 ? (
        <Empty
          title={t(read.meta.nextCursor === undefined ? 'noChanges' : 'noChangesYet')}
          {...(read.meta.nextCursor !== undefined && { help: t('noChangesYetHelp') })}
        />
      ) : (
        <ChangeTable rows={read.data} />
      )}
      <Pages next={read.meta.nextCursor} />
    </>
  );
}
