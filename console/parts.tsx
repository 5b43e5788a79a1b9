/** What screens are made of: times, states, filters, and the question before an act. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { act, type Failure, type Reply, session } from './api';
import { language, sentence, t, told } from './language';
import { goWith, Link, query } from './router';

/** Local for people, UTC where the pointer rests and for machines. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  const text = date.toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'medium' });
  return (
    <time dateTime={at} title={date.toISOString().replace('T', ' ').replace('Z', ' UTC')}>
      {text}
    </time>
  );
}

/** @param tone besides the colour the text says it */
export function Badge({
  tone,
  children,
}: {
  tone: 'good' | 'bad' | 'open' | 'plain';
  children: ComponentChildren;
}) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function toneOf(status: string): 'good' | 'bad' | 'open' | 'plain' {
  if (['dead', 'failed', 'refused', 'open', 'unknown', 'differs', 'blocked'].includes(status)) return 'bad';
  if (['succeeded', 'success', 'ok', 'closed', 'taken', 'verified', 'equal', 'same', 'done'].includes(status))
    return 'good';
  return ['queued', 'running', 'half-open', 'unclear'].includes(status) ? 'open' : 'plain';
}

export function statusWord(status: string): string {
  return status === 'failed' ? t('failedStatus') : told(status);
}

export function Loading() {
  return (
    <p class="quiet" role="status">
      {t('loading')}
    </p>
  );
}

export function Empty({ title, help }: { title: string; help?: string }) {
  return (
    <div class="empty">
      <p>
        <strong>{title}</strong>
      </p>
      {help !== undefined && <p>{help}</p>}
    </div>
  );
}

/** Why there is nothing to show, or why an act was not done. @param looks whether it is tried again by itself */
export function Failed({ failure, looks = false }: { failure: Failure; looks?: boolean }) {
  return (
    <p class="failure" role="alert">
      {failureText(failure, looks)}
    </p>
  );
}

function failureText({ status, code, detail, requestId: id, retryAfter }: Failure, looks: boolean): string {
  if (code === 'unreachable') return t(looks ? 'unreachable' : 'actUnreachable');
  if (status === 404 || code === 'conflict') return sentence(detail);
  if (status === 403) return t('actForbidden');
  if (status === 429) return t('slower', { seconds: Math.max(1, retryAfter) });
  if (looks) return status === 503 ? t('busyNow') : t('failed', { code, id });
  return t('actFailed', { code, id });
}

/** What a read has come to so far, until there is something to show. */
export function Waiting({ read }: { read: { data: unknown; failure: Failure | undefined } }) {
  if (read.failure !== undefined) return <Failed failure={read.failure} looks />;
  return read.data === undefined ? <Loading /> : null;
}

/** A table that is wider than the screen scrolls by itself, also by keyboard. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="wide" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** The connection, on its screen. */
export function ConnectionLink({ name }: { name: string }) {
  return <Link to={`/connections#connection-${encodeURIComponent(name)}`}>{name}</Link>;
}

/** A staff member's story. */
export function StaffLink({ clinic, id }: { clinic: string; id: string }) {
  return <Link to={`/staff/${encodeURIComponent(clinic)}/${encodeURIComponent(id)}`}>{id}</Link>;
}

/** What the gateway says for people; it speaks English, and a screen reader has to know. */
export function Said({ text }: { text: string }) {
  const inTongue = sentence(text);
  return inTongue === text && language.value !== 'en' ? (
    <span lang="en">{text}</span>
  ) : (
    <span>{inTongue}</span>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type?: 'text' | 'date';
  options?: readonly (readonly [value: string, text: string])[];
}

/** A form whose values are in the URL. */
export function Filters({ fields, button }: { fields: readonly FieldProps[]; button: string }) {
  const values = query.value;
  return (
    <form
      class="filters"
      key={values.toString()}
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const changed = fields.map(({ name }) => [name, String(form.get(name) ?? '').trim()]);
        goWith({ ...Object.fromEntries(changed), cursor: '' });
      }}
    >
      {fields.map((field) => (
        <Field key={field.name} {...field} value={values.get(field.name) ?? ''} />
      ))}
      <button type="submit">{button}</button>
    </form>
  );
}

function Field({ name, label, type, options, value }: FieldProps & { value: string }) {
  const id = `filter-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {options === undefined ? (
        <input
          id={id}
          name={name}
          {...(type === 'date' && { type })}
          defaultValue={value}
          autocomplete="off"
        />
      ) : (
        <select id={id} name={name}>
          {options.map(([option, text]) => (
            <option key={option} value={option} selected={option === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

export function Pages({ next }: { next: string | undefined }) {
  const isFirst = !query.value.has('cursor');
  if (isFirst && next === undefined) return null;
  return (
    <p class="pages">
      {!isFirst && (
        <button type="button" onClick={() => goWith({ cursor: '' })}>
          {t('firstPage')}
        </button>
      )}
      {next !== undefined && (
        <button type="button" onClick={() => goWith({ cursor: next })}>
          {t('nextPage')}
        </button>
      )}
    </p>
  );
}

export function mayAct(): boolean {
  return session.value?.role === 'operator';
}

export interface Question<Data> {
  title: string;
  help: string;
  /** What more is to be known before. */
  more?: ComponentChildren;
  /** What the button says that does it. */
  does: string;
  path: string;
  body: unknown;
  done(reply: Reply<Data>): void;
}

/**
 * The question before an act. What has the focus is the way out, so that nothing is done by Enter alone; and the act has one name
 * from the question to its answer, so that a double click does one thing.
 */
export function Ask<Data>({ question, leave }: { question: Question<Data>; leave: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [name] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  // Before anything is drawn: a second press of Enter must find the way out.
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  const run = async () => {
    setBusy(true);
    const reply = await act<Data>('POST', question.path, question.body, name);
    if (!reply.ok && reply.failure.code === 'idempotency_in_progress') return;
    question.done(reply);
    leave();
  };
  return (
    <dialog ref={dialog} onClose={leave} aria-labelledby="question">
      <h2 id="question">{question.title}</h2>
      <p>{question.help}</p>
      {question.more}
      <p class="buttons">
        <button type="button" autofocus onClick={() => dialog.current?.close()}>
          {t('cancel')}
        </button>
        <button type="button" class="act" aria-disabled={busy} onClick={() => void run()}>
          {question.does}
        </button>
      </p>
    </dialog>
  );
}
