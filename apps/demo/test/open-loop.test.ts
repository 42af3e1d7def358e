import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ask } from "../src/load/client.ts";
import { OpenLoop } from "../src/load/open-loop.ts";
import { Counter } from "../src/load/tally.ts";
import { greedyRoute } from "../src/plan.ts";
import { byRoute } from "../src/routes.ts";

vi.mock("../src/load/client.ts", () => ({ ask: vi.fn<typeof ask>() }));

const rates = byRoute((route) => (route === greedyRoute ? 100 : 0));
let now: number;
let loop: OpenLoop;
let tick: () => void;

beforeEach(() => {
  now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(globalThis, "setInterval").mockImplementation((run) => {
    tick = run;
    return undefined as unknown as NodeJS.Timeout;
  });
  loop = new OpenLoop(1, 1000);
  vi.mocked(ask).mockReset();
});

afterEach(() => vi.restoreAllMocks());

/** Offers the load for so many ms, in which nothing holds it up, or all does. */
function offer(ms: number, { heldUp = false, greedy = 0, isMarked = true } = {}) {
  const counters = byRoute(() => new Counter());
  loop.offer("a phase", counters, { rates, greedy, isMarked });
  if (heldUp) now += ms;
  else for (const end = now + ms; now < end; now += 2) tick();
  loop.rest();
  return counters[greedyRoute].tally();
}

describe("the load", () => {
  test("is as many requests as are due", () => {
    expect(offer(1000).offered).toBe(100);
  });

  test("when it was held up, does not send all that was due meanwhile at once, and says for how long it was held up", () => {
    const { offered } = offer(1000, { heldUp: true });
    // Those of the last 200 ms.
    expect(offered).toBeGreaterThan(0);
    expect(offered).toBeLessThanOrEqual(21);
    expect(loop.heldUp()["a phase"]).toBeGreaterThan(900);
  });

  test("is important once in ten, and comes from several clients in turn", () => {
    const { important } = offer(1000);
    expect(important.offered).toBe(10);
    const askers = vi.mocked(ask).mock.calls.map(([, , , , asker]) => asker!);
    const turns = askers.filter(({ client }) => client === askers[0]!.client);
    expect(new Set(askers.map(({ client }) => client)).size).toBe(8);
    expect(turns.length).toBeLessThanOrEqual(13);
  });

  test("that is important says so where that is wanted, and is counted either way", () => {
    const marked = () => vi.mocked(ask).mock.calls.filter(([, , , , asker]) => asker!.isImportant).length;
    expect([offer(1000).important.offered, marked()]).toEqual([10, 10]);
    vi.mocked(ask).mockReset();
    expect([offer(1000, { isMarked: false }).important.offered, marked()]).toEqual([10, 0]);
  });

  test("counts a greedy client apart from the others", () => {
    vi.mocked(ask).mockImplementation((_port, _path, _patience, ended, asker) =>
      ended(asker?.client === "greedy" ? "good" : "refused"),
    );
    const { offered, good, greedy } = offer(1000, { greedy: 400 });
    expect([offered, good]).toEqual([100, 0]);
    expect(greedy.offered).toBeGreaterThanOrEqual(400);
    expect(greedy.good).toBe(greedy.offered);
  });
});
