/** Rows of the audit. */
import { t, told } from '../language';
import { Badge, Time, toneOf, Wide } from '../parts';
import { Link } from '../router';

export interface Change {
  sequence: number;
  at: string;
  kind: string;
  clinic: string;
  staffId: string;
  caller: string;
  vendor: string;
  outcome: string;
  code: string | null;
  fields: readonly { pointer: string; outcome: string }[];
  detail?: Readonly<Record<string, string | number | boolean>>;
}

export function ChangeTable({ rows }: { rows: readonly Change[] }) {
  return (
    <Wide label={t('audit')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('when')}</th>
            <th scope="col">{t('kind')}</th>
            <th scope="col">{t('staffId')}</th>
            <th scope="col">{t('who')}</th>
            <th scope="col">{t('vendor')}</th>
            <th scope="col">{t('outcome')}</th>
            <th scope="col">{t('details')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.sequence}>
              <td>
                <Time at={row.at} />
              </td>
              <td>{told(row.kind, 'kind_')}</td>
              <td>
                {row.staffId !== '' && row.clinic !== '' ? (
                  <Link to={`/staff/${encodeURIComponent(row.clinic)}/${encodeURIComponent(row.staffId)}`}>
                    {row.clinic}/{row.staffId}
                  </Link>
                ) : (
                  row.clinic
                )}
              </td>
              <td>{row.caller}</td>
              <td>{row.vendor}</td>
              <td>
                <Badge tone={toneOf(row.outcome)}>{told(row.outcome, 'outcome_')}</Badge> {row.code}
              </td>
              <td>
                {row.fields.map(({ pointer, outcome }) => `${pointer} ${told(outcome, 'field_')}`).join(', ')}
                {Object.entries(row.detail ?? {})
                  .map(([name, value]) => ` ${name}: ${value}`)
                  .join(',')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
