/** Headers of which more than one may have come: `req.headers` shows the first of some of them. */
import type { IncomingMessage } from 'node:http';

/** How often a header came. @param name in lower case */
export function countHeader({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (isNamed(rawHeaders[index], name)) count += 1;
  }
  return count;
}

/** All values of a header, joined as HTTP allows; undefined where it did not come. @param name in lower case */
export function joinedHeader(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  if (value === undefined || countHeader(req, name) === 1) return value?.toString();
  return req.rawHeaders
    .filter((_, index, raw) => index % 2 === 1 && isNamed(raw[index - 1], name))
    .join(', ');
}

function isNamed(raw: string | undefined, name: string): boolean {
  return raw?.length === name.length && raw.toLowerCase() === name;
}
