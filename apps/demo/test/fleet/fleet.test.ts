import { howToGetOne, serverForTests } from "@sluice/test-kit/redis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { fleet } from "../../src/fleet/fleet.ts";
import { mostAllowed } from "../../src/fleet/findings.ts";
import { members, phaseNames, terms, victim } from "../../src/fleet/plan.ts";
import { Demo } from "../helper/demo.ts";

const server = await serverForTests();

describe.skipIf(server.missing)(`the fleet, over ${server.name}`, () => {
  let demo: Demo;

  afterEach(() => demo.end());

  /** What the table says of a phase, by the titles of its columns. */
  const rowOf = (phase: string): Readonly<Record<string, number>> => {
    const cells = (line: RegExp) => line.exec(demo.output)![0].split(/ {2,}/);
    const titles = cells(/^phase .*$/m);
    const row = cells(new RegExp(`^${phase} .* ms .*$`, "m"));
    return Object.fromEntries(titles.map((title, index) => [title, Number.parseFloat(row[index]!)]));
  };

  test("goes through all phases within its limit, says what it saw, exits with 0 and leaves nobody behind", async () => {
    demo = new Demo("--fleet", "--quick");
    await demo.endsWell();
    expect(demo.isThere).toBe(false);
    let started = 0;
    let seconds = 0;
    let afterDeath: number[] = [];
    for (const phase of phaseNames) {
      const row = rowOf(phase);
      const lasts = Number(new RegExp(`^${phase} +(\\S+) s: `, "m").exec(demo.output)![1]);
      const rates = members.map((member) => row[member]!);
      // What was on its way when it was killed may still arrive.
      if (phase === "killed") afterDeath = rates.splice(members.indexOf(victim), 1);
      expect(Math.min(...rates)).toBeGreaterThan(0);
      // But for rounding, nobody else has sent anything.
      const ofAll = members.reduce((sum, member) => sum + row[member]!, 0);
      expect(Math.abs(row["backend"]! - ofAll)).toBeLessThan(2.5);
      started += row["backend"]! * lasts;
      seconds += lasts;
    }
    const alarms = Number(/took the store for down (\d+) times/.exec(demo.output)?.[1] ?? 0);
    expect(afterDeath[0]).toBeLessThan(5);
    // At each beginning and end of an outage there may be more, and nobody knows to the digit what was rounded.
    const more = (1 + alarms) * (mostAllowed.outage + mostAllowed.back - 2 * mostAllowed.usual) + 2.5 * seconds;
    expect(started).toBeLessThan(terms.burst + (terms.limit * seconds * 1_000) / terms.interval + more);
    expect(demo.output).toMatch(/^Outage: the store was paused, the gateways noticed after \d+ to \d+ ms/m);
    expect(demo.output).toMatch(/^Its end: the store went on, the gateways noticed after \d+ to \d+ ms/m);
  });

  test("when Ctrl-C comes while the store is paused, ends everybody", async () => {
    demo = new Demo("--fleet", "--quick");
    await demo.says(/^outage/m);
    demo.process.kill("SIGINT");
    expect(await demo.exited).toBe(130);
    expect(demo.isThere).toBe(false);
  });

  test("when it is killed while the store is paused, takes the store and the gateways along", async () => {
    demo = new Demo("--fleet", "--quick");
    await demo.says(/^outage/m);
    demo.process.kill("SIGKILL");
    await vi.waitUntil(() => !demo.isThere, { timeout: 45_000 });
    expect(demo.isThere).toBe(false);
  });
});

describe("the fleet, without a server", () => {
  const without = async (find: () => Promise<undefined>) => {
    let said = "";
    const output = { write: (text: string) => void (said += text) };
    const code = await fleet({ quick: true, output, signal: new AbortController().signal, find });
    return { code, said };
  };

  test("says how to get one, and starts nothing", async () => {
    const { code, said } = await without(async () => undefined);
    expect(code).toBe(1);
    expect(said.split("\n").slice(1)).toEqual([howToGetOne, ""]);
  });

  test("when the one that is named does not run, says so", async () => {
    const named = "SLUICE_REDIS_SERVER: /nowhere is no server that runs here";
    const { code, said } = await without(() => Promise.reject(new Error(named)));
    expect(code).toBe(1);
    expect(said.split("\n").slice(1)).toEqual([named, ""]);
  });
});
