import { unhandledIn } from "@sluice/test-kit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { events, type LayerEvent } from "../src/index.ts";

const subscriptions: Disposable[] = [];
const keep = (subscription: Disposable): Disposable => {
  subscriptions.push(subscription);
  return subscription;
};

afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
});

const event = (type: string): LayerEvent => ({ type, layer: "retry", source: {} });

test("before anybody has come, nobody listens and nobody carries", () => {
  expect([events.listening, events.carrying]).toEqual([false, false]);
});

describe("listeners", () => {
  test("hear of each event, in the order in which they came, until they are disposed of", () => {
    const heard: string[] = [];
    const first = keep(events.subscribe(({ type }) => heard.push(`1 ${type}`)));
    keep(events.subscribe(({ type }) => heard.push(`2 ${type}`)));
    events.emit(event("retry"));
    first[Symbol.dispose]();
    events.emit(event("shed"));
    expect(heard).toEqual(["1 retry", "2 retry", "2 shed"]);
  });

  test("listening is true while there are any", () => {
    expect(events.listening).toBe(false);
    const listener = (): void => {};
    const first = keep(events.subscribe(listener));
    const second = keep(events.subscribe(listener));
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(events.listening).toBe(true);
    second[Symbol.dispose]();
    expect(events.listening).toBe(false);
  });

  test("one that throws is reported, and harms neither the caller nor the others", async () => {
    const heard = vi.fn<(event: LayerEvent) => void>();
    keep(
      events.subscribe(() => {
        throw new Error("listener trap");
      }),
    );
    keep(events.subscribe(heard));
    expect(
      await unhandledIn(async () => {
        events.emit(event("retry"));
      }),
    ).toEqual([new Error("listener trap")]);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("one that is disposed of by another, or comes meanwhile, does not hear of that event", () => {
    const heard: string[] = [];
    keep(
      events.subscribe(() => {
        second[Symbol.dispose]();
        keep(events.subscribe(() => heard.push("late")));
      }),
    );
    const second = keep(events.subscribe(() => heard.push("second")));
    events.emit(event("retry"));
    expect(heard).toEqual([]);
  });

  test("that is no function is a TypeError that names the value", () => {
    expect(() => events.subscribe(5 as never)).toThrow("events.subscribe: listener must be a function; received 5");
    expect(() => events.carry("x" as never)).toThrow('events.carry: provider must be a function; received "x"');
  });
});

describe("within", () => {
  const attempt = { ...event("attempt"), type: "attempt" as const, attempt: 2 };

  test("runs inside what the providers carry, the first outermost, and returns what that returns", () => {
    const log: string[] = [];
    const provider =
      (name: string) =>
      <T>({ attempt: number }: { attempt: number }, run: () => T): T => {
        log.push(`${name} in ${number}`);
        const result = run();
        log.push(`${name} out`);
        return result;
      };
    const a = keep(events.carry(provider("a")));
    const b = keep(events.carry(provider("b")));
    expect(events.carrying).toBe(true);
    expect(events.within(attempt, () => log.push("run"))).toBe(3);
    expect(log).toEqual(["a in 2", "b in 2", "run", "b out", "a out"]);
    b[Symbol.dispose]();
    log.length = 0;
    events.within(attempt, () => 1);
    expect(log).toEqual(["a in 2", "a out"]);
    expect(events.carrying).toBe(true);
    a[Symbol.dispose]();
    expect(events.carrying).toBe(false);
  });

  const broken = new Error("no context");
  test.each<[string, Error | undefined, (run: () => unknown) => unknown]>([
    [
      "throws before",
      broken,
      () => {
        throw broken;
      },
    ],
    [
      "throws after",
      broken,
      (run) => {
        run();
        throw broken;
      },
    ],
    ["does not run it", undefined, () => "nothing"],
    [
      "runs it twice",
      undefined,
      (run) => {
        run();
        return run();
      },
    ],
  ])(
    "with a provider that %s it runs once all the same, and returns what that returns",
    async (_how, told, provider) => {
      keep(events.carry((_event, run) => provider(run) as ReturnType<typeof run>));
      const run = vi.fn<() => string>(() => "ran");
      const reported = await unhandledIn(async () => {
        expect(events.within(attempt, run)).toBe("ran");
      });
      expect(run).toHaveBeenCalledOnce();
      expect(reported).toEqual(told === undefined ? [] : [told]);
    },
  );

  test("what it runs may throw, and nothing is reported then", async () => {
    keep(events.carry((_event, run) => run()));
    const failure = new Error("it failed");
    const run = vi.fn<() => string>(() => {
      throw failure;
    });
    const reported = await unhandledIn(async () => {
      expect(() => events.within(attempt, run)).toThrow(failure);
    });
    expect(run).toHaveBeenCalledOnce();
    expect(reported).toEqual([]);
  });

  test("without providers it only runs", () => {
    expect(events.carrying).toBe(false);
    expect(events.within(attempt, () => "ran")).toBe("ran");
  });
});

test("two copies of this package share their events", async () => {
  vi.resetModules();
  const copy = await import("../src/index.ts");
  expect(copy.events).toBe(events);
});
