import { expect, test, vi } from "vitest";
import { ForgetfulMap } from "../../src/store/forgetful-map.ts";

test("a value is there until its time ends", () => {
  const map = new ForgetfulMap<string>();
  map.set("a", "A", 10, 0);
  expect(map.get("a", 9)).toBe("A");
  expect(map.get("a", 10)).toBeUndefined();
  map.set("a", "B", 20, 10);
  expect(map.get("a", 19)).toBe("B");
});

test("it does not grow with values whose time has ended", () => {
  const map = new ForgetfulMap<number>();
  for (let now = 0; now < 20_000; now++) {
    map.set(`key ${now}`, now, now + 3_000, now);
    expect(map.size).toBeLessThanOrEqual(2 * 3_000);
  }
  // What has not ended is still there.
  expect(map.get("key 17500", 20_000)).toBe(17_500);
});

test("values that stay are not looked through again and again", () => {
  const map = new ForgetfulMap<number>();
  const looked = vi.spyOn(Map.prototype, Symbol.iterator);
  for (let nth = 0; nth < 20_000; nth++) map.set(`key ${nth}`, nth, 1e9, nth);
  const times = looked.mock.calls.length;
  looked.mockRestore();
  // At 1,024, 2,048 and so on.
  expect(times).toBe(5);
  expect(map.size).toBe(20_000);
});
