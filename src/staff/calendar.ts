/**
 * True for a date of the calendar, `2024-02-29` but not `2023-02-29`.
 * @param value has the form `YYYY-MM-DD`
 */
export function isOnCalendar(value: string): boolean {
  const date = new Date(`${value}T00:00:00Z`);
  // The 30th of February becomes a day of March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

/** The same without the year 0000, which never existed: a caller may not send it, though a vendor may have stored it. */
export function isRealDate(value: string): boolean {
  return !value.startsWith('0000') && isOnCalendar(value);
}
