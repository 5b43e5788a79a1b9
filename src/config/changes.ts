/** What differs between two configurations that a running gateway takes over, for the log: names, never values or secrets. */
import { sameJson } from '../lib/json';
import { type CallerConfig, type ClinicConfig, type GatewayConfig, keyHashes } from './types';

/**
 * One short sentence each: `clinic north: main → other`, `callers removed: reader`. Empty if nothing that takes
 * effect without a restart differs.
 */
export function describeChanges(before: GatewayConfig, after: GatewayConfig): string[] {
  return [
    ...clinicChanges(before.clinics, after.clinics),
    ...listed('callers', byName(before.callers), byName(after.callers), howKeyed),
    ...listed('operators', byName(before.operators), byName(after.operators), howKeyed),
    ...listed('vendor connections', before.vendors, after.vendors),
    ...listed('token issuers', byName(before.tokens), byName(after.tokens)),
    ...(sameJson(before.deliveries, after.deliveries) ? [] : ['deliveries changed']),
  ];
}

type Named<Item> = Readonly<Record<string, Item>>;

function clinicChanges(before: Named<ClinicConfig>, after: Named<ClinicConfig>): string[] {
  return namesIn(before, after).flatMap((name) => {
    const [old, current] = [before[name], after[name]];
    if (old === undefined) return [`clinic ${name}: added, ${current?.vendor}`];
    if (current === undefined) return [`clinic ${name}: removed`];
    if (old.vendor !== current.vendor) return [`clinic ${name}: ${old.vendor} → ${current.vendor}`];
    return sameJson(old, current) ? [] : [`clinic ${name}: changed`];
  });
}

/** @param how the word for what differs between two items of one name */
function listed<Item>(
  what: string,
  before: Named<Item>,
  after: Named<Item>,
  how: (old: Item, current: Item) => readonly string[] = () => ['changed'],
): string[] {
  const groups = new Map<string, string[]>();
  for (const name of namesIn(before, after))
    for (const word of wordsFor(before[name], after[name], how))
      groups.set(word, [...(groups.get(word) ?? []), name]);
  return [...groups].map(([word, names]) => `${what} ${word}: ${names.join(', ')}`);
}

function wordsFor<Item>(
  old: Item | undefined,
  current: Item | undefined,
  how: (old: Item, current: Item) => readonly string[],
): readonly string[] {
  if (old === undefined) return ['added'];
  if (current === undefined) return ['removed'];
  return sameJson(old, current) ? [] : how(old, current);
}

type Keyed = Pick<CallerConfig, 'keySha256'>;

/** `rekeyed`: the keys that open this one's door are others than before. */
function howKeyed(old: Keyed, current: Keyed): readonly string[] {
  const sameKeys = sameJson([...keyHashes(old)].sort(), [...keyHashes(current)].sort());
  const sameRest = sameJson({ ...old, keySha256: '' }, { ...current, keySha256: '' });
  return [...(sameKeys ? [] : ['rekeyed']), ...(sameRest ? [] : ['changed'])];
}

function namesIn(before: Named<unknown>, after: Named<unknown>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function byName<Item extends { name: string }>(items: readonly Item[]): Named<Item> {
  return Object.fromEntries(items.map((item) => [item.name, item]));
}
