/** What each field of a record was known to hold when an update of it ended: a digest of the value, by the field's name. */
export type AsLeft = Readonly<Record<string, string>>;
