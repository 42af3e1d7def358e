import { expect, test } from "vitest";
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
