import { afterEach, expect, test, vi } from "vitest";
import { memberName } from "../src/member-name.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("no two members have one name, where all that is random is the same", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  expect(memberName()).not.toBe(memberName());
  vi.stubGlobal("crypto", undefined);
  expect(memberName()).not.toBe(memberName());
});

test("names of two processes differ, whatever Math.random says", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const random = (): string => memberName().split("-")[0]!;
  expect(random()).not.toBe(random());
});

test.each([undefined, {}])("names of two processes differ by Math.random where crypto is %j", (crypto) => {
  vi.stubGlobal("crypto", crypto);
  const random = (): string => memberName().split("-")[0]!;
  expect(random()).not.toBe(random());
});
