/** 1 to 128 characters that need no quoting anywhere, the first one a letter or digit. */
export const STAFF_ID = /^[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}$/;

export function isStaffId(value: string): boolean {
  return STAFF_ID.test(value);
}
