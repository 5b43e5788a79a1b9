const MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * True for a date of the calendar, `2024-02-29` but not `2023-02-29`. Reckoned, because every shown record has some dates, and
 * V8 takes longer to read one.
 * @param value has the form `YYYY-MM-DD`
 */
export function isOnCalendar(value: string): boolean {
  const year = Number(value.slice(0, 4));
  const month = Number(value.slice(5, 7));
  const day = Number(value.slice(8, 10));
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 && isLeap ? 29 : (MONTH_LENGTHS[month - 1] ?? 0);
  return day > 0 && day <= length;
}

/** The same without the year 0000, which there never was: nobody may send it, though a vendor may have stored it. */
export function isRealDate(value: string): boolean {
  return !value.startsWith('0000') && isOnCalendar(value);
}
