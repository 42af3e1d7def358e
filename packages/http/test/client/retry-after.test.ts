import { describe, expect, test } from "vitest";
import { parseRetryAfter, retryAfterOf } from "../../src/index.ts";
import { loopback } from "@sluice/test-kit";

const noon = Date.UTC(2026, 10, 28, 12, 0, 0);

describe("promise 18: a Retry-After of seconds", () => {
  test.each([
    ["0", 0],
    ["1", 1_000],
    ["120", 120_000],
    ["007", 7_000],
    [" 5\t", 5_000],
  ])("%j is so many milliseconds", (value, ms) => {
    expect(parseRetryAfter(value, noon)).toBe(ms);
  });

  test("that is longer than any number stays a number above every timer", () => {
    const ms = parseRetryAfter("9".repeat(400), noon);
    expect(Number.isSafeInteger(ms)).toBe(true);
    expect(ms).toBeGreaterThan(2 ** 31);
  });
});

describe("promise 18: a Retry-After that is a date", () => {
  // The example of RFC 9110, section 5.6.7, in its three forms.
  const example = Date.UTC(1994, 10, 6, 8, 49, 37);
  test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "%j is understood, whatever the time zone of this machine",
    (value) => {
      expect(parseRetryAfter(value, example - 90_000)).toBe(90_000);
    },
  );

  test("that has passed means now", () => {
    expect(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", noon)).toBe(0);
  });

  test("with two digits for the year is at most 50 years ahead", () => {
    expect(parseRetryAfter("Saturday, 28-Nov-76 12:00:00 GMT", noon)).toBe(Date.UTC(2076, 10, 28, 12) - noon);
    expect(parseRetryAfter("Monday, 28-Nov-77 12:00:00 GMT", noon)).toBe(0);
    expect(parseRetryAfter("Saturday, 01-Jan-00 00:00:00 GMT", Date.UTC(2099, 11, 31))).toBe(86_400_000);
  });

  test("on a leap day, or in a leap second, is understood", () => {
    expect(parseRetryAfter("Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 28))).toBe(86_400_000);
    expect(parseRetryAfter("Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2016, 11, 31, 23, 59, 59))).toBe(1_000);
  });
});

describe("promise 18: a Retry-After that is anything else", () => {
  test.each([
    "",
    " ",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x10",
    "١",
    "Infinity",
    "soon",
    "12, 13",
    "1; 2",
    "2026-11-28T12:00:30Z",
    "Sat, 28 Nov 2026 12:00:30",
    "Sat, 28 Nov 2026 12:00:30 UTC",
    "Sat, 28 Nov 2026 12:00:30 +0000",
    "sat, 28 nov 2026 12:00:30 gmt",
    "Sat, 31 Nov 2026 12:00:30 GMT",
    "Sun, 29 Feb 2026 12:00:30 GMT",
    "Sat, 00 Nov 2026 12:00:30 GMT",
    "Sat, 28 Nov 2026 24:00:00 GMT",
    "Sat, 28 Nov 2026 12:60:00 GMT",
    "Sat, 28 Nov 2026 12:00:61 GMT",
    "Sat, 8 Nov 2026 12:00:30 GMT",
    "Saturday, 28-Nov-2026 12:00:30 GMT",
    "Sat Nov 28 12:00:30 2026 GMT",
  ])("%j is undefined", (value) => {
    expect(parseRetryAfter(value, noon)).toBeUndefined();
    const headers = new Map([
      ["retry-after", value],
      ["date", new Date(noon).toUTCString()],
    ]);
    expect(retryAfterOf({ get: (header) => headers.get(header) ?? null })).toBeUndefined();
  });

  test("is looked through once, however long it is", () => {
    for (const value of ["x".repeat(1e6), `1${" ".repeat(1e6)}x`, `${"1".repeat(1e6)}x`, `Sat${" ".repeat(1e6)}`]) {
      expect(parseRetryAfter(value, noon)).toBeUndefined();
    }
  });

  test("as none is", () => {
    expect(parseRetryAfter(null, noon)).toBeUndefined();
    expect(parseRetryAfter(undefined, noon)).toBeUndefined();
    expect(retryAfterOf(new Headers())).toBeUndefined();
  });
});

describe("promise 18: a date is measured against the server's own clock", () => {
  const inAMinute = "Sun, 06 Nov 1994 08:50:37 GMT";

  test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "when that says %j, in a year that is not ours",
    (date) => {
      expect(retryAfterOf(new Headers({ "retry-after": inAMinute, date }))).toBe(60_000);
      expect(retryAfterOf(new Headers({ "retry-after": "Sunday, 06-Nov-94 08:50:37 GMT", date }))).toBe(60_000);
    },
  );

  test("also where that clock was set to before 1970", () => {
    const date = "Wed, 31 Dec 1969 23:59:30 GMT";
    expect(retryAfterOf(new Headers({ "retry-after": "Thu, 01 Jan 1970 00:00:30 GMT", date }))).toBe(60_000);
    expect(retryAfterOf(new Headers({ "retry-after": "5", date }))).toBe(5_000);
  });

  test("and what a cache has kept is so much older", () => {
    const headers = { "retry-after": inAMinute, date: "Sun, 06 Nov 1994 08:49:37 GMT", age: "45" };
    expect(retryAfterOf(new Headers(headers))).toBe(15_000);
    expect(retryAfterOf(new Headers({ ...headers, age: "-45" }))).toBe(60_000);
  });

  test("without a Date the caller may say what time it is, and else a date is undefined", () => {
    for (const date of [undefined, "yesterday"]) {
      const headers = new Headers({ "retry-after": inAMinute, ...(date !== undefined && { date }) });
      expect(retryAfterOf(headers)).toBeUndefined();
      expect(retryAfterOf(headers, Date.UTC(1994, 10, 6, 8, 50, 0))).toBe(37_000);
    }
    expect(retryAfterOf(new Headers({ "retry-after": "7" }))).toBe(7_000);
  });

  test("as a real response says it", async () => {
    await using upstream = await loopback((_request, response) => {
      response.sendDate = false;
      response.setHeader("date", "Sun, 06 Nov 1994 08:49:37 GMT");
      response.writeHead(503, { "retry-after": inAMinute }).end();
    });
    const response = await fetch(upstream.origin);
    await response.text();
    expect(retryAfterOf(response.headers)).toBe(60_000);
  });
});
