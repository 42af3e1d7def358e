import { get, request } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RouteMetrics } from "../src/gateway/metrics.ts";
import { Demo } from "./helper/demo.ts";

let demo: Demo;

afterEach(() => demo.end());

function statusOf(url: string, method = "GET"): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(url, { method, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "failed"));
    sent.end();
  });
}

interface Metrics {
  readonly answers: Readonly<Record<string, number>>;
  readonly routes: Readonly<Record<string, Pick<RouteMetrics, "permits" | "circuitOpened" | "circuitRefused">>>;
}

interface DescribedLayer {
  readonly layer: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly inner?: DescribedLayer;
  readonly branches?: readonly { readonly node: DescribedLayer }[];
}

interface Described {
  readonly root: DescribedLayer;
  readonly warnings: readonly object[];
}

function layersOf(outermost: DescribedLayer): DescribedLayer[] {
  const { inner, branches = [] } = outermost;
  const inside = inner === undefined ? branches.map(({ node }) => node) : [inner];
  return [outermost, ...inside.flatMap(layersOf)];
}

function metricsOf(gateway: string): Promise<Metrics> {
  return new Promise((resolve, reject) => {
    get(`${gateway}/metrics`, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(JSON.parse(body) as Metrics));
    }).on("error", reject);
  });
}

/** Kept when the backend of a route is being asked so much. */
async function permits(gateway: string, route: string, count: number): Promise<void> {
  const asked = async () => (await metricsOf(gateway)).routes[route]!.permits === count;
  await vi.waitUntil(asked, { interval: 5, timeout: 45_000 });
}

describe("the demo", () => {
  test("goes through both runs, says what it saw, exits with 0 and leaves nobody behind", async () => {
    demo = new Demo("--quick");
    await demo.endsWell();
    expect(demo.isThere).toBe(false);
    for (const phase of ["calm", "spike", "after", "greedy", "slow", "dead", "recovery"]) {
      // In the table of each run, and in the one with both.
      expect(demo.output.match(new RegExp(`^${phase} +quote `, "gm"))).toHaveLength(3);
    }
    expect(demo.output).toMatch(/^(seen    |NOT SEEN) {2}with layers, goodput in the spike/m);
  });

  test("when Ctrl-C comes in the middle, answers what is in flight, exits with 0 and leaves nobody behind", async () => {
    demo = new Demo("--quick");
    await demo.says(/: calm/);
    demo.process.kill("SIGINT");
    await demo.endsWell();
    expect(demo.isThere).toBe(false);
    const [, inFlight, answered] = /Drained: (\d+) were in flight, (\d+) of them were answered/.exec(demo.output)!;
    expect(answered).toBe(inFlight);
  });

  test("when it is killed, takes the other processes along", async () => {
    demo = new Demo("--quick");
    await demo.says(/: calm/);
    demo.process.kill("SIGKILL");
    expect(await demo.exited).toBeNull();
    // It could tell nobody; they notice.
    await vi.waitUntil(() => !demo.isThere, { timeout: 45_000 });
    expect(demo.isThere).toBe(false);
  });

  test("refuses options that make no sense", async () => {
    demo = new Demo("--port", "many");
    expect(await demo.exited).toBe(2);
    expect(demo.output).toContain('received "many"');
  });
});

