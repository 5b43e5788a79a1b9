/** What needs a person, the most urgent first. */
import { useRead } from '../api';
import { duration, t, told } from '../language';
import { Badge, Empty, Time, Waiting } from '../parts';
import { Link } from '../router';
import type { Word } from '../words/index';

interface Item {
  kind: string;
  urgency: 'act' | 'look';
  count?: number;
  name?: string;
  since?: string;
  detail?: string;
  screen: string;
}

export function Now() {
  const read = useRead<{ items: readonly Item[] }>('/now');
  return (
    <>
      <h1>{t('now')}</h1>
      <Waiting read={read} />
      {read.data?.items.length === 0 && <Empty title={t('nothingNow')} help={t('nothingNowHelp')} />}
      <ul class="cards">
        {read.data?.items.map((item) => (
          <li key={`${item.kind} ${item.name ?? ''}`} class="card">
            <Badge tone={item.urgency === 'act' ? 'bad' : 'open'}>
              {t(item.urgency === 'act' ? 'needsAct' : 'needsLook')}
            </Badge>
            <p>
              {t(wordOf(item), { ...item, ...inWords(item) })}
              {item.since !== undefined && (
                <>
                  {' '}
                  {t('since')} <Time at={item.since} />
                </>
              )}
            </p>
            <Link to={item.screen} class="button">
              {t('show')}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function wordOf({ kind, urgency, detail }: Item): Word {
  if (kind === 'dead' && detail !== undefined) return 'now_dead_because';
  if (kind === 'mirror' && urgency === 'act') return 'now_mirror_dead';
  return `now_${kind}` as Word;
}

/** What the gateway names by a code, or tells in seconds. */
function inWords({ kind, detail = '' }: Item): Readonly<Record<string, string>> {
  if (kind === 'breaker') return { detail: told(detail, 'failure_') };
  if (kind === 'mirror') return { lag: duration(Number(detail)) };
  return { task: told(detail, 'task_') };
}
