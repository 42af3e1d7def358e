// Run by `node --test`.
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { type FakeTimers, scenarios } from "./scenarios.ts";

/** They do not replace the time: `performance.now` is real. */
const timers: FakeTimers = {
  install: () => mock.timers.enable({ apis: ["setTimeout"] }),
  advance: (ms) => mock.timers.tick(ms),
  clear() {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
  },
  uninstall: () => mock.timers.reset(),
};

describe("mock.timers of node:test", () => {
  beforeEach(() => timers.install());
  afterEach(() => timers.uninstall());
  for (const [name, run] of Object.entries(scenarios)) void test(name, () => run(timers));
});
