import { describe, expect, test } from "vitest";
import {
  memoryStore,
  sharedConcurrencyLimit,
  type SharedConcurrencyLimitOptions,
  SharedRate,
  sharedRateLimit,
  type SharedRateLimitOptions,
  SharedSemaphore,
} from "../src/index.ts";

const store = memoryStore();
const aClock = "clock must be a clock (with now, setTimeout, clearTimeout); received an object";
const aShare = "share must be a number above 0 and at most 1; received";
type Row = readonly [options: object, message: string];
/** What both limits refuse. */
const common: readonly Row[] = [
  [{ key: undefined }, "key must be a non-empty string; received undefined"],
  [{ key: "" }, 'key must be a non-empty string; received ""'],
  [{ outage: "fail" }, 'outage must be one of "share", "refuse", "allow"; received "fail"'],
  [{ share: 0 }, `${aShare} 0`],
  [{ share: 1.1 }, `${aShare} 1.1`],
  [{ share: "half" }, `${aShare} "half"`],
  [{ clock: {} }, aClock],
  [{ label: "" }, 'label must be a non-empty string; received ""'],
];

const rates = {
  sharedRateLimit: (options: SharedRateLimitOptions) => sharedRateLimit(options),
  SharedRate: (options: SharedRateLimitOptions) => new SharedRate(options),
};
const aCount = "must be a whole number of 1 or more and at most 9007199254740991; received";
const aSpan = "must be a number above 0 and at most 2147483647; received";

describe.each(Object.entries(rates))("%s refuses by name", (name, make) => {
  const given = { store, key: "k", limit: 5, interval: 1_000 };
  const names = "store, key, outage, share, timeout, clock, label, limit, interval, burst, hold, fresh";

  test.each<Row>([
    ...common,
    [{ store: {} }, "store must be a store (with take); received an object"],
    [{ limit: 0 }, `limit ${aCount} 0`],
    [{ limit: 1.5 }, `limit ${aCount} 1.5`],
    [{ limit: undefined }, `limit ${aCount} undefined`],
    [{ limit: 2 ** 53 }, `limit ${aCount} 9007199254740992`],
    [{ interval: 0 }, `interval ${aSpan} 0`],
    [{ burst: 0 }, `burst ${aCount} 0`],
    [{ hold: 0 }, `hold ${aSpan} 0`],
    [{ hold: 40, timeout: 41 }, "timeout must be a number above 0 and at most 40; received 41"],
    [{ timeout: 0 }, "timeout must be a number above 0 and at most 100; received 0"],
    [{ fresh: "half" }, 'fresh must be one of "full", "empty"; received "half"'],
    [{ max: 5 }, `max is not an option; the options are ${names}`],
  ])("%j", (options, message) => {
    expect(() => make({ ...given, ...options })).toThrow(`${name}: ${message}`);
  });

  test.each([{ share: 1 }, { hold: 40, timeout: 40 }, { limit: 1, burst: 1 }])("and takes %j", (options) => {
    expect(() => make({ ...given, ...options })).not.toThrow();
  });
});

const limits = {
  sharedConcurrencyLimit: (options: SharedConcurrencyLimitOptions) => sharedConcurrencyLimit(options),
  SharedSemaphore: (options: SharedConcurrencyLimitOptions) => new SharedSemaphore(options),
};

describe.each(Object.entries(limits))("%s refuses by name", (name, make) => {
  const given = { store, key: "k", max: 5 };
  const names = "store, key, outage, share, timeout, clock, label, max, ttl, refresh, linger";
  const slots = "max must be a whole number of 0 or more and at most 9007199254740991; received";
  const third = "must be a number above 0 and at most 100; received";

  test.each<Row>([
    ...common,
    [{ store: {} }, "store must be a store (with share); received an object"],
    [{ max: -1 }, `${slots} -1`],
    [{ max: 0.5 }, `${slots} 0.5`],
    [{ max: Infinity }, `${slots} Infinity`],
    [{ ttl: 99 }, "ttl must be a number of 100 or more and at most 2147483647; received 99"],
    [{ ttl: 300, refresh: 101 }, `refresh ${third} 101`],
    [{ ttl: 300, refresh: 0 }, `refresh ${third} 0`],
    [{ ttl: 300, timeout: 101 }, `timeout ${third} 101`],
    [{ ttl: 300, timeout: 0 }, `timeout ${third} 0`],
    [{ linger: -1 }, "linger must be a number of 0 or more and at most 2147483647; received -1"],
    [{ limit: 5 }, `limit is not an option; the options are ${names}`],
  ])("%j", (options, message) => {
    expect(() => make({ ...given, ...options })).toThrow(`${name}: ${message}`);
  });

  test.each([{ share: 1 }, { max: 0 }, { ttl: 100 }, { ttl: 300, refresh: 100, timeout: 100 }, { linger: 0 }])(
    "and takes %j",
    (options) => {
      expect(() => make({ ...given, ...options })).not.toThrow();
    },
  );
});

test("only the layer takes `until`, which must be a function", () => {
  const given = { store, key: "k", max: 5 };
  expect(() => sharedConcurrencyLimit({ ...given, until: 5 as never })).toThrow(
    "sharedConcurrencyLimit: until must be a function; received 5",
  );
  expect(() => new SharedSemaphore({ ...given, until: () => undefined } as never)).toThrow(
    "SharedSemaphore: until is not an option; the options are store, ",
  );
});

test("memoryStore refuses by name", () => {
  expect(() => memoryStore({ clock: {} as never })).toThrow(`memoryStore: ${aClock}`);
  expect(() => memoryStore({ clok: 5 } as never)).toThrow("memoryStore: clok is not an option; did you mean clock?");
  expect(() => memoryStore(5 as never)).toThrow("memoryStore: options must be an object; received 5");
});
