import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { GatewayMetrics } from "../src/gateway/metrics.ts";
import type { LiveRoute, SideFrame } from "../src/live/frame.ts";
import { Demo } from "./helper/demo.ts";
import { frames, frameWhere } from "./helper/frames.ts";

let demo: Demo;
let page: string;
let gateway: string;
let leaving = new AbortController();

beforeAll(async () => {
  demo = new Demo("--serve");
  [page, gateway] = [await demo.page(), await demo.gateway()];
});

afterAll(() => demo.end());

afterEach(() => leaving.abort());

/** What somebody sees who watches from now on, until the test ends. */
const watch = () => {
  if (leaving.signal.aborted) leaving = new AbortController();
  return frames(page, leaving.signal);
};
const post = (path: string, headers: Record<string, string> = {}) => fetch(page + path, { method: "POST", headers });
/** What a layer of a route counts, by the path of its number. */
const counted = ({ routes }: SideFrame, route: LiveRoute, layer: string, number: string): number => {
  const { described } = routes[route];
  for (let at = described?.root; at !== undefined; at = at.inner) {
    if (at.layer === layer) return Number(at.numbers[number] ?? 0);
  }
  return Number.NaN;
};
const refusedByKeyed = (side: SideFrame) => counted(side, "report", "loadShed", "refusedBy.keyed");
const grantedInFront = (side: SideFrame) => counted(side, "quote", "concurrencyLimit", "line.levels.0.granted");
const limitOfQuote = (side: SideFrame) => counted(side, "quote", "concurrencyLimit", "max");
const offeredTo = ({ routes }: SideFrame): number => routes.quote.important.offered;
const answered = async (): Promise<number> => {
  const { answers } = (await (await fetch(`${gateway}/metrics`)).json()) as GatewayMetrics;
  return Object.values(answers).reduce((sum, count) => sum + count, 0);
};

