/** Where a clinic's staff member is found at a vendor connection. */
export interface Link {
  clinic: string;
  staffId: string;
  /** The connection's name in the configuration. */
  vendor: string;
  vendorRecordId: string;
}

/** The form that every vendor record id has: 1 to 200 characters, no control characters. Adapters ask for more. */
export function isVendorRecordId(value: string): boolean {
  // \p{Cs} is half a surrogate pair, which no database stores.
  return /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value);
}
