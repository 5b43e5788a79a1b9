import type { Metrics, StoreOperation } from '../ops/metrics';
import type { Links } from './links';

/** Links whose lookups and changes are timed. Stands below the cache, so that only what reaches the store is seen. */
export function timedLinks(links: Links, metrics: Metrics): Links {
  const timed = async <T>(operation: StoreOperation, work: Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      return await work;
    } finally {
      metrics.store(operation, performance.now() - started);
    }
  };
  return {
    ...links,
    find: (clinic, staffId, vendor) => timed('links_find', links.find(clinic, staffId, vendor)),
    isChecked: (link) => timed('links_find', links.isChecked(link)),
    list: (clinic, staffId) => timed('links_list', links.list(clinic, staffId)),
    atVendor: (vendor, clinic) => timed('links_list', links.atVendor(vendor, clinic)),
    put: (link, options) => timed('links_put', links.put(link, options)),
    remove: (clinic, staffId, vendor, by) => timed('links_remove', links.remove(clinic, staffId, vendor, by)),
  };
}
