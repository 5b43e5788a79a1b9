/** Which language the page speaks, and its words in it. */
import { effect, signal } from '@preact/signals';
import { WORDS, type Word } from './words';

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

/** A word with what stands in its braces filled in. */
export function t(word: Word, given: Readonly<Record<string, string | number>> = {}): string {
  return (
    WORDS[word][LANGUAGES.indexOf(language.value)]?.replaceAll(/\{(\w+)\}/g, (_, name) =>
      String(given[name] ?? '–'),
    ) ?? word
  );
}

export function isWord(text: string): text is Word {
  return Object.hasOwn(WORDS, text);
}

/** A code in the reader's language if it has a word, else as it is. */
export function told(code: string, prefix = ''): string {
  const word = `${prefix}${code}`;
  return isWord(word) ? t(word) : code;
}
