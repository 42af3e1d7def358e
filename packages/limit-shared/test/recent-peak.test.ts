import { expect, test } from "vitest";
import { RecentPeak } from "../src/recent-peak.ts";

test("is the most of the current span and of the one before it, and of nothing before these", () => {
  const peak = new RecentPeak(10);
  expect(peak.at(0)).toBe(0);
  peak.add(5, 0);
  peak.add(3, 9);
  expect(peak.at(9)).toBe(5);
  peak.add(2, 10);
  expect([peak.at(10), peak.at(19)]).toEqual([5, 5]);
  peak.add(1, 20);
  expect([peak.at(20), peak.at(29), peak.at(30)]).toEqual([2, 2, 1]);
});

test("is nothing after a pause of two spans", () => {
  const peak = new RecentPeak(10);
  peak.add(5, 100);
  expect(peak.at(119)).toBe(5);
  const other = new RecentPeak(10);
  other.add(5, 100);
  expect(other.at(120)).toBe(0);
});
