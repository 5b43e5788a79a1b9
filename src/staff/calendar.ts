/**
 * True for a date of the calendar, `2024-02-29` but not `2023-02-29`.
 * @param value has the form `YYYY-MM-DD`
 */
export function isOnCalendar(value: string): boolean {
  const year = Number(value.slice(0, 4));
  const month = Number(value.slice(5, 7));
  const day = Number(value.slice(8, 10));
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : (DAYS_OF_MONTHS[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

/** In a year that is no leap year. */
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The same without the year 0000, which never existed: a caller may not send it, though a vendor may have stored it. */
export function isRealDate(value: string): boolean {
  return !value.startsWith('0000') && isOnCalendar(value);
}
