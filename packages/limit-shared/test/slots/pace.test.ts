import { expect, test } from "vitest";
import { Pace } from "../../src/slots/pace.ts";

test("a member that lacks slots asks twice in the time that a call takes, then more and more seldom", () => {
  const pace = new Pace(250);
  pace.ended(80);
  const pauses = Array.from({ length: 12 }, () => pace.next());
  expect(pauses.slice(0, 3)).toEqual([40, 50, 62.5]);
  expect(pauses.at(-1)).toBe(250);
  pace.reset();
  expect(pace.next()).toBe(40);
});

test("before a call has ended it goes by 20 ms, and it asks every 2 ms at most", () => {
  const pace = new Pace(250);
  expect(pace.next()).toBe(10);
  pace.ended(1);
  pace.reset();
  expect(pace.next()).toBe(2);
});