describe("the gateway, kept up", () => {
  const served = async (...args: string[]) => {
    demo = new Demo("--serve", ...args);
    const [, gateway] = await demo.says(/curl -i '(http:\/\/127\.0\.0\.1:\d+)\/quote/);
    const [, control] = await demo.says(/curl -X POST '(http:\/\/127\.0\.0\.1:\d+)\/report\?factor=\d+'.*\n/);
    return { gateway: gateway!, control: control! };
  };

  test("answers each route, and says with a status what it cannot do", async () => {
    const { gateway, control } = await served();
    for (const route of ["quote", "report", "hash"]) expect(await statusOf(`${gateway}/${route}?id=1`)).toBe(200);
    expect(await statusOf(`${gateway}/nowhere`)).toBe(404);
    expect(await statusOf(`${gateway}/quote?id=x`)).toBe(400);
    expect(await statusOf(`${control}/fares?freeze=60000`, "POST")).toBe(200);
    expect(await statusOf(`${gateway}/fares?id=1`)).toBe(504);
    expect(await statusOf(`${control}/fares?restart`, "POST")).toBe(200);
    expect(await statusOf(`${gateway}/fares?id=1`)).toBe(200);
    const many = await Promise.all(Array.from({ length: 40 }, () => statusOf(`${gateway}/report?id=1`)));
    expect(new Set(many)).toEqual(new Set([200, 503]));
    const tooMany = await Promise.all(Array.from({ length: 40 }, () => statusOf(`${gateway}/fares?id=1`)));
    expect(tooMany).toContain(429);
  });

  test("answers a refusal in problem details, with an id, and says when to come back", async () => {
    const { gateway } = await served();
    const many = await Promise.all(Array.from({ length: 40 }, () => fetch(`${gateway}/report?id=1`)));
    const refused = many.find(({ status }) => status === 503)!;
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.headers.get("x-request-id")).toMatch(/./);
    await Promise.all(many.map((each) => each.text()));
  });

  test("gives up when the client's own time is over", async () => {
    const { gateway, control } = await served();
    expect(await statusOf(`${control}/report?factor=4`, "POST")).toBe(200);
    const impatient = await fetch(`${gateway}/report?id=1`, { headers: { "x-timeout-ms": "100" } });
    expect(impatient.status).toBe(504);
    await impatient.text();
    // The backend takes 240 ms, and the gateway waits for 700: a client that waits is answered, on a busy machine, too.
    expect(await statusOf(`${gateway}/report?id=1`)).toBe(200);
  });

  test("before a silent backend opens a circuit, answers with estimates at once, and finds out when it is back", async () => {
    const { gateway, control } = await served();
    const fare = async () => {
      const answer = await fetch(`${gateway}/fares?id=7`);
      return { status: answer.status, body: (await answer.json()) as { readonly estimated?: boolean } };
    };
    expect(await statusOf(`${control}/fares?freeze=60000`, "POST")).toBe(200);
    await vi.waitUntil(async () => (await Promise.all([fare(), fare(), fare()])).some(({ body }) => body.estimated), {
      timeout: 45_000,
    });
    const { circuitOpened, circuitRefused } = (await metricsOf(gateway)).routes["fares"]!;
    expect(circuitOpened).toBeGreaterThan(0);
    expect(circuitRefused).toBeGreaterThan(0);
    expect(await statusOf(`${control}/fares?restart`, "POST")).toBe(200);
    const back = await vi.waitUntil(
      async () => {
        const answer = await fare();
        return answer.status === 200 && answer.body.estimated !== true ? answer : undefined;
      },
      { timeout: 45_000 },
    );
    expect(back.body).toEqual({ id: "7", fare: 42 });
  });

  test("says which routes would let the next request in", async () => {
    const { gateway, control } = await served();
    const readiness = async () => (await fetch(`${gateway}/readyz`)).json() as Promise<Record<string, boolean>>;
    expect(await readiness()).toEqual({ quote: true, report: true, fares: true, hash: true });
    expect(await statusOf(`${control}/report?factor=10`, "POST")).toBe(200);
    const filling = Array.from({ length: 40 }, () => statusOf(`${gateway}/report?id=1`));
    const full = await vi.waitUntil(
      async () => {
        const now = await readiness();
        return now["report"] ? undefined : now;
      },
      { interval: 5 },
    );
    expect(full).toEqual({ quote: true, report: false, fares: true, hash: true });
    await Promise.all(filling);
  });

  test("says what each route is made of, with the numbers of now, and that no order is to be warned of", async () => {
    const { gateway } = await served();
    const many = await Promise.all(Array.from({ length: 40 }, () => statusOf(`${gateway}/report?id=1`)));
    const described = (await (await fetch(`${gateway}/describe`)).json()) as Record<string, Described>;
    expect(Object.keys(described)).toEqual(["quote", "report", "fares", "hash"]);
    for (const { warnings } of Object.values(described)) expect(warnings).toEqual([]);
    const report = layersOf(described["report"]!.root);
    expect(report.map(({ layer }) => layer).slice(0, 3)).toEqual(["meter", "timeout", "loadShed"]);
    expect(report[2]!.numbers["refused"]).toBe(many.filter((status) => status === 503).length);
    const fares = layersOf(described["fares"]!.root).map(({ layer }) => layer);
    expect(fares).toEqual(expect.arrayContaining(["fallback", "retry", "circuitBreaker", "rateLimit"]));
    expect(report.map(({ layer }) => layer)).toContain("keyed");
    expect(layersOf(described["hash"]!.root).map(({ layer }) => layer)).toContain("adaptiveLimit");
  });

  test("when too much is asked for, answers what is important, also what comes last", async () => {
    const { gateway, control } = await served();
    // Four at once at two workers take 100 ms, and the gateway waits for 300.
    expect(await statusOf(`${control}/quote?factor=2`, "POST")).toBe(200);
    const ask = async (headers: Record<string, string>) => {
      const { status } = await fetch(`${gateway}/quote?id=1`, { headers });
      return status;
    };
    const others = Array.from({ length: 60 }, () => ask({}));
    const important = Array.from({ length: 4 }, () => ask({ "x-priority": "important" }));
    expect(await Promise.all(important)).toEqual([200, 200, 200, 200]);
    expect(new Set(await Promise.all(others))).toContain(503);
  });

  test("does not let one client take the places of another", async () => {
    const { gateway, control } = await served();
    expect(await statusOf(`${control}/report?factor=5`, "POST")).toBe(200);
    const ask = async (client: string) => {
      const { status } = await fetch(`${gateway}/report?id=1`, { headers: { "x-client": client } });
      return status;
    };
    const greedy = Array.from({ length: 40 }, () => ask("greedy"));
    await permits(gateway, "report", 2);
    expect(await ask("another")).toBe(200);
    const answers = await Promise.all(greedy);
    expect(answers.filter((status) => status === 200).length).toBeLessThan(40);
    expect(new Set(answers)).toContain(503);
  });

  test("without layers has nothing to describe", async () => {
    const { gateway } = await served("--plain");
    expect(await statusOf(`${gateway}/describe`)).toBe(404);
  });

  test("when a client leaves, stops what it had asked for", async () => {
    const { gateway, control } = await served();
    expect(await statusOf(`${control}/report?factor=10`, "POST")).toBe(200);
    const sent = get(`${gateway}/report?id=1`);
    sent.on("error", () => {});
    await permits(gateway, "report", 1);
    sent.destroy();
    await permits(gateway, "report", 0);
    // Had it gone on to its end, there would have been an answer.
    expect((await metricsOf(gateway)).answers).toEqual({});
  });

  test("when Ctrl-C comes, answers what is in flight, refuses what is new with 503, and exits with 0", async () => {
    const { gateway, control } = await served();
    expect(await statusOf(`${control}/report?factor=6`, "POST")).toBe(200);
    const inFlight = Array.from({ length: 4 }, () => statusOf(`${gateway}/report?id=1`));
    await permits(gateway, "report", 4);
    demo.process.kill("SIGINT");
    const later: (number | string)[] = [];
    for (let status: number | string = 0; status !== "ECONNREFUSED"; later.push(status)) {
      status = await statusOf(`${gateway}/quote?id=1`);
    }
    expect(await Promise.all(inFlight)).toEqual([200, 200, 200, 200]);
    expect(later).toContain(503);
    expect(later.filter((status) => typeof status === "number" && ![200, 503].includes(status))).toEqual([]);
    await demo.endsWell();
    expect(demo.isThere).toBe(false);
    expect(demo.output).toMatch(/Drained: (\d+) were in flight, \1 of them were answered/);
  });
});
