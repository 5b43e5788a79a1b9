/** Values of a list: closed ones with the vendor's word for each, and codes that the configuration maps. */
import { type Coding, SNOMED_CT, STATUSES, type Status } from '../staff/fields';
import { codeSpelling, foldedCode } from '../staff/spelling';
import { type Codec, readPresent } from './codecs';
import { type NameList, type ReferenceList, type RefusalCode, type Refuse, UNREADABLE } from './contract';

type Word = string | number | boolean;

/** Canonical value → the vendor's word; if it has several, the first is sent and all are read. */
type Words<V extends string> = Readonly<Partial<Record<V, Word | readonly Word[]>>>;

/**
 * A closed list of canonical values with the vendor's word for each.
 * @param canonical all canonical values; those without a word are refused
 * @param refusal what a value without a word is refused with
 * @param fold brings two spellings of one word together
 */
export function enumeration<V extends string>(
  canonical: readonly V[],
  words: Words<V>,
  refusal: { code: RefusalCode; detail: string },
  fold = (word: unknown) => word,
): Codec<V> {
  const wordsOf = (value: V): readonly Word[] => [words[value] ?? []].flat();
  // If two values share a word, the first one is read.
  const meanings = new Map(
    [...canonical].reverse().flatMap((value) => wordsOf(value).map((word) => [fold(word), value])),
  );
  return {
    values: canonical.filter((value) => words[value] !== undefined),
    encode: (value, refuse) => {
      if (words[value] === undefined) refuse('', refusal.code, refusal.detail);
      return wordsOf(value)[0];
    },
    decode: (stored) => readPresent(stored, (word) => meanings.get(fold(word)) ?? UNREADABLE),
  };
}

/** The status at a vendor that knows no leave. */
export function activeOrInactive(vendor: string, words: Words<'active' | 'inactive'>): Codec<Status> {
  return enumeration<Status>(STATUSES, words, {
    code: 'unsupported_field',
    detail: `${vendor} knows no leave, only active and inactive.`,
  });
}

/** A stored word as text; empty for a list or an object, which is no word and may not even become text. */
export function wordIn(stored: unknown): string {
  return typeof stored === 'object' ? '' : String(stored);
}

/** A vendor's word in any case, with any white space around it and in it. */
export function foldWord(word: unknown): string {
  return codeSpelling(wordIn(word)).toLowerCase();
}

/** The caller's code → the vendor's code. */
export type CodeTable = Readonly<Record<string, string | number>>;

/**
 * Codes that go through a configured list; how a code is spelled makes no difference (NFC, white space, look-alikes). If
 * several of the caller's codes mean the same at the vendor, the first in the list is the one that is read.
 * @param unmapped the refusal for a code that is not in the list, with its pointer below the field; without it, such a
 * code is the vendor's own and passes as given, both ways
 * @param own with `unmapped`: the form of the vendor's own codes, which pass as given; a stored code of any form is read
 * @param fold brings two spellings of one vendor code together
 */
export function codeList(
  table: CodeTable = {},
  {
    unmapped,
    own,
    fold = (code) => code,
  }: { unmapped?: { at: string; detail: string }; own?: RegExp; fold?: (code: string) => string } = {},
): Codec<string> {
  const vendorCodes = new Map(Object.entries(table).map(([code, own]) => [foldedCode(code), own]));
  const foldStored = (code: string | number) => fold(codeSpelling(String(code)));
  const reverse = new Map(
    Object.entries(table)
      .reverse()
      .map(([code, vendorCode]) => [foldStored(vendorCode), code]),
  );
  return {
    ...(unmapped && !own && { values: Object.keys(table) }),
    encode: (code, refuse) => {
      const mapped = vendorCodes.get(foldedCode(code));
      if (mapped !== undefined) return mapped;
      if (!unmapped || own?.test(code)) return code;
      refuse(unmapped.at, 'unmapped_code', unmapped.detail);
      return undefined;
    },
    decode: (stored) =>
      readPresent(stored, (code) => {
        if (typeof code !== 'string' && typeof code !== 'number') return UNREADABLE;
        return reverse.get(foldStored(code)) ?? (unmapped && !own ? UNREADABLE : String(code));
      }),
  };
}

/**
 * The vendor's names by the caller's codes.
 * @param entries what the vendor lists
 */
export function namesBy(table: CodeTable, entries: ReferenceList['entries']): NameList['names'] {
  return (body) => {
    const listed = entries(body);
    const byCode = new Map(listed?.map(({ code, name }) => [code, name]));
    return (
      listed &&
      new Map(
        Object.entries(table).flatMap(([code, vendorCode]): [string, string][] => {
          const name = byCode.get(String(vendorCode));
          return name === undefined ? [] : [[code, name]];
        }),
      )
    );
  };
}

/** Refuses a coded value of a system that the vendor has no place for. */
export function refuseOtherSystem(value: Coding, refuse: Refuse, vendor: string): void {
  if (value.system !== undefined && value.system !== SNOMED_CT) {
    refuse('/system', 'unsupported_field', `${vendor} holds no code system besides SNOMED CT.`);
  }
}

/** A coded value by its code alone, through a codec of codes; its system is SNOMED CT. */
export function codingByCode(vendor: string, codes: Codec<string>): Codec<Coding> {
  return {
    ...codes,
    encode: (value, refuse) => {
      refuseOtherSystem(value, refuse, vendor);
      const code: string | undefined = value.code;
      return code === undefined ? undefined : codes.encode(code, refuse);
    },
    decode: (stored) => {
      const code = codes.decode(stored);
      return typeof code === 'string' ? { code, system: SNOMED_CT } : code;
    },
  };
}
