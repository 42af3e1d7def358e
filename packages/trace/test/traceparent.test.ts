import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { nextTraceparent, parseTraceparent } from "../src/traceparent.ts";

// The specification's own example.
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("parseTraceparent", () => {
  test.each([
    ["version 00, sampled", `00-${traceId}-${spanId}-01`, "01"],
    ["version 00, not sampled", `00-${traceId}-${spanId}-00`, "00"],
    ["a random trace id (level 2 of the specification)", `00-${traceId}-${spanId}-03`, "03"],
    ["unknown flags, which must not be passed on", `00-${traceId}-${spanId}-fd`, "01"],
    ["a version to come", `01-${traceId}-${spanId}-01`, "01"],
    ["a version to come with more to it", `cc-${traceId}-${spanId}-01-what-the-future-brings`, "01"],
    ["a version to come with nothing more to it", `cc-${traceId}-${spanId}-01-`, "01"],
    ["flags of a version to come, of which only `sampled` is known", `cc-${traceId}-${spanId}-ff`, "01"],
  ])("reads %s", (_what, value, flags) => {
    expect(parseTraceparent(value)).toEqual({ traceId, spanId, flags });
  });

  test.each([
    ["nothing", ""],
    ["version ff", `ff-${traceId}-${spanId}-01`],
    ["version 00 with more to it", `00-${traceId}-${spanId}-01-more`],
    ["version 00 with a dash behind it", `00-${traceId}-${spanId}-01-`],
    ["a version to come that goes on without a dash", `01-${traceId}-${spanId}-011`],
    ["a version that is no number", `0g-${traceId}-${spanId}-01`],
    ["a version of one digit", `0-${traceId}-${spanId}-01`],
    ["a trace id of zeros", `00-${"0".repeat(32)}-${spanId}-01`],
    ["a parent id of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["upper case", `00-${traceId.toUpperCase()}-${spanId}-01`],
    ["an upper case parent id", `00-${traceId}-${spanId.toUpperCase()}-01`],
    ["an upper case version", `CC-${traceId}-${spanId}-01`],
    ["upper case flags", `00-${traceId}-${spanId}-0A`],
    ["a trace id that is too short", `00-${traceId.slice(1)}-${spanId}-01`],
    ["a trace id that is too long", `00-${traceId}0-${spanId}-01`],
    ["a parent id that is too short", `00-${traceId}-${spanId.slice(1)}-01`],
    ["flags that are missing", `00-${traceId}-${spanId}`],
    ["flags of one digit", `00-${traceId}-${spanId}-1`],
    ["other separators", `00_${traceId}_${spanId}_01`],
    ["space in front", ` 00-${traceId}-${spanId}-01`],
    ["a line end behind", `00-${traceId}-${spanId}-01\n`],
    ["two headers in one", `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
  ])("refuses %s", (_what, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  test("reads whatever nextTraceparent writes", () => {
    const first = parseTraceparent(nextTraceparent(undefined));
    expect(first).toBeDefined();
    expect(parseTraceparent(nextTraceparent(first))?.traceId).toBe(first!.traceId);
  });

  test("answers with valid ids or not at all, whatever it is given", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF-g ".split("")), maxLength: 60 });
    const close = fc
      .tuple(fc.constant(`00-${traceId}-${spanId}-01`), fc.nat(54), fc.constantFrom(..."0fgF- ".split("")))
      .map(([valid, at, digit]) => valid.slice(0, at) + digit + valid.slice(at + 1));
    const answers = fc.sample(fc.oneof(digits, close), 500).map((value) => [value, parseTraceparent(value)] as const);
    const wrong = answers.filter(
      ([value, parsed]) =>
        parsed !== undefined &&
        !(
          value.includes(`-${parsed.traceId}-${parsed.spanId}-`) &&
          /^[\da-f]{32}$/.test(parsed.traceId) &&
          /^[\da-f]{16}$/.test(parsed.spanId) &&
          /^0[0-3]$/.test(parsed.flags)
        ),
    );
    expect(wrong).toEqual([]);
    expect(new Set(answers.map(([, parsed]) => parsed === undefined))).toEqual(new Set([true, false]));
  });
});

describe("nextTraceparent", () => {
  test("keeps the trace and the flags, and makes a span of its own", () => {
    const parent = { traceId, spanId, flags: "01" };
    const [one, two] = [nextTraceparent(parent), nextTraceparent(parent)];
    expect(one).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(one).not.toContain(spanId);
    expect(two).not.toBe(one);
  });

  test("begins a trace of version 00, which is not sampled", () => {
    expect(nextTraceparent(undefined)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  test("does not make ids of zeros, however random numbers fall", () => {
    vi.spyOn(crypto, "randomUUID").mockReturnValue("00000000-0000-4000-8000-000000000000");
    expect(parseTraceparent(nextTraceparent(undefined))).toBeDefined();
  });
});
