/**
 * Owns HTTP dates (RFC 9110 §5.6.7): writes IMF-fixdate, reads all three forms; never asks what time it is.
 *
 * @module
 */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const LONG_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The last instant that four digits of a year can name, in milliseconds since the epoch. */
const LAST_FIXDATE = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
/** A two-digit year never means a date further ahead than this, in years (RFC 9110 §5.6.7). */
const RFC850_HORIZON = 50;

const two = (value: number): string => value < 10 ? `0${value}` : `${value}`;

/**
 * Writes an instant as IMF-fixdate, in whole seconds, rounded down.
 *
 * Throws a `RangeError` where `ms` (milliseconds since the epoch) is outside the years 0 to 9999.
 *
 * @example
 * ```ts
 * import { formatHttpDate } from "@avx/http/fields";
 *
 * console.assert(formatHttpDate(784111777000) === "Sun, 06 Nov 1994 08:49:37 GMT");
 * ```
 */
export function formatHttpDate(ms: number): string {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && ms <= LAST_FIXDATE)) {
    throw new RangeError(`Cannot format date as its year must be 0 to 9999: received ${ms} ms since the epoch`);
  }
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${
    `${year}`.padStart(4, "0")
  } ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}

/**
 * Reads an HTTP date in any of its three forms: milliseconds since the epoch, or `undefined` when it is none, in which
 * case the field is to be ignored (RFC 9110 §13.1.3). A leap second (:60) is the second after it.
 *
 * `now`, in milliseconds since the epoch, decides the century of a two-digit year: not more than 50 years ahead.
 *
 * @example
 * ```ts
 * import { parseHttpDate } from "@avx/http/fields";
 *
 * console.assert(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(2030, 0, 1)) === 784111777000);
 * ```
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  switch (text.indexOf(",")) {
    case -1:
      return parseAsctime(text);
    case 3:
      return parseFixdate(text);
    default:
      return parseRfc850(text, now);
  }
}

/** `day-name "," SP date1 SP time-of-day SP GMT`, date1 as `06 Nov 1994`. */
function parseFixdate(text: string): number | undefined {
  if (text.length !== 29 || text[4] !== " " || text[7] !== " " || text[11] !== " " || text.slice(25) !== " GMT") {
    return undefined;
  }
  return instant(DAYS.indexOf(text.slice(0, 3)), digits(text, 12, 4), text.slice(8, 11), digits(text, 5, 2), text, 16);
}

/** `day-name-l "," SP date2 SP time-of-day SP GMT`, date2 as `06-Nov-94`. */
function parseRfc850(text: string, now: number): number | undefined {
  const day = text.indexOf(",") + 2;
  if (text.length !== day + 22 || text[day - 1] !== " " || text[day + 2] !== "-" || text[day + 6] !== "-") {
    return undefined;
  }
  if (text.slice(day + 18) !== " GMT") return undefined;
  const weekday = LONG_DAYS.indexOf(text.slice(0, day - 2));
  const read = (year: number) =>
    instant(weekday, year, text.slice(day + 3, day + 6), digits(text, day, 2), text, day + 9);
  const horizon = new Date(now);
  horizon.setUTCFullYear(horizon.getUTCFullYear() + RFC850_HORIZON);
  // The latest year that ends in these digits and is not past the horizon: the horizon's own century, else one before.
  const century = Math.floor(horizon.getUTCFullYear() / 100) * 100;
  const year = digits(text, day + 7, 2);
  const nearest = Date.UTC(century + year, 0, 1) > horizon.getTime() ? century + year - 100 : century + year;
  const value = read(nearest);
  return value === undefined || value > horizon.getTime() ? read(nearest - 100) : value;
}

/** `day-name SP date3 SP time-of-day SP year`, date3 as `Nov  6`. */
function parseAsctime(text: string): number | undefined {
  if (text.length !== 24 || text[3] !== " " || text[7] !== " " || text[10] !== " " || text[19] !== " ") {
    return undefined;
  }
  const day = text[8] === " " ? digits(text, 9, 1) : digits(text, 8, 2);
  return instant(DAYS.indexOf(text.slice(0, 3)), digits(text, 20, 4), text.slice(4, 7), day, text, 10);
}

/** Reads `SP hh:mm:ss` at `time` and checks that the whole names a day that exists; NaN digits fail every comparison. */
function instant(
  weekday: number,
  year: number,
  monthName: string,
  day: number,
  text: string,
  time: number,
): number | undefined {
  const month = MONTHS.indexOf(monthName);
  const hour = digits(text, time + 1, 2);
  const minute = digits(text, time + 4, 2);
  const second = digits(text, time + 7, 2);
  if (weekday < 0 || month < 0 || text[time] !== " " || text[time + 3] !== ":" || text[time + 6] !== ":") {
    return undefined;
  }
  if (!(year >= 0 && day >= 1 && hour <= 23 && minute <= 59 && second <= 60)) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month) return undefined;
  return date.setUTCHours(hour, minute, second);
}

/** The number that `count` decimal digits at `at` make; NaN where one is no digit. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let offset = 0; offset < count; offset++) {
    const digit = text.charCodeAt(at + offset) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
