// Run by an unmodified Jest: see jest.config.mjs.
import { currentRequestId, trace } from "@sluice/trace";
import assert from "node:assert/strict";
import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { timeout } from "@sluice/timeout";
import { type FakeTimers, scenarios } from "./scenarios.ts";

interface Jest {
  useFakeTimers(options?: { readonly legacyFakeTimers?: boolean; readonly doNotFake?: readonly string[] }): void;
  useRealTimers(): void;
  advanceTimersByTime(ms: number): void;
  clearAllTimers(): void;
}

declare const describe: (name: string, run: () => void) => void;
declare const test: (name: string, run: () => Promise<void>) => void;
declare const beforeEach: (run: () => void) => void;
declare const afterEach: (run: () => void) => void;

const { jest } = import.meta as unknown as { readonly jest: Jest };

const timersOf = (options?: Parameters<Jest["useFakeTimers"]>[0]): FakeTimers => ({
  install: () => jest.useFakeTimers(options),
  advance: (ms) => jest.advanceTimersByTime(ms),
  clear: () => jest.clearAllTimers(),
  uninstall: () => jest.useRealTimers(),
});

/** The timers of the configuration, where they are installed from the start. */
const fromTheStart = "clock" in setTimeout;

const kinds: Readonly<Record<string, FakeTimers>> = fromTheStart
  ? { "as they are": { ...timersOf(), install() {}, uninstall() {} } }
  : {
      modern: timersOf(),
      "modern, and the time as it is": timersOf({ doNotFake: ["performance"] }),
      legacy: timersOf({ legacyFakeTimers: true }),
    };

for (const [kind, timers] of Object.entries(kinds)) {
  describe(`Jest's fake timers, ${kind}`, () => {
    beforeEach(() => timers.install());
    afterEach(() => timers.uninstall());
    for (const [name, run] of Object.entries(scenarios)) test(name, () => run(timers));
  });
}

describe("Jest's environment", () => {
  test("a caller leaves the line, and the work is told, by the signals that it brings", async () => {
    const service = new ServiceBuilder()
      .layer(trace())
      .layer(timeout({ total: 10_000 }))
      .layer(concurrencyLimit(1))
      .serviceFn(
        (_name: string, { signal }) =>
          new Promise<string | undefined>((_resolve, reject) => {
            const id = currentRequestId();
            signal!.addEventListener("abort", () => reject(new Error(`told ${id}`)));
          }),
      );
    const controllers = [new AbortController(), new AbortController()] as const;
    const calls = controllers.map(({ signal }, index) => service.call(`${index}`, { signal }));
    const settled = Promise.allSettled(calls);
    controllers[1].abort(new Error("gone"));
    controllers[0].abort(new Error("gone"));
    const [first, second] = (await settled).map((outcome) => outcome.status === "rejected" && String(outcome.reason));
    assert.match(String(first), /^Error: told [\da-f-]{36}$/);
    assert.equal(second, "Error: gone");
  });

  test("a permit that is left to `using`, or to its symbol, is given back", async () => {
    const limit = concurrencyLimit(1);
    const permit = new ServiceBuilder()
      .layer(limit)
      .serviceFn(() => 1)
      .tryReady()!;
    const dispose = (Symbol as { readonly dispose?: symbol }).dispose ?? Symbol.for("Symbol.dispose");
    (Reflect.get(permit, dispose) as () => void).call(permit);
    assert.equal(limit.active, 0);
    assert.equal("undefined" in permit, false);
  });
});
