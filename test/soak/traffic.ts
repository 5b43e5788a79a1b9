/** Requests of a caller that keeps its connections; nothing is sent twice. */
import { once } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { member } from '../../src/lib/json';
import { KEY } from './configuration';

export interface Answer {
  /** Undefined if there was no whole answer. */
  status: number | undefined;
  /** The role that the answer shows; without an answer, why there was none. */
  role: unknown;
  code: unknown;
}

export interface Call {
  agent: Agent;
  url: string;
  staff: string;
  /** What is written; a read without. */
  role?: string;
  headers?: Record<string, string>;
}

export async function call({ agent, url, staff, role, headers }: Call): Promise<Answer> {
  const body = role === undefined ? '' : JSON.stringify({ role });
  try {
    const sending = request(`${url}/staff/${staff}`, {
      agent,
      method: role === undefined ? 'GET' : 'PATCH',
      headers: {
        authorization: `Bearer ${KEY}`,
        ...(role !== undefined && {
          'content-type': 'application/merge-patch+json',
          'content-length': body.length,
          'x-request-id': role,
        }),
        ...headers,
      },
    });
    sending.end(body);
    const [response]: IncomingMessage[] = await once(sending, 'response');
    if (response === undefined) throw new Error('no response');
    const answer: unknown = parsed(await text(response));
    return {
      status: response.statusCode,
      role: member(member(answer, 'data'), 'role'),
      code: member(answer, 'code'),
    };
  } catch (error) {
    return { status: undefined, role: undefined, code: member(error, 'code') ?? String(error) };
  }
}

/** What nginx answers by itself is HTML. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The rows of the audit as `GET /changes` gives them: request ids and outcomes, newest first. */
export async function changesOf(url: string): Promise<{ requestId: string; outcome: string }[]> {
  const response = await fetch(`${url}/changes`, {
    headers: { authorization: `Bearer ${KEY}`, accept: 'application/x-ndjson' },
  });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const row: unknown = JSON.parse(line);
    return { requestId: String(member(row, 'requestId')), outcome: String(member(row, 'outcome')) };
  });
}
