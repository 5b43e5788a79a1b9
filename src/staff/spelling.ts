/** What a value looks like, and what it is: characters that nobody sees, and signs that look like others. */

/** Show nothing by themselves: zero-width spaces, marks of direction, soft hyphens; U+2800 is the Braille cell without dots. */
const UNSEEN = '\\p{Default_Ignorable_Code_Point}\\u2800\\ufff9-\\ufffb';
/** What changes how the character before it looks is a part of it. */
const SELECTOR = /\p{Variation_Selector}/u;

const ANYWHERE = new RegExp(`[${UNSEEN}]`, 'gu');
const AT_THE_ENDS = new RegExp(`^[\\s${UNSEEN}]+|(?:(?!\\p{Variation_Selector})[\\s${UNSEEN}])+$`, 'gu');
/** Between letters they say whether these are joined, as several scripts need it; between pictures they make one of them. */
const JOINER =
  /(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])|(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})/gu;

/** Without white space and unseen characters around it. */
export function trimmed(value: string): string {
  return value.replace(AT_THE_ENDS, '');
}

/** For values that consist of digits and signs: an unseen character in them means nothing. */
export function withoutUnseen(value: string): string {
  return value.replace(ANYWHERE, '');
}

const NAMES: Readonly<Record<string, string>> = {
  'U+00AD': 'a soft hyphen',
  'U+200B': 'a zero-width space',
  'U+200C': 'a zero-width non-joiner',
  'U+200D': 'a zero-width joiner',
  'U+200E': 'a left-to-right mark',
  'U+200F': 'a right-to-left mark',
  'U+2060': 'a word joiner',
  'U+FEFF': 'a byte order mark',
};

/**
 * The first character that nobody sees, by its number and, if it has a common one, its name: `U+200B, a zero-width space`.
 * @param joiners whether those between letters belong there, as in names
 */
export function unseenIn(value: string, { joiners }: { joiners: boolean }): string | undefined {
  const text = joiners ? value.replaceAll(JOINER, '') : value;
  for (const [found] of text.matchAll(ANYWHERE)) {
    if (!SELECTOR.test(found)) return characterName(found);
  }
  return undefined;
}

/** Composed (NFC), without white space and unseen characters around it. */
export function plainText(value: string): string {
  return trimmed(value.normalize('NFC'));
}

/** A code without the differences that nobody means: composed (NFC), without white space around it, one kind of space in it. */
export function codeSpelling(value: string): string {
  return plainText(value).replaceAll(/\p{Zs}+/gu, ' ');
}

/** For comparing codes: what looks alike is alike. */
export function foldedCode(value: string): string {
  return codeSpelling(plainSigns(withoutUnseen(codeSpelling(value))));
}

/** `U+2011`, with a name if it is one of those that are often met. */
export function characterName(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return code in NAMES ? `${code}, ${NAMES[code]}` : code;
}

/** Spaces and signs of other keyboards and typesetters as the plain ones that they look like, full-width digits too. */
export function plainSigns(value: string): string {
  return value
    .replaceAll(/[\uff01-\uff5e]/gu, (wide) => String.fromCodePoint((wide.codePointAt(0) ?? 0) - 0xfee0))
    .replaceAll(/[\p{Zs}\t]/gu, ' ')
    .replaceAll(/[\u2010-\u2015\u2043\u2212\ufe58\ufe63]/gu, '-')
    .replaceAll(/[\u2024\u00b7\u2219]/gu, '.');
}

/**
 * True if composing (NFC) does not only put a letter and its accent together, but takes another character for one: the sign
 * for ohm becomes a Greek letter, a compatibility ideograph the unified one.
 */
export function composesToOther(value: string): boolean {
  for (const character of value) {
    const composed = character.normalize('NFC');
    if (composed !== character && [...composed].length === 1) return true;
  }
  return false;
}

/** How many characters a person would count: a pair of surrogates is one. */
export function lengthOf(value: string): number {
  return [...value].length;
}
