/** Codes that have no counterpart at a connection, and what its catalogue may have for them. */
import type { ReferenceEntry } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { entriesAt } from '../connection/doctor';
import { folded } from '../directory/fold';
import type { NeededCode } from './judge';
import { namesAlike } from './match/alike';
import { wordsOf } from './match/evidence';
import { byCodeUnit } from './people';
import type { CodeCount } from './verdict';

export class CodeCounts {
  readonly #counts = new Map<string, CodeCount>();

  /** What the codes are called, as far as that was shown. */
  readonly names = new Map<string, string>();

  add(codes: readonly NeededCode[]): void {
    for (const { list, code, name } of codes) {
      if (name !== undefined) this.names.set(code, name);
      const key = `${list}\0${code}`;
      const known = this.#counts.get(key);
      if (known) known.count += 1;
      else this.#counts.set(key, { list, code, count: 1 });
    }
  }

  /** The most frequent of each list first. */
  list(): CodeCount[] {
    return [...this.#counts.values()].sort(
      (one, other) =>
        byCodeUnit(one.list, other.list) || other.count - one.count || byCodeUnit(one.code, other.code),
    );
  }
}

/** A row that the configuration of a connection may lack: `codes.<list>: { <code>: <vendorCode> }`. */
export interface ProposedCode {
  list: string;
  code: string;
  vendorCode: string;
  /** What the vendor calls it. */
  name: string;
}

/** So alike has a name to be. */
const ALIKE = 0.93;

/**
 * What the vendor's own catalogue may mean by the codes: by the code itself, or by a name that is alike. For people to look at.
 * @param names what the codes are called here, by code
 */
export async function proposeCodes(
  connection: VendorConnection,
  codes: readonly CodeCount[],
  names: ReadonlyMap<string, string>,
): Promise<ProposedCode[]> {
  const proposed: ProposedCode[] = [];
  for (const list of new Set(codes.map((code) => code.list))) {
    const catalogue = connection.adapter.checks?.lists[list];
    if (catalogue === undefined || typeof catalogue === 'string') continue;
    const entries = await entriesAt(connection, catalogue);
    if (typeof entries === 'string') continue;
    for (const { code } of codes.filter((one) => one.list === list)) {
      const entry = counterpart(entries, code, names.get(code));
      if (entry) proposed.push({ list, code, vendorCode: entry.code, name: entry.name ?? '' });
    }
  }
  return proposed;
}

function counterpart(
  entries: readonly ReferenceEntry[],
  code: string,
  name: string | undefined,
): ReferenceEntry | undefined {
  const active = entries.filter(({ inactive }) => inactive !== true);
  const called = [code, ...(name === undefined ? [] : [name])];
  const exact = active.find((entry) =>
    called.some((text) => folded(text) === folded(entry.name ?? '') || text === entry.code),
  );
  if (exact !== undefined) return exact;
  const alike = (entry: ReferenceEntry) =>
    Math.max(...called.map((text) => namesAlike(wordsOf(text), wordsOf(entry.name)) ?? 0));
  const [best] = active
    .map((entry) => ({ entry, score: alike(entry) }))
    .sort((one, other) => other.score - one.score || byCodeUnit(one.entry.code, other.entry.code));
  return best !== undefined && best.score >= ALIKE ? best.entry : undefined;
}
