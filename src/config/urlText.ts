/** URLs as texts in which parts are filled in: what is filled into a user, a password or a query value must be encoded there. */

interface Span {
  start: number;
  end: number;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const QUERY_VALUE = /(?<=[?&][^=&#?]*=)[^&#]+/g;

/**
 * The parts of a URL in which delimiters have to be encoded; none if the text is no URL.
 * @param text with anything but a delimiter in place of what is to be filled in
 */
export function encodedParts(text: string): Span[] {
  const start = SCHEME.exec(text)?.[0].length;
  if (start === undefined) return [];
  const path = text.slice(start).search(/[/?#]/);
  const end = path === -1 ? text.length : start + path;
  const at = text.lastIndexOf('@', end - 1);
  const user = at >= start ? [{ start, end: at }] : [];
  const values = [...text.matchAll(QUERY_VALUE)].map(({ 0: value, index }) => ({
    start: index,
    end: index + value.length,
  }));
  return [...user, ...values.filter((span) => span.start >= end)];
}

/** Percent-encodes. Where one text is both, user and password, the colon between them stays. */
export function encodePart(text: string, isUserAndPassword: boolean): string {
  const colon = isUserAndPassword ? text.indexOf(':') : -1;
  return colon === -1
    ? encodeURIComponent(text)
    : `${encodeURIComponent(text.slice(0, colon))}:${encodeURIComponent(text.slice(colon + 1))}`;
}
