import type { Links } from './links';
import { orUnavailable } from './unavailable';

/** Links whose store may be gone: a request hears `StoreUnavailable` instead of what a database driver has to say. */
export function guardedLinks(links: Links): Links {
  return {
    ...links,
    find: (clinic, staffId, vendor) => orUnavailable(() => links.find(clinic, staffId, vendor)),
    isChecked: (link) => orUnavailable(() => links.isChecked(link)),
    markChecked: (link) => orUnavailable(() => links.markChecked(link)),
    list: (clinic, staffId) => orUnavailable(() => links.list(clinic, staffId)),
    atVendor: (vendor, clinic) => orUnavailable(() => links.atVendor(vendor, clinic)),
    put: (link, options) => orUnavailable(() => links.put(link, options)),
    clinicOf: (vendor, vendorRecordId) => orUnavailable(() => links.clinicOf(vendor, vendorRecordId)),
    remove: (clinic, staffId, vendor, by) => orUnavailable(() => links.remove(clinic, staffId, vendor, by)),
  };
}
