/** Headers of which more than one may have come: `req.headers` shows the first of some of them. */
import type { IncomingMessage } from 'node:http';

/** How often a header came. @param name in lower case */
export function countHeader(req: IncomingMessage, name: string): number {
  return req.headersDistinct[name]?.length ?? 0;
}

/** All values of a header, joined as HTTP allows; undefined if it did not come. @param name in lower case */
export function joinedHeader(req: IncomingMessage, name: string): string | undefined {
  return req.headersDistinct[name]?.join(', ');
}
