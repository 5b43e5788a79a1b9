/** Header fields that are lists of members with parameters (RFC 9110 section 5.6), such as `a=1;x="b, c", d`. */

export interface FieldMember {
  /** In lower case. */
  name: string;
  /** Without quotes and escapes; empty if there is none. */
  value: string;
  parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
/** A media type has the place of a name too. */
const MEMBER = new RegExp(`^(${TOKEN}(?:/${TOKEN})?)(?:[ \\t]*=[ \\t]*(${TOKEN}|${QUOTED})?)?$`);

/** The members that are well formed; what is not is passed over, up to the next comma outside of quotes. */
export function fieldMembers(field: string): FieldMember[] {
  return splitField(field, ',').flatMap((part) => memberOf(part) ?? []);
}

/** One member, with its parameters; undefined if its name or value is malformed. */
export function memberOf(text: string): FieldMember | undefined {
  const [head = '', ...rest] = splitField(text, ';');
  const pair = pairIn(head);
  if (pair === undefined) return undefined;
  const parameters = new Map<string, string>();
  // Of two parameters of one name the first counts.
  for (const { name, value } of rest.flatMap((part) => pairIn(part) ?? [])) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return { ...pair, parameters };
}

function pairIn(text: string): { name: string; value: string } | undefined {
  const found = MEMBER.exec(text);
  if (found === null) return undefined;
  const [, name = '', value = ''] = found;
  const plain = value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  return { name: name.toLowerCase(), value: plain };
}

/** The parts between separators outside of quoted strings, trimmed, without empty ones. An open quote reaches to the end. */
export function splitField(text: string, separator: ',' | ';'): string[] {
  const parts = text.includes('"') ? splitQuoted(text, separator) : text.split(separator);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function splitQuoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') quoted = !quoted;
    else if (quoted && sign === '\\') at += 1;
    else if (!quoted && sign === separator) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}
