/** Headers of which more than one may have come: `req.headers` shows the first of some of them. */
import type { IncomingMessage } from 'node:http';

/** All values of a header as they came, in their order. @param name in lower case */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}
