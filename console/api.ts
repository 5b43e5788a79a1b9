/** What the page asks the gateway for: who is signed in, reads that are looked at again and again, and acts. */
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

const API = '/console/api';
/** Between two looks at the most; right after a change, and after an act, it is looked sooner. */
const POLL_MS = 5_000;
const SOON_MS = 500;

export interface Session {
  operator: string;
  role: 'viewer' | 'operator';
  csrfToken: string;
  expiresAt: string;
}

export interface SignInWays {
  key: boolean;
  oidc: boolean;
}

/** Undefined until it is known; null for nobody. */
export const session = signal<Session | null | undefined>(undefined);
export const ways = signal<SignInWays>({ key: true, oidc: false });
/** Whether a session has ended while it was used. */
export const ended = signal(false);

export interface Failure {
  status: number;
  code: string;
  detail: string;
  requestId: string;
  retryAfter: number;
}

export type Reply<Data> = { ok: true; data: Data; meta: Meta } | { ok: false; failure: Failure };

export interface Meta {
  nextCursor?: string;
  counts?: Readonly<Record<string, number>>;
  /** What rows of the audit may be. */
  kinds?: readonly string[];
  outcomes?: readonly string[];
}

const UNREACHABLE: Failure = { status: 0, code: 'unreachable', detail: '', requestId: '', retryAfter: 0 };

async function ask<Data>(
  path: string,
  init: RequestInit,
): Promise<{ reply: Reply<Data>; response?: Response }> {
  let response: Response;
  try {
    response = await fetch(API + path, { cache: 'no-store', ...init });
  } catch {
    return { reply: { ok: false, failure: UNREACHABLE } };
  }
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const body = isJson && text !== '' ? JSON.parse(text) : {};
  if (response.ok) return { reply: { ok: true, data: body.data, meta: body.meta ?? {} }, response };
  if (response.status === 401 && session.value) {
    ended.value = true;
    session.value = null;
  }
  const failure: Failure = {
    status: response.status,
    code: body.code ?? String(response.status),
    detail: body.detail ?? '',
    requestId: response.headers.get('x-request-id') ?? '',
    retryAfter: Number(response.headers.get('retry-after') ?? 0),
  };
  return { reply: { ok: false, failure }, response };
}

export async function begin(): Promise<void> {
  const { reply } = await ask<SignInWays & { session: Session | null }>('/sign-in', {});
  if (!reply.ok) return void setTimeout(() => void begin(), POLL_MS);
  ways.value = reply.data;
  session.value = reply.data.session;
}

export async function signIn(key: string): Promise<Failure | undefined> {
  const { reply } = await ask<Session>('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  });
  if (!reply.ok) return reply.failure;
  ended.value = false;
  session.value = reply.data;
  return undefined;
}

export async function signOut(everywhere: boolean): Promise<void> {
  await act('DELETE', `/session${everywhere ? '?everywhere=true' : ''}`, undefined);
  ended.value = false;
  session.value = null;
}

/** @param key names this act: sent twice it is done once */
export async function act<Data>(
  method: 'POST' | 'DELETE',
  path: string,
  body: unknown,
  key: string = crypto.randomUUID(),
): Promise<Reply<Data>> {
  const { reply } = await ask<Data>(path, {
    method,
    headers: {
      'x-csrf-token': session.value?.csrfToken ?? '',
      'idempotency-key': key,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return reply;
}

export interface Read<Data> {
  /** Undefined until the first answer. */
  data: Data | undefined;
  meta: Meta;
  failure: Failure | undefined;
  again: () => void;
}

type Found<Data> = Omit<Read<Data>, 'again'>;

/** Looks again and again while the page is to be seen; what has not changed is not drawn anew. */
export function useRead<Data>(path: string, pollMs = POLL_MS): Read<Data> {
  const [found, setFound] = useState<Found<Data> & { path: string }>({ path, ...NOTHING });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let etag = '';
    let pause = SOON_MS;
    const look = async (polling: boolean) => {
      clearTimeout(timer);
      const { reply, response } = await ask<Data>(path, {
        headers: { ...(polling && { 'x-console-poll': '1' }), ...(etag !== '' && { 'if-none-match': etag }) },
      });
      if (gone) return;
      if (reply.ok) {
        etag = response?.headers.get('etag') ?? '';
        pause = SOON_MS;
        setFound({ path, data: reply.data, meta: reply.meta, failure: undefined });
      } else if (reply.failure.status !== 304) {
        setFound((before) => ({
          ...(before.path === path ? before : NOTHING),
          path,
          failure: reply.failure,
        }));
      } else
        setFound((before) => (before.failure === undefined ? before : { ...before, failure: undefined }));
      if (!document.hidden) timer = setTimeout(() => void look(true), pause);
      pause = Math.min(pause * 2, pollMs);
    };
    const seen = () => {
      if (!document.hidden) void look(true);
      else clearTimeout(timer);
    };
    document.addEventListener('visibilitychange', seen);
    void look(false);
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [path, pollMs, turn]);
  const current = found.path === path ? found : NOTHING;
  return { ...current, again: () => setTurn((before) => before + 1) };
}

const NOTHING: Found<never> = { data: undefined, meta: {}, failure: undefined };
