import { collectGarbage, turn } from "@sluice/test-kit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { events, gate, type Permit, Semaphore, type Service, ServiceBuilder, serviceFn } from "../src/index.ts";
import { detectLeaks, type Leak } from "../src/leaks.ts";

/** Collects until `condition` holds; the test's own limit of time ends it where it never does. */
async function collectUntil(condition: () => boolean): Promise<void> {
  while (!condition()) {
    collectGarbage();
    await turn();
  }
}

type Echo = Service<string, string>;

function echo(max = Infinity): { readonly semaphore: Semaphore; readonly service: Echo } {
  const semaphore = new Semaphore(max);
  const service = new ServiceBuilder()
    .layer(gate(semaphore, { name: "places" }))
    .serviceFn(async (request: string) => request);
  return { semaphore, service };
}

/** Loses a permit. The collector may go by what is on the stack, so nothing else is done here. */
function lose(service: Echo): void {
  service.tryReady();
}

async function loseAfterWaiting(service: Echo): Promise<void> {
  await service.ready();
}

function reserveAndKeep(service: Echo): Permit<string, string> {
  return service.tryReady()!;
}

class Desk {
  permit: Permit<string, string> | undefined;

  open(service: Echo): void {
    this.permit = service.tryReady();
  }
}

function openAndForget(service: Echo): void {
  new Desk().open(service);
}

/** Loses one that is known to be reported, so that all that were lost before it have been, too. */
function loseTheLast(service: Echo): void {
  lose(service);
}

let leaks: Leak[];
let stop: () => void;

beforeEach(() => {
  leaks = [];
  stop = detectLeaks({ report: (leak) => leaks.push(leak) });
});
afterEach(() => {
  stop();
});

/** The first line of where each was reserved. */
function places(): readonly (string | undefined)[] {
  return leaks.map(({ reservedAt }) => /^\s+at (?:async )?(\S+)/.exec(reservedAt)?.[1]);
}

/** All that was lost by now, and one more. */
async function settled(): Promise<readonly (string | undefined)[]> {
  loseTheLast(echo().service);
  await collectUntil(() => leaks.some(({ reservedAt }) => reservedAt.includes("loseTheLast")));
  return leaks.filter(({ reservedAt }) => !reservedAt.includes("loseTheLast")).map(({ reservedAt }) => reservedAt);
}

describe("a permit that is collected unspent", () => {
  test("is reported once, with where it was reserved, innermost first", async () => {
    lose(echo().service);
    await collectUntil(() => leaks.length > 0);
    expect(places()).toEqual(["lose"]);
    expect(leaks[0]!.reservedAt).toContain("leaks.test.ts");
    expect(await settled()).toHaveLength(1);
  });

  test("is reported with where it was asked for, though it was granted later by somebody else", async () => {
    const { service } = echo(1);
    const first = service.tryReady()!;
    const waited = loseAfterWaiting(service);
    first.release();
    await waited;
    await collectUntil(() => leaks.length > 0);
    expect(places()).toEqual(["loseAfterWaiting"]);
  });

  test("is each reported, where one place loses many", async () => {
    const { service } = echo();
    for (let count = 0; count < 3; count++) lose(service);
    await collectUntil(() => leaks.length >= 3);
    expect(places()).toEqual(["lose", "lose", "lose"]);
  });

  test("is reported where the object that reserved it kept it, and went as well", async () => {
    openAndForget(echo().service);
    await collectUntil(() => leaks.length > 0);
    expect(places()).toEqual(["Desk.open"]);
  });

  test("is reported where another copy of this package made it", async () => {
    vi.resetModules();
    const there = await import("../src/index.ts");
    expect(there.serviceFn).not.toBe(serviceFn);
    lose(there.serviceFn(async (request: string) => request));
    await collectUntil(() => leaks.length > 0);
    expect(places()).toEqual(["lose"]);
  });

  test("does not come back: who reports it gives nothing back", async () => {
    const { semaphore, service } = echo(1);
    lose(service);
    await collectUntil(() => leaks.length > 0);
    expect(semaphore.active).toBe(1);
  });
});

describe("what is no leak is not reported:", () => {
  test.each<[string, (service: Echo) => unknown]>([
    ["a permit that was called", (service) => service.tryReady()!.call("a")],
    ["one that was called in vain", (service) => service.tryReady()!.call("a", { signal: AbortSignal.abort() })],
    ["one that was released", (service) => service.tryReady()!.release()],
    [
      "one that was held by `using`",
      (service) => {
        using permit = service.tryReady();
        return permit === undefined;
      },
    ],
    ["one that was waited for, and called", async (service) => (await service.ready()).call("a")],
    ["a call", (service) => service.call("a")],
    ["a wait that was given up", (service) => service.ready({ signal: AbortSignal.abort() })],
  ])("%s", async (_what, use) => {
    const { service } = echo(1);
    await Promise.allSettled([use(service)]);
    expect(await settled()).toEqual([]);
  });

  test("a refusal", async () => {
    expect(echo(0).service.tryReady()).toBeUndefined();
    expect(await settled()).toEqual([]);
  });

  test("a permit that is still held", async () => {
    const permit = reserveAndKeep(echo().service);
    expect(await settled()).toEqual([]);
    permit.release();
  });
});

