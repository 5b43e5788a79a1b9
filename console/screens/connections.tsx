/** The vendor connections, and the doctor on demand. */
import { useEffect, useState } from 'preact/hooks';
import { act, type Reply, useRead } from '../api';
import { t, told } from '../language';
import { Badge, Facts, Failed, mayAct, Said, Time, toneOf, Waiting, Wide } from '../parts';
import { decoded } from '../router';

interface Connection {
  name: string;
  adapter: string;
  title: string;
  baseUrl: string;
  breaker: { state: string; since?: string; kind?: string };
  load: { inFlight: number; waiting: number };
  limits: {
    timeoutMs: number;
    maxConcurrent: number;
    maxQueued: number;
    rateLimit?: { requests: number; perSeconds: number };
  };
  drift: readonly { kind: string; names: readonly string[] }[];
  clinics: readonly string[];
  /** Clinics of which it is the mirror. */
  mirrors: readonly string[];
}

interface Examined {
  passed: boolean;
  checks: readonly { check: string; result: string; detail: string }[];
}

export function Connections() {
  const read = useRead<readonly Connection[]>('/connections');
  const isThere = read.data !== undefined;
  useEffect(() => {
    // The one that a link has meant.
    const wanted = location.hash.slice(1);
    if (isThere) document.getElementById(decoded(wanted))?.scrollIntoView();
  }, [isThere]);
  return (
    <>
      <h1>{t('connections')}</h1>
      <Waiting read={read} />
      {read.data?.map((connection) => (
        <One key={connection.name} connection={connection} />
      ))}
    </>
  );
}

function One({ connection }: { connection: Connection }) {
  const { name, title, baseUrl, breaker, load, limits, drift, clinics, mirrors } = connection;
  const users = [...clinics, ...mirrors.map((clinic) => `${clinic} (${t('mirror')})`)];
  const { maxConcurrent, maxQueued, timeoutMs, rateLimit } = limits;
  return (
    <section class="card" aria-labelledby={`connection-${name}`}>
      <h2 id={`connection-${name}`}>{name}</h2>
      <p class="quiet">
        {title}, {baseUrl}
      </p>
      <Facts
        rows={[
          [
            t('breaker'),
            <>
              <Badge tone={toneOf(breaker.state)}>{told(breaker.state)}</Badge>{' '}
              {breaker.kind !== undefined && told(breaker.kind, 'failure_')}{' '}
              {breaker.since !== undefined && (
                <>
                  {t('since')} <Time at={breaker.since} />
                </>
              )}
            </>,
          ],
          [t('usedBy'), users.length === 0 ? t('none') : users.join(', ')],
          [t('load'), t('loadText', { ...load })],
          [
            t('limits'),
            [
              t('limitsText', { maxConcurrent, maxQueued, timeoutMs }),
              ...(rateLimit === undefined ? [] : [t('rateText', { ...rateLimit })]),
            ].join(', '),
          ],
          [
            t('drift'),
            drift.length === 0
              ? t('none')
              : drift.map(({ kind, names }) => `${told(kind)}: ${names.join(', ')}`).join('; '),
          ],
        ]}
      />
      {breaker.state !== 'closed' && <p>{t('pausedHelp')}</p>}
      {mayAct() && <Doctor name={name} />}
    </section>
  );
}

function Doctor({ name }: { name: string }) {
  const [busy, setBusy] = useState(false);
  const [reply, setReply] = useState<Reply<Examined> | undefined>();
  const examine = async () => {
    setBusy(true);
    setReply(await act<Examined>('POST', `/connections/${encodeURIComponent(name)}/doctor`, undefined));
    setBusy(false);
  };
  return (
    <>
      <button type="button" aria-disabled={busy} onClick={() => busy || void examine()}>
        {t('doctor', { name })}
      </button>
      <div role="status">
        {busy && <p>{t('checking')}</p>}
        {!busy && reply?.ok === true && <p>{t(reply.data.passed ? 'passed' : 'notPassed')}</p>}
      </div>
      {reply?.ok === false && <Failed failure={reply.failure} />}
      {!busy && reply?.ok === true && (
        <Wide label={t('doctor', { name })}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('check')}</th>
                <th scope="col">{t('result')}</th>
                <th scope="col">{t('details')}</th>
              </tr>
            </thead>
            <tbody>
              {reply.data.checks.map(({ check, result, detail }) => (
                <tr key={check}>
                  <td>{told(check, 'check_')}</td>
                  <td>
                    <Badge tone={toneOf(result)}>
                      {result === 'failed' ? t('failedCheck') : told(result)}
                    </Badge>
                  </td>
                  <td>
                    <Said text={detail} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </>
  );
}
