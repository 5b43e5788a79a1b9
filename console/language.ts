/** Which language the page speaks, and its words in it. */
import { effect, signal } from '@preact/signals';
import { WORDS, type Word } from './words/index';
import { IN_SPANISH } from './words/sentences';

const LANGUAGES = ['en', 'es'] as const;
type Language = (typeof LANGUAGES)[number];
const KEPT = 'console-language';

function wanted(): Language {
  const chosen = localStorage.getItem(KEPT);
  // The browser sends these as Accept-Language.
  const first = [chosen ?? '', ...navigator.languages].find((one) => /^(en|es)\b/.test(one));
  return first?.startsWith('es') === true ? 'es' : 'en';
}

export const language = signal<Language>(wanted());

effect(() => {
  document.documentElement.lang = language.value;
});

export function switchLanguage(): void {
  language.value = language.value === 'en' ? 'es' : 'en';
  localStorage.setItem(KEPT, language.value);
}

/** `{name}`, or `{name|for exactly one|for any other number}`. */
const PLACE = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g;

/** A word with what stands in its braces filled in. */
export function t(word: Word, given: Readonly<Record<string, string | number>> = {}): string {
  const text: string | undefined = WORDS[word][LANGUAGES.indexOf(language.value)];
  return (
    text?.replaceAll(PLACE, (_, name: string, one?: string, other?: string) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      if (one !== undefined && other !== undefined) return value === 1 ? one : other;
      return String(value ?? '–');
    }) ?? word
  );
}

function isWord(text: string): text is Word {
  return Object.hasOwn(WORDS, text);
}

/** A code in the reader's language if it has a word, else as it is. */
export function told(code: string, prefix = ''): string {
  const word = `${prefix}${code}`;
  return isWord(word) ? t(word) : code;
}

/** Undefined for a code that has no word. */
export function meaningOf(code: string): string | undefined {
  const word = `problem_${code}`;
  return isWord(word) ? t(word) : undefined;
}

/** A sentence of the gateway, which speaks English. */
export function sentence(said: string): string {
  return language.value === 'es' && Object.hasOwn(IN_SPANISH, said) ? (IN_SPANISH[said] ?? said) : said;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** So long, in the largest unit that fits: `3 hours`. */
export function duration(seconds: number): string {
  const [unit, length] = UNITS.find(([, least]) => seconds >= least) ?? UNITS[3];
  const style = { style: 'unit', unit, unitDisplay: 'long' } as const;
  return new Intl.NumberFormat(language.value, style).format(Math.floor(seconds / length));
}
