/** The requests that a subject is loaded with, and what its answers must hold: plain data, so that it can be sent to the load process. */

type Method = 'GET' | 'PATCH' | 'POST';

/** One kind of request. */
export interface Turn {
  /** Absent: none. */
  body?: string;
  /** Texts that every right answer holds. */
  answerHolds: readonly string[];
}

export interface Traffic {
  /** `http://127.0.0.1:port` */
  origin: string;
  method: Method;
  /** With `{id}` in the place of the record's id. */
  path: string;
  ids: readonly string[];
  headers: Readonly<Record<string, string>>;
  /** `Authorization` for the first id, the second, and so on, in turn; absent: what `headers` say. */
  authorizations?: readonly string[];
  /** What each record is sent in turn, each of them a change of what the one before has left. */
  turns: readonly Turn[];
  /** Every connection works on all records, not on records of its own: they meet. */
  shared?: true;
}

/** One request of a traffic. */
export interface Shot {
  method: Method;
  path: string;
  headers: Record<string, string>;
  body?: string;
  answerHolds: readonly string[];
}

/**
 * The endless loop of one of several connections: all its records in the first turn, then all in the second, so that every
 * update is a change. Unless they are shared no record belongs to two connections, so that updates of one never meet.
 */
export function shotsOf(traffic: Traffic, connection: number, connections: number): Shot[] {
  const { ids, headers, authorizations = [], shared } = traffic;
  const mine = ids.flatMap((id, index) => {
    if (!shared && index % connections !== connection) return [];
    const authorization = authorizations[index % authorizations.length];
    return [
      { id, traffic: authorization ? { ...traffic, headers: { ...headers, authorization } } : traffic },
    ];
  });
  return traffic.turns.flatMap((turn) => mine.map((each) => shot(each.traffic, each.id, turn)));
}

function shot({ method, path, headers }: Traffic, id: string, { body, answerHolds }: Turn): Shot {
  return {
    method,
    path: path.replace('{id}', id),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body }),
    answerHolds,
  };
}

/** @returns what is wrong with an answer, or undefined */
export function complaint(shot: Shot, status: number, body: string): string | undefined {
  if (status !== 200) return `status ${status}: ${body.slice(0, 300)}`;
  const missing = shot.answerHolds.find((text) => !body.includes(text));
  return missing === undefined ? undefined : `the answer lacks ${missing}: ${body.slice(0, 300)}`;
}
