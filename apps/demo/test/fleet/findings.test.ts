import { describe, expect, test } from "vitest";
import { countsInASecond, fleetFindings, mostAllowed, mostAllowedIn } from "../../src/fleet/findings.ts";
import { byMember, fleetPlan, type Member, members, terms } from "../../src/fleet/plan.ts";
import type { FleetRecord, StateChange } from "../../src/fleet/record.ts";
import { fleetWords } from "../../src/fleet/words.ts";

const length = 2_000;

/** Phases of 2 s each, from 0 on, in which nothing happened. */
const quiet: FleetRecord = {
  phases: fleetPlan(1).map((phase, index) => ({ ...phase, from: index * length, to: (index + 1) * length })),
  arrivals: [],
  answers: [],
  changes: [],
};
const startOf = (name: string) => quiet.phases.find((phase) => phase.name === name)!.from;
const all = (to: "up" | "down", at: number, apart = 0): StateChange[] =>
  members.map((of, index) => ({ of, to, at: at + index * apart }));
const arrivalsAt = (from: Member, at: number, count: number) =>
  Array.from({ length: count }, () => [from, at] as const);

describe("the requests of any second", () => {
  test("are those of the second that ends with each, in whatever order they were told", () => {
    expect(countsInASecond([1_500, 0, 999, 1_000])).toEqual([
      { end: 0, count: 1 },
      { end: 999, count: 2 },
      { end: 1_000, count: 2 },
      { end: 1_500, count: 3 },
    ]);
  });

  test("are allowed to be the burst and a second's tokens, and more where not all gateways know what the store does", () => {
    expect(mostAllowedIn("crowded")).toBe(terms.burst + terms.limit);
    expect(mostAllowedIn("outage") - mostAllowed.usual).toBe((terms.limit * terms.timeout) / terms.interval);
    expect(mostAllowedIn("back") - mostAllowed.usual).toBe(Math.floor((2 / 3) * terms.limit));
  });
});

describe("the findings", () => {
  test("say of each phase what each gateway started in a second, and what its clients got", () => {
    const at = startOf("crowded");
    const { phases } = fleetFindings({
      ...quiet,
      arrivals: [
        ...arrivalsAt("north", at, 6),
        ...arrivalsAt("south", at + length - 1, 2),
        ...arrivalsAt("west", at + length, 4),
      ],
      answers: [
        { from: "north", asked: at, took: 7, ending: "answered" },
        { from: "south", asked: at, took: 90, ending: "refused" },
        { from: "south", asked: at, took: 80, ending: "failed" },
        { from: "south", asked: at - 1, took: 70, ending: "answered" },
      ],
    });
    const crowded = phases.find(({ phase }) => phase.name === "crowded")!;
    expect(crowded).toMatchObject({ asked: 1.5, refused: 0.5, failed: 1, slowest: 7, most: 6 });
    expect(crowded.started).toEqual({ north: 3, south: 1, west: 0 });
  });

  test("say when the gateways noticed, and which alarms were false", () => {
    const changes = [...all("down", startOf("outage") + 200, 10), ...all("up", startOf("back") + 5, 100)];
    const calm = fleetFindings({ ...quiet, changes });
    expect(calm).toMatchObject({ noticedDown: [200, 220], noticedUp: [5, 205], falseAlarms: 0 });
    const busy = fleetFindings({ ...quiet, changes: [...changes, ...all("down", startOf("killed"))] });
    expect(busy.falseAlarms).toBe(members.length);
  });

  test("take a gateway for one that has noticed which took the store for down already", () => {
    const changes = all("down", startOf("outage") - 1);
    expect(fleetFindings({ ...quiet, changes }).noticedDown).toEqual([0, 0]);
  });

  test("say how many requests the one that was killed took along", () => {
    const failed = byMember((from) => ({ from, asked: 0, took: 1, ending: "failed" as const }));
    expect(fleetFindings({ ...quiet, answers: Object.values(failed) }).cutOff).toBe(1);
  });
});

describe("the words", () => {
  const wordsOf = (record: Partial<FleetRecord>) => fleetWords(fleetFindings({ ...quiet, ...record })).join("\n");

  test.for(["crowded", "outage", "back"] as const)("say so when the backend got more than is allowed: %s", (phase) => {
    const at = startOf(phase);
    expect(wordsOf({ arrivals: arrivalsAt("north", at, mostAllowedIn(phase)) })).not.toContain("MORE");
    expect(wordsOf({ arrivals: arrivalsAt("north", at, mostAllowedIn(phase) + 1) })).toContain(
      `MORE THAN IT ALLOWS: ${phase}`,
    );
  });

  test("say so when a gateway did not notice the outage", () => {
    expect(wordsOf({ changes: all("down", startOf("outage")).slice(1) })).toContain("NOT ALL GATEWAYS NOTICED IT");
  });

  test("say so when the machine had other work", () => {
    expect(wordsOf({})).not.toContain("other work");
    expect(wordsOf({ changes: all("down", startOf("killed")) })).toContain("this machine had other work");
  });
});
