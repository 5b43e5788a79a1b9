/** What changes of links leave in the audit. */
import { act, type Change } from './changes';
import type { Link } from './link';

/** Who changes a link. */
export interface LinkChange {
  caller: string;
  requestId: string;
}

/** A link as it was written. */
export interface LinkedRow extends Link {
  /** 1 for a new one, counted up by every replacement. */
  revision: number;
}

/** New links are counted for each clinic and connection; one that leads elsewhere from now on is told by itself. */
export function importRows(links: readonly LinkedRow[], by: LinkChange): Change[] {
  const counts = new Map<string, { clinic: string; vendor: string; created: number }>();
  const replaced: Change[] = [];
  for (const { revision, ...link } of links) {
    const { clinic, vendor } = link;
    if (revision > 1) {
      replaced.push(act({ kind: 'import', ...link, ...by, detail: { replaced: true } }));
    } else {
      const key = `${clinic}\0${vendor}`;
      const count = counts.get(key) ?? { clinic, vendor, created: 0 };
      count.created += 1;
      counts.set(key, count);
    }
  }
  const created = [...counts.values()].map(({ clinic, vendor, created: count }) =>
    act({ kind: 'import', clinic, vendor, ...by, detail: { created: count } }),
  );
  return [...created, ...replaced];
}
