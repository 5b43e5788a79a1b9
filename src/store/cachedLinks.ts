import NodeCache from 'node-cache';
import type { Link, Links } from './links';

export interface LinkCacheOptions {
  /** For how long a change made by another process may go unnoticed. */
  ttlSeconds: number;
  /** How many links are kept; when it is full, further ones are looked up each time until some expire. */
  maxKeys: number;
}

const SEEN_SECONDS = 3_600;

/**
 * Keeps looked-up links in memory. What this process changes is seen at once. That there is no link is never kept, so
 * that a new link works everywhere as soon as it is made.
 */
export function cachedLinks(links: Links, { ttlSeconds, maxKeys }: LinkCacheOptions): Links {
  const cache = new NodeCache({ stdTTL: ttlSeconds, checkperiod: ttlSeconds, useClones: false });
  /** Links that the vendor was seen to have, which does not change back. */
  const seen = new NodeCache({ stdTTL: SEEN_SECONDS, checkperiod: SEEN_SECONDS / 10, useClones: false });
  /** Of whole vendors: a page of a list asks for the same ones as the page before. */
  const maps = new NodeCache({ stdTTL: ttlSeconds, checkperiod: ttlSeconds, useClones: false });
  let changes = 0;

  function noteSeen(link: Link): void {
    if (seen.getStats().keys < maxKeys) seen.set(seenKey(link), true);
  }

  /** Also counts the change, because a lookup that is under way may bring the value from before it. */
  async function changing<Result>(key: string | undefined, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } finally {
      changes += 1;
      maps.flushAll();
      if (key === undefined) cache.flushAll();
      else cache.del(key);
    }
  }

  return {
    async find(clinic, staffId, vendor) {
      const key = keyOf(clinic, staffId, vendor);
      const kept = cache.get<string>(key);
      if (kept !== undefined) return kept;
      const before = changes;
      const found = await links.find(clinic, staffId, vendor);
      // node-cache throws when it is full; asking first is cheaper than catching.
      if (found !== undefined && changes === before && cache.getStats().keys < maxKeys) cache.set(key, found);
      return found;
    },
    async isChecked(link) {
      if (seen.has(seenKey(link))) return true;
      const isChecked = await links.isChecked(link);
      if (isChecked) noteSeen(link);
      return isChecked;
    },
    async markChecked(link) {
      await links.markChecked(link);
      noteSeen(link);
    },
    clinicOf: (vendor, vendorRecordId) => links.clinicOf(vendor, vendorRecordId),
    list: (clinic, staffId) => links.list(clinic, staffId),
    async atVendor(vendor, clinic) {
      const key = keyOf(clinic ?? '', '', vendor);
      const kept = maps.get<ReadonlyMap<string, string>>(key);
      if (kept !== undefined) return kept;
      const before = changes;
      const found = await links.atVendor(vendor, clinic);
      if (changes === before) maps.set(key, found);
      return found;
    },
    put: (link, options) =>
      changing(keyOf(link.clinic, link.staffId, link.vendor), () => links.put(link, options)),
    remove: (clinic, staffId, vendor, by) =>
      changing(keyOf(clinic, staffId, vendor), () => links.remove(clinic, staffId, vendor, by)),
    importAll: (rows, options) => changing(undefined, () => links.importAll(rows, options)),
    exportAll: () => links.exportAll(),
  };
}

/** Unambiguous: clinics and vendors are names from the configuration and hold no NUL, whatever the staff id holds. */
function keyOf(clinic: string, staffId: string, vendor: string): string {
  return `${clinic}\0${vendor}\0${staffId}`;
}

function seenKey({ clinic, staffId, vendor, vendorRecordId }: Link): string {
  return `${keyOf(clinic, staffId, vendor)}\0${vendorRecordId}`;
}
