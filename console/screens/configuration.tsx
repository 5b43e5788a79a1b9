/** The configuration in effect, and what became of each reading of the file. */
import { useState } from 'preact/hooks';
import { act, type Reply, useRead } from '../api';
import { t, told } from '../language';
import { Badge, Failed, mayAct, Said, Time, toneOf, Waiting, Wide } from '../parts';
import { Link } from '../router';

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
          {mayAct() && <Again looked={read.again} />}
          <h2>{t('reloads')}</h2>
          {data.reloads.length === 0 && <p class="quiet">{t('noReloads')}</p>}
          <ul class="rows">
            {data.reloads.map(({ at, outcome, lines, restartNeededFor }) => (
              <li key={at}>
                <div class="row">
                  <Time at={at} /> <Badge tone={toneOf(outcome)}>{told(outcome, 'reload_')}</Badge>
                  <ul>
                    {lines.map((line) => (
                      <li key={line}>
                        <Said text={line} /> <ToSwitch line={line} />
                      </li>
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

/** Reads the file again: what the guard had against it may be gone, and then nothing in the file changes. */
function Again({ looked }: { looked: () => void }) {
  const [busy, setBusy] = useState(false);
  const [reply, setReply] = useState<Reply<State> | undefined>();
  const run = async () => {
    setBusy(true);
    setReply(await act<State>('POST', '/configuration/reload', undefined));
    setBusy(false);
    looked();
  };
  return (
    <>
      <p>
        <button type="button" aria-disabled={busy} onClick={() => busy || void run()}>
          {t('readAgain')}
        </button>
      </p>
      <div role="status">
        {busy && <p>{t('checking')}</p>}
        {!busy && reply?.ok === true && <p>{t(reply.data.refused ? 'readRefused' : 'readTaken')}</p>}
      </div>
      {reply?.ok === false && <Failed failure={reply.failure} />}
    </>
  );
}

/** Where a move that was refused is made ready. A line begins with the key that it is about. */
function ToSwitch({ line }: { line: string }) {
  const [, clinic] = /^clinics\.([\w-]+)\.vendor: /.exec(line) ?? [];
  if (clinic === undefined) return null;
  const [, connection = ''] = / → ([\w-]+)/.exec(line) ?? [];
  const to = new URLSearchParams({ clinic, ...(connection !== '' && { connection }) });
  return <Link to={`/switch?${to}`}>{t('toSwitch', { clinic })}</Link>;
}
