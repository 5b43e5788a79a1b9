/** Who is the same person: pair by pair, by mouse or by keyboard. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { act, type Failure, type Reply } from '../api';
import { t, told as word } from '../language';
import { Ask, Failed, type Question, Said, Wide } from '../parts';

type Evidence = Readonly<Record<string, string>>;

interface Pair {
  staffId: string;
  vendorRecordId: string;
  confidence: number;
  reasons: readonly string[];
  here: Evidence;
  there: Evidence;
}

interface Waiting {
  rows: readonly Pair[];
  left: number;
  sure: readonly { staffId: string; vendorRecordId: string }[];
}

interface Decided {
  accepted: number;
  rejected: number;
  failed: number;
}

/** Pairs that are accepted by one act. */
const MOST_AT_ONCE = 200;

interface ReviewProps {
  clinic: string;
  connection: string;
  waiting: number;
  again: () => void;
}

export function Review({ clinic, connection, waiting, again }: ReviewProps) {
  const path = `/switch/${encodeURIComponent(clinic)}`;
  const [open, setOpen] = useState<Waiting | undefined>();
  const [failure, setFailure] = useState<Failure | undefined>();
  const [decided, setDecided] = useState<Decided | undefined>();
  const [question, setQuestion] = useState<Question<Decided> | undefined>();
  const first = useRef<HTMLDivElement>(null);
  const look = async () => {
    const reply = await act<Waiting>('POST', `${path}/review`, { connection });
    setFailure(reply.ok ? undefined : reply.failure);
    if (reply.ok) setOpen(reply.data);
  };
  const told = (reply: Reply<Decided>) => {
    setFailure(reply.ok ? undefined : reply.failure);
    // All of this review: the last one alone would hide those before it.
    if (reply.ok) setDecided((before) => (before === undefined ? reply.data : sum(before, reply.data)));
    again();
  };
  const decide = async (pair: Pair, decision: 'accept' | 'reject') => {
    const { staffId, vendorRecordId } = pair;
    const rest = open?.rows.filter((one) => one !== pair) ?? [];
    // At once, so that the next one has the focus. Looking anew meanwhile could bring back what is just being decided.
    setOpen((before) => before && { ...before, rows: rest, left: before.left - 1 });
    const decisions = [{ staffId, vendorRecordId, decision }];
    const reply = await act<Decided>('POST', `${path}/decide`, { connection, decisions });
    told(reply);
    const isDone = reply.ok && reply.data.failed === 0;
    if (!isDone || rest.length === 0) await look();
  };
  const pair = open?.rows[0];
  const shown = pair === undefined ? '' : `${pair.staffId} ${pair.vendorRecordId}`;
  // The pair, and not one of its buttons: nothing is decided by Enter alone.
  useLayoutEffect(() => {
    if (shown !== '') first.current?.focus();
  }, [shown]);
  // As many as one request takes, whatever their ids are like; the others come after it.
  const sure = open?.sure.slice(0, MOST_AT_ONCE) ?? [];
  return (
    <section aria-labelledby="review">
      <h2 id="review">{t('reviewTitle')}</h2>
      {open === undefined && (
        <>
          <p>{t('reviewHelp')}</p>
          <button type="button" onClick={() => void look()}>
            {t('reviewOpen')} ({waiting})
          </button>
        </>
      )}
      {failure !== undefined && <Failed failure={failure} />}
      <div role="status">{decided !== undefined && <p>{t('decided', { ...decided })}</p>}</div>
      {sure.length > 0 && (
        <p>
          <button
            type="button"
            onClick={() =>
              setQuestion({
                title: t('acceptSure', { count: sure.length }),
                help: t('acceptSureHelp', { count: sure.length }),
                does: `${t('accept')} (${sure.length})`,
                path: `${path}/decide`,
                body: {
                  connection,
                  decisions: sure.map(({ staffId, vendorRecordId }) => ({
                    staffId,
                    vendorRecordId,
                    decision: 'accept',
                  })),
                },
                done: (reply) => {
                  told(reply);
                  void look();
                },
              })
            }
          >
            {t('acceptSure', { count: sure.length })}
          </button>
        </p>
      )}
      {question !== undefined && <Ask question={question} leave={() => setQuestion(undefined)} />}
      {open !== undefined && pair === undefined && <p class="quiet">{t('reviewNone')}</p>}
      {pair !== undefined && (
        <div class="card" ref={first} tabIndex={-1}>
          <p class="quiet">{t('reviewLeft', { count: open?.left ?? 0 })}</p>
          <Evidences pair={pair} />
          <p>
            {Math.round(pair.confidence * 100)} %: <Said text={pair.reasons.join('; ')} />
          </p>
          <p class="buttons">
            <button type="button" onClick={() => void decide(pair, 'reject')}>
              {t('reject')}
            </button>
            <button type="button" class="act" onClick={() => void decide(pair, 'accept')}>
              {t('accept')}
            </button>
          </p>
        </div>
      )}
    </section>
  );
}

function sum(one: Decided, other: Decided): Decided {
  return {
    accepted: one.accepted + other.accepted,
    rejected: one.rejected + other.rejected,
    failed: one.failed + other.failed,
  };
}

function Evidences({ pair: { staffId, vendorRecordId, here, there } }: { pair: Pair }) {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])];
  return (
    <Wide label={t('reviewTitle')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('field')}</th>
            <th scope="col">
              {t('here')}: {staffId}
            </th>
            <th scope="col">
              {t('there')}: {vendorRecordId}
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{word(name, 'evidence_')}</th>
              <td>{here[name] ?? '–'}</td>
              <td>{there[name] ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
