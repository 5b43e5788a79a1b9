/** The configuration in effect, and what became of each reading of the file. */
import { useRead } from '../api';
import { t, told } from '../language';
import { Badge, Time, toneOf, Waiting, Wide } from '../parts';

interface State {
  config: unknown;
  refused: boolean;
  reloads: readonly {
    at: string;
    outcome: string;
    lines: readonly string[];
    restartNeededFor: readonly string[];
  }[];
}

export function Configuration() {
  const read = useRead<State>('/configuration');
  const { data } = read;
  return (
    <>
      <h1>{t('configuration')}</h1>
      <Waiting read={read} />
      {data !== undefined && (
        <>
          {data.refused && <p role="alert">{t('now_config_refused')}</p>}
          <h2>{t('reloads')}</h2>
          {data.reloads.length === 0 && <p class="quiet">{t('noReloads')}</p>}
          <ul class="rows">
            {data.reloads.map(({ at, outcome, lines, restartNeededFor }) => (
              <li key={at}>
                <div class="row">
                  <Time at={at} /> <Badge tone={toneOf(outcome)}>{told(outcome, 'reload_')}</Badge>
                  <ul>
                    {lines.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                  {restartNeededFor.length > 0 && (
                    <p>{t('restart', { keys: restartNeededFor.join(', ') })}</p>
                  )}
                </div>
              </li>
            ))}
          </ul>
          <h2>{t('inEffect')}</h2>
          <Wide label={t('inEffect')}>
            <pre>{JSON.stringify(data.config, null, 2)}</pre>
          </Wide>
        </>
      )}
    </>
  );
}
