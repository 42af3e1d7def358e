import { unhandledIn } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { OverloadedError, type Outcome } from "../src/index.ts";
import { classified, type Classify, isGivenUp, requireOneOf, verdictByDefault } from "../src/kit.ts";

const answered: Outcome = { status: "fulfilled", value: 5 };
const failed: Outcome = { status: "rejected", reason: new Error("down") };
const refused: Outcome = { status: "rejected", reason: new OverloadedError("db") };
const tooLong = Object.assign(new Error("too long"), { name: "TimeoutError" });

const required = (verdict: unknown): "good" | "bad" => requireOneOf("shop", "classify", verdict, ["good", "bad"]);

describe("an option classify", () => {
  test("is told how the call ended, what was asked, how long it took, and whether the caller gave up", () => {
    const asked: unknown[] = [];
    const classify: Classify<"good" | "bad"> = (...args) => {
      asked.push(args);
      return "good";
    };
    const ended = { outcome: failed, request: "socks", signal: AbortSignal.abort(), elapsed: 7 };
    expect(classified(classify, ended, required)).toBe("good");
    expect(asked).toEqual([[failed, { request: "socks", elapsed: 7, aborted: true }]]);
  });

  test.each<readonly [string, () => unknown, number]>([
    ["says nothing", () => undefined, 0],
    [
      "throws",
      (): never => {
        throw new Error("no verdict");
      },
      1,
    ],
    ["answers with another word", () => "fine", 1],
    ["answers with null", () => null, 1],
    ["answers with a promise", () => Promise.resolve("good"), 1],
  ])("that %s has no verdict, and a fault of its own is reported", async (_how, classify, times) => {
    const ended = { outcome: answered, request: "socks", signal: undefined, elapsed: 0 };
    const reported = await unhandledIn(async () => {
      expect(classified(classify as Classify<"good" | "bad">, ended, required)).toBeUndefined();
    });
    expect(reported).toHaveLength(times);
  });
});

describe("a caller who gave up", () => {
  test.each<readonly [string, AbortSignal | undefined, boolean]>([
    ["without a signal", undefined, false],
    ["whose signal is not aborted", new AbortController().signal, false],
    ["whose signal is aborted", AbortSignal.abort(), true],
    ["whose signal is aborted for a reason that is nothing", AbortSignal.abort(null), true],
    ["that waited for too long", AbortSignal.abort(tooLong), false],
  ])("%s", (_who, signal, expected) => {
    expect(isGivenUp(signal)).toBe(expected);
  });
});

test.each<readonly [string, Outcome, AbortSignal | undefined, string]>([
  ["a response", answered, AbortSignal.abort(), "success"],
  ["a failure", failed, undefined, "failure"],
  ["a failure after a timeout further out", failed, AbortSignal.abort(tooLong), "failure"],
  ["a failure after the caller gave up", failed, AbortSignal.abort(), "ignore"],
  ["a refusal, for nothing was tried", refused, undefined, "ignore"],
])("by default %s counts so", (_what, outcome, signal, verdict) => {
  expect(verdictByDefault(outcome, signal)).toBe(verdict);
});
