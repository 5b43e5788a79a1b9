/** What two connections can hold, side by side, and what would be lost. */
import { useRead } from '../api';
import { t, told } from '../language';
import { Badge, Empty, Filters, Said, Waiting, Wide } from '../parts';
import { query } from '../router';

interface Held {
  write: boolean;
  clear: boolean;
  values?: readonly string[];
  reason?: string;
}

interface Comparison {
  a: { name: string; title: string };
  b: { name: string; title: string };
  connections: readonly string[];
  fields: readonly { pointer: string; a: Held; b: Held }[];
  lost: readonly { pointer: string; kind: string; names?: readonly string[]; reason?: string }[];
}

export function Capabilities() {
  const asked = query.value.toString();
  const read = useRead<Comparison>(`/capabilities${asked === '' ? '' : `?${asked}`}`, 30_000);
  return (
    <>
      <h1>{t('capabilities')}</h1>
      <Waiting read={read} />
      {read.data !== undefined && <Content data={read.data} />}
    </>
  );
}

function Content({ data: { a, b, connections, fields, lost } }: { data: Comparison }) {
  // What is compared stands first, also if the URL does not say it.
  const options = (first: string) =>
    [first, ...connections.filter((name) => name !== first)].map((name) => [name, name] as const);
  return (
    <>
      <Filters
        button={t('show')}
        fields={[
          { name: 'a', label: t('from'), options: options(a.name) },
          { name: 'b', label: t('to'), options: options(b.name) },
        ]}
      />
      <h2>{t('lost', { a: a.name, b: b.name })}</h2>
      {lost.length === 0 ? (
        <Empty title={t('nothingLost')} />
      ) : (
        <ul>
          {lost.map(({ pointer, kind, names = [], reason }) => (
            <li key={`${pointer} ${kind} ${names.join()}`}>
              <code>{pointer}</code> {names.join(', ')} {told(kind, 'lost_')}
              {reason !== undefined && (
                <>
                  : <Said text={reason} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      <h2>{t('fields')}</h2>
      <Wide label={t('fields')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('field')}</th>
              <th scope="col">{a.name}</th>
              <th scope="col">{b.name}</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <tr key={field.pointer}>
                <th scope="row">
                  <code>{field.pointer}</code>
                </th>
                <td>
                  <Cell held={field.a} />
                </td>
                <td>
                  <Cell held={field.b} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function Cell({ held: { write, clear, values, reason } }: { held: Held }) {
  return (
    <>
      <Badge tone={write ? 'good' : 'plain'}>{t(write ? 'holds' : 'holdsNot')}</Badge>
      {clear && ` ${t('clears')}`}
      {values !== undefined && ` (${values.join(', ')})`}
      {reason !== undefined && (
        <span class="quiet">
          {' '}
          <Said text={reason} />
        </span>
      )}
    </>
  );
}
