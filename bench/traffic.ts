/** The requests that a subject is loaded with, and what its answers must hold: plain data, so that it can be sent to the load process. */

export const STATUSES = ['inactive', 'active'] as const;
export type Status = (typeof STATUSES)[number];

export interface Traffic {
  /** `http://127.0.0.1:port` */
  origin: string;
  method: 'PATCH' | 'POST';
  /** With `{id}` in the place of the record's id. */
  path: string;
  ids: readonly string[];
  headers: Readonly<Record<string, string>>;
  /** `Authorization` for the first id, the second, and so on, in turn; absent: what `headers` say. */
  authorizations?: readonly string[];
  /** With `{status}` in the place of the word. */
  body: string;
  /** Texts that every right answer holds; `{status}` as above. */
  answerHolds: readonly string[];
}

/** One request of a traffic. */
export interface Shot {
  method: 'PATCH' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string;
  answerHolds: readonly string[];
}

/**
 * The endless loop of one of several connections: all its records made inactive, then active again, so that every request
 * is a change. No record belongs to two connections, so that updates of one record never meet.
 */
export function shotsOf(traffic: Traffic, connection: number, connections: number): Shot[] {
  const { ids, headers, authorizations = [] } = traffic;
  const mine = ids.flatMap((id, index) => {
    if (index % connections !== connection) return [];
    const authorization = authorizations[index % authorizations.length];
    return [
      { id, traffic: authorization ? { ...traffic, headers: { ...headers, authorization } } : traffic },
    ];
  });
  return STATUSES.flatMap((status) => mine.map((each) => shot(each.traffic, each.id, status)));
}

export function shot(traffic: Traffic, id: string, status: Status): Shot {
  const filled = (text: string) => text.replace('{status}', status);
  return {
    method: traffic.method,
    path: traffic.path.replace('{id}', id),
    headers: { 'content-type': 'application/json', ...traffic.headers },
    body: filled(traffic.body),
    answerHolds: traffic.answerHolds.map(filled),
  };
}

/** @returns what is wrong with an answer, or undefined */
export function complaint(shot: Shot, status: number, body: string): string | undefined {
  if (status !== 200) return `status ${status}: ${body.slice(0, 300)}`;
  const missing = shot.answerHolds.find((text) => !body.includes(text));
  return missing === undefined ? undefined : `the answer lacks ${missing}: ${body.slice(0, 300)}`;
}
