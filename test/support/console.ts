/** Operators and a client for the console's API, as a browser would use it. */
import { createHash } from 'node:crypto';
import type { StageConfig } from './stage';

export const OPERATOR_KEYS = { olga: 'key-of-olga-the-operator', vera: 'key-of-vera-the-viewer' } as const;

const hash = (key: string) => createHash('sha256').update(key).digest('hex');

export function withOperators(config: StageConfig): void {
  Object.assign(config, {
    operators: [
      { name: 'olga', keySha256: hash(OPERATOR_KEYS.olga), role: 'operator' },
      { name: 'vera', keySha256: hash(OPERATOR_KEYS.vera), role: 'viewer' },
    ],
  });
}

export interface ConsoleReply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes are probed by the tests themselves
  body: any;
  text: string;
}

export interface Asking {
  body?: unknown;
  headers?: Record<string, string>;
}

/** @param opsUrl where the ops listener is */
export function consoleClient(opsUrl: string) {
  let cookie: string | undefined;
  let csrf: string | undefined;
  const ask = async (
    method: string,
    path: string,
    { body, headers = {} }: Asking = {},
  ): Promise<ConsoleReply> => {
    const response = await fetch(`${opsUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookie !== undefined && { cookie }),
        ...(csrf !== undefined && method !== 'GET' && { 'x-csrf-token': csrf }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json(;|$)/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
      text,
    };
  };
  return {
    ask,
    api: (method: string, path: string, asking?: Asking) => ask(method, `/console/api${path}`, asking),
    get cookie() {
      return cookie;
    },
    set cookie(value: string | undefined) {
      cookie = value;
    },
    async signIn(key: string): Promise<ConsoleReply> {
      const reply = await ask('POST', '/console/api/session', { body: { key } });
      if (reply.status === 201) {
        cookie = (reply.headers.get('set-cookie') ?? '').split(';', 1)[0];
        csrf = reply.body.data.csrfToken;
      }
      return reply;
    },
  };
}

export type ConsoleClient = ReturnType<typeof consoleClient>;
