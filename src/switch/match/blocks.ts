import type { Candidate } from './evidence';

/** Letters of a word that two of a block have in common. */
const PREFIX = 3;

/** Finds, for a person, the records that have anything in common with them: comparing all with all would take hours. */
export function blocks(records: readonly Candidate[]): (person: Candidate) => ReadonlySet<Candidate> {
  const byKey = new Map<string, Candidate[]>();
  for (const record of records) {
    for (const key of keysOf(record)) {
      const block = byKey.get(key);
      if (block) block.push(record);
      else byKey.set(key, [record]);
    }
  }
  return (person) => new Set(keysOf(person).flatMap((key) => byKey.get(key) ?? []));
}

function keysOf({ words, nationalId, birthDate, email, phone }: Candidate): string[] {
  const identifiers = Object.entries({ nationalId, birthDate, email, phone });
  const keys = [
    ...words.map((word) => `word ${word.slice(0, PREFIX)}`),
    ...identifiers.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])),
  ];
  return [...new Set(keys)];
}
