const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const month = `(?<month>${months.join("|")})`;
const time = "(?<hour>[01]\\d|2[0-3]):(?<minute>[0-5]\\d):(?<second>[0-5]\\d|60)";
const shortDay = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";

/** The three forms of RFC 9110, section 5.6.7: IMF-fixdate, RFC 850 and asctime. They are case-sensitive. */
const forms: readonly RegExp[] = [
  new RegExp(`^${shortDay}, (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDay}, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^${shortDay} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/**
 * The time of an HTTP date, in milliseconds since 1970; undefined for anything else. It does not use `Date.parse`, which accepts many other
 * forms, and reads the asctime form as local time.
 *
 * @param now milliseconds since 1970: a year of two digits is at most 50 years later (RFC 9110, section 5.6.7)
 */
export function parseHttpDate(value: string, now: number): number | undefined {
  for (const form of forms) {
    const parts = form.exec(value)?.groups;
    if (parts === undefined) continue;
    const day = Number(parts["day"]);
    const date = new Date(0);
    date.setUTCFullYear(yearOf(parts["year"]!, now), months.indexOf(parts["month"]!), day);
    // `Date` turns June 31 into July 1.
    if (date.getUTCDate() !== day) return undefined;
    return date.setUTCHours(Number(parts["hour"]), Number(parts["minute"]), Number(parts["second"]));
  }
  return undefined;
}

function yearOf(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits);
  const latest = new Date(now).getUTCFullYear() + 50;
  return latest - ((latest - Number(digits)) % 100);
}