describe("the live page's server", () => {
  test("shows both gateways under the same load, as their meters and descriptions say", async () => {
    const frame = await frameWhere(watch(), ({ plain }) => plain.flow.good > 0);
    expect(Object.keys(frame.layered.routes)).toEqual(["quote", "report", "fares"]);
    for (const { described } of Object.values(frame.layered.routes)) expect(described?.root.layer).toBe("meter");
    for (const { described } of Object.values(frame.plain.routes)) expect(described).toBeNull();
    expect(frame.conditions).toEqual({ quote: { kind: "up" }, report: { kind: "up" }, fares: { kind: "up" } });
  });

  test("when a backend is killed, says so in a frame of the next two seconds, and when it is back", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => layered.flow.good > 0);
    expect((await post("/quote?kill")).status).toBe(200);
    let later = 0;
    await frameWhere(seen, ({ conditions }) => {
      later++;
      return conditions.quote.kind === "killed";
    });
    // Two a second.
    expect(later).toBeLessThanOrEqual(4);
    const failing = await frameWhere(seen, ({ layered }) => layered.routes.quote.flow.failed > 0);
    expect(failing.layered.routes.quote.backend).toEqual({ active: 0, queued: 0 });
    expect((await post("/quote?restart")).status).toBe(200);
    await frameWhere(
      seen,
      ({ conditions, layered, plain }) =>
        conditions.quote.kind === "up" && layered.routes.quote.flow.good > 0 && plain.routes.quote.flow.good > 0,
    );
  });

  test("when a backend falls silent, shows the open circuit and the sockets that run out", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => layered.flow.good > 0);
    expect((await post("/fares?freeze=60000")).status).toBe(200);
    const frame = await frameWhere(
      seen,
      ({ layered, plain }) =>
        layered.routes.fares.flow.estimated > 0 && plain.connections.active === plain.connections.max,
    );
    expect(frame.conditions.fares).toEqual({ kind: "silent", ms: 60_000 });
    // A silent process does not hear that it is to be slow: it is another one then.
    expect((await post("/fares?factor=2")).status).toBe(200);
    await frameWhere(
      seen,
      ({ conditions, layered }) => conditions.fares.kind === "slow" && layered.routes.fares.flow.good > 0,
    );
    expect((await post("/fares?factor=1")).status).toBe(200);
    await frameWhere(seen, ({ conditions }) => conditions.fares.kind === "up");
  });

  test("when more is asked for, shows refusals with layers and a longer line without, and can be started over", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => layered.flow.good > 0);
    // So that it is more than this backend can do, also where this machine is too busy to send all of it.
    await post("/report?factor=5");
    expect((await post("/load?times=1.5")).status).toBe(200);
    const { layered } = await frameWhere(
      seen,
      ({ times, layered: one, plain, events }) =>
        times === 1.5 &&
        one.flow.refused > 0 &&
        events.some(({ what }) => what.startsWith("loadShed · shed")) &&
        plain.waiting > 2 * one.waiting + 40,
    );
    // No more than there is room for.
    expect(layered.routes.quote.waiting).toBeLessThanOrEqual(16);
    const twice = await Promise.all([post("/anew"), post("/anew")]);
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    const before = await frameWhere(seen, ({ times }) => times === 0.6);
    const { plain } = await frameWhere(seen, (frame) => frame.plain.flow.good > 0 && frame.plain.waiting < 40);
    expect(plain.flow.offered).toBeGreaterThan(0);
    expect(before.conditions.quote).toEqual({ kind: "up" });
  });

  test("when one client is greedy, its limit for each client refuses it, and it is counted apart", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => layered.flow.good > 0);
    expect((await post("/greedy?on")).status).toBe(200);
    const exceeds = ({ routes: { report } }: SideFrame) => report.greedy.offered > report.flow.offered;
    const { layered, plain } = await frameWhere(
      seen,
      ({ greedy, layered: one, plain: other }) =>
        greedy &&
        exceeds(one) &&
        exceeds(other) &&
        one.routes.report.greedy.ended > one.routes.report.greedy.good &&
        refusedByKeyed(one) > 0,
    );
    for (const { routes } of [layered, plain]) expect(routes.quote.greedy.offered).toBe(0);
    expect((await post("/greedy?off")).status).toBe(200);
    await frameWhere(
      seen,
      ({ greedy, layered: one, plain: other }) =>
        !greedy && one.routes.report.greedy.offered === 0 && other.routes.report.greedy.offered === 0,
    );
  });

  test("counts the important, and in a rush they wait in front of the others once they say that they are", async () => {
    const seen = watch();
    const unmarked = await frameWhere(seen, ({ important, layered }) => !important && offeredTo(layered) > 0);
    expect(grantedInFront(unmarked.layered)).toBe(0);
    // So that somebody waits, also where this machine is too busy to send all of it.
    await post("/quote?max=1");
    expect((await post("/load?times=1.5")).status).toBe(200);
    expect((await post("/important?on")).status).toBe(200);
    await frameWhere(
      seen,
      ({ important, layered, plain }) => important && grantedInFront(layered) > 0 && offeredTo(plain) > 0,
    );
    await Promise.all([post("/important?off"), post("/load?times=0.6"), post("/quote?max=4")]);
    await frameWhere(seen, ({ important, times }) => !important && times === 0.6);
  });

  test("sets a limit while it runs, and begins again with the old one", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => limitOfQuote(layered) === 4);
    expect((await post("/quote?max=1")).status).toBe(200);
    await frameWhere(seen, ({ layered }) => limitOfQuote(layered) === 1 && layered.flow.good > 0);
    // The backend cannot do what is asked with one at a time.
    expect((await post("/load?times=1.5")).status).toBe(200);
    const { layered } = await frameWhere(seen, ({ layered: one }) => one.routes.quote.flow.refused > 0);
    expect(layered.routes.quote.active).toBeLessThanOrEqual(1);
    expect((await post("/anew")).status).toBe(200);
    await frameWhere(seen, ({ layered: one }) => limitOfQuote(one) === 4);
  });

  test("reads once for ten pages", async () => {
    const all = Array.from({ length: 10 }, watch);
    const first = await Promise.all(all.map((each) => frameWhere(each, () => true)));
    const from = Math.max(...first.map(({ point }) => point.at));
    const later = await Promise.all(all.map((each) => frameWhere(each, ({ point }) => point.at > from)));
    expect(new Set(later.map(({ point }) => point.at)).size).toBe(1);
  });

  test("lets the load rest when nobody watches", async () => {
    const seen = watch();
    await frameWhere(seen, ({ layered }) => layered.flow.good > 0);
    leaving.abort();
    let before = -1;
    await vi.waitUntil(
      async () => {
        const now = await answered();
        const rests = now === before;
        before = now;
        return rests;
      },
      // A second without any answer, where there were a hundred.
      { interval: 1000, timeout: 45_000 },
    );
    // And goes on for the next one.
    await frameWhere(watch(), ({ layered }) => layered.flow.good > 0);
    expect(await answered()).toBeGreaterThan(before);
  });

  test("does nothing for another site", async () => {
    for (const path of ["/load?times=1", "/greedy?on", "/important?on", "/quote?max=64"]) {
      expect((await post(path, { origin: "http://elsewhere.example" })).status).toBe(403);
    }
    expect((await post("/load?times=0.6", { origin: page })).status).toBe(200);
  });

  test("refuses what makes no sense, and says what would", async () => {
    const wrong = [
      "/load",
      "/load?times=",
      "/load?times=x",
      "/load?times=5",
      "/quote",
      "/quote?factor=0",
      "/fares?freeze=60001",
      "/greedy",
      "/greedy?on&off",
      "/greedy?times=4",
      "/important",
      "/important?yes",
      ...["0", "-1", "1.5", "65", "Infinity", "x", ""].map((max) => `/quote?max=${max}`),
      "/hash?max=4",
    ];
    for (const path of wrong) {
      const response = await post(path);
      expect([path, response.status]).toEqual([path, 400]);
      expect(await response.text()).toContain("POST /");
    }
    expect((await post("/nowhere?kill")).status).toBe(404);
    expect((await post("/constructor?max=4")).status).toBe(404);
    expect((await fetch(`${page}/nowhere`)).status).toBe(404);
    expect((await fetch(`${page}//`)).status).toBe(400);
    expect((await fetch(page, { method: "PUT" })).status).toBe(405);
  });

  test("when Ctrl-C comes while somebody watches, exits with 0 and leaves nobody behind", async () => {
    await frameWhere(watch(), ({ layered }) => layered.flow.good > 0);
    demo.process.kill("SIGINT");
    await demo.endsWell();
    expect(demo.isThere).toBe(false);
    expect(demo.output).toMatch(/Drained: \d+ were in flight/);
  });
});