test("what is watched works as it does unwatched", async () => {
  const { semaphore, service } = echo(1);
  const permit = service.tryReady()!;
  expect(service.tryReady()).toBeUndefined();
  expect(await permit.call("a")).toBe("a");
  await expect(permit.call("b")).rejects.toHaveProperty("code", "ERR_SLUICE_PERMIT_SPENT");
  expect(semaphore.active).toBe(0);
});

test("once stopped, nothing is reported, not even of what was reserved before", async () => {
  const { service } = echo();
  lose(service);
  stop();
  const later: Leak[] = [];
  const stopLater = detectLeaks({ report: (leak) => later.push(leak) });
  lose(service);
  await collectUntil(() => later.length > 0);
  stopLater();
  expect(leaks).toEqual([]);
});

test("asked again, it reports as it is told then; stopping the earlier one leaves the later one", async () => {
  const later: Leak[] = [];
  const stopLater = detectLeaks({ report: (leak) => later.push(leak) });
  stop();
  lose(echo().service);
  await collectUntil(() => later.length > 0);
  stopLater();
  expect(leaks).toEqual([]);
});

test("where the engine cannot leave out this package's own lines, they are in front", async () => {
  vi.stubGlobal("Error", Object.assign(class extends Error {}, { captureStackTrace: undefined }));
  lose(echo().service);
  vi.unstubAllGlobals();
  await collectUntil(() => leaks.length > 0);
  expect(leaks[0]!.reservedAt).toMatch(/^\s+at [^]*leaks\.ts[^]*\n\s+at lose /);
});

test("where a trace has no head, as in Firefox and Safari, no line of it is lost", async () => {
  const stack = "openError@desk.js:3:5\nlose@main.js:7:9";
  vi.stubGlobal(
    "Error",
    Object.assign(class extends Error {}, { captureStackTrace: (trace: Error) => (trace.stack = stack) }),
  );
  lose(echo().service);
  vi.unstubAllGlobals();
  await collectUntil(() => leaks.length > 0);
  expect(leaks[0]!.reservedAt).toBe(stack);
});

test("what cannot be told of leaks is refused", () => {
  const report = "console" as never;
  expect(() => detectLeaks({ report })).toThrow('detectLeaks: report must be a function; received "console"');
  expect(() => detectLeaks(null as never)).toThrow("detectLeaks: options must be an object; received null");
});

describe("who says nothing of how it shall be reported", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  test("gets a warning of the process", async () => {
    const emitWarning = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    stop = detectLeaks();
    lose(echo().service);
    await collectUntil(() => emitWarning.mock.calls.length > 0);
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/unspent.*`using`\.$/), {
      type: "SluiceWarning",
      code: "SLUICE_LEAK",
      detail: expect.stringMatching(/^It was reserved\n\s+at lose /),
    });
  });

  test.each([
    ["there is no process", () => undefined],
    ["the process has no warnings", () => Object.create(process, { emitWarning: { value: undefined } }) as unknown],
  ])("gets it on the console where %s", async (_where, stub) => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    stop = detectLeaks();
    lose(echo().service);
    vi.stubGlobal("process", stub());
    await collectUntil(() => warn.mock.calls.length > 0);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/unspent[^]*\n\s+at lose /));
  });

  test.each([
    ["1", true],
    ["0", false],
    [undefined, false],
  ])("importing it with SLUICE_LEAKS=%s in the environment: looks for leaks is %s", async (value, looks) => {
    stop();
    vi.stubEnv("SLUICE_LEAKS", value);
    vi.resetModules();
    await import("../src/leaks.ts");
    const { leakWatch } = await import("../src/internal.ts");
    expect(leakWatch.watch !== undefined).toBe(looks);
    // Replaces the one that nobody else can stop.
    stop = detectLeaks();
  });
});

test("a leak is announced as an event, too, once and with how the permit was reserved", async () => {
  const heard: unknown[] = [];
  const subscription = events.subscribe(({ type, layer, method }) => heard.push([type, layer, method]));
  const { service } = echo();
  lose(service);
  await collectUntil(() => leaks.length === 1);
  subscription[Symbol.dispose]();
  expect(heard).toEqual([["leak", "leaks", "tryReady"]]);
});
