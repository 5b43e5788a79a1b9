import type { Links } from './links';
import { orUnavailable } from './unavailable';

/** Links whose store may be gone: a request hears `StoreUnavailable` instead of what a database driver has to say. */
export function guardedLinks(links: Links): Links {
  return {
    ...links,
    find: (clinic, staffId, vendor) => orUnavailable(() => links.find(clinic, staffId, vendor)),
    list: (clinic, staffId) => orUnavailable(() => links.list(clinic, staffId)),
    put: (link, by) => orUnavailable(() => links.put(link, by)),
    remove: (clinic, staffId, vendor, by) => orUnavailable(() => links.remove(clinic, staffId, vendor, by)),
  };
}
