import type { Links } from './links';
import { orUnavailable } from './unavailable';

/** Links whose store may be gone: a request hears `StoreUnavailable` instead of what a database driver has to say. */
export function guardedLinks(links: Links): Links {
  return {
    ...links,
    find: (clinic, staffId, vendor) => orUnavailable(() => links.find(clinic, staffId, vendor)),
    list: (clinic, staffId) => orUnavailable(() => links.list(clinic, staffId)),
    atVendor: (vendor, clinic) => orUnavailable(() => links.atVendor(vendor, clinic)),
    put: (link) => orUnavailable(() => links.put(link)),
    remove: (clinic, staffId, vendor) => orUnavailable(() => links.remove(clinic, staffId, vendor)),
  };
}
