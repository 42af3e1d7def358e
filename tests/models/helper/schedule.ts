import * as fc from "fast-check";

/** One thing that happens. What it does not need it does not look at. */
export interface Step {
  readonly does: string;
  /** To whom, among those to whom it may. */
  readonly pick: number;
  readonly ms: number;
  readonly other: boolean;
  /** How much runs before the next step: 0 nothing, so that both happen in one turn. */
  readonly gap: number;
}

export interface Schedule {
  /**
   * Whether the model says after each turn what is to be seen. Where it does not, steps also fall between any two
   * microtasks, and what must hold at any time and at the end is looked at.
   */
  readonly exact: boolean;
  readonly steps: readonly Step[];
}

/** What most models have their callers do, and how often. */
export const usual: Readonly<Record<string, number>> = {
  call: 5,
  callThatThrows: 1,
  callAndForget: 1,
  ready: 3,
  tryReady: 2,
  using: 1,
  spend: 3,
  spendAgain: 1,
  release: 2,
  respond: 4,
  fail: 2,
  handUp: 1,
  endWork: 1,
  abort: 4,
  callAborted: 1,
};

/** Schedules of such steps. */
export function schedules(weights: Readonly<Record<string, number>>): fc.Arbitrary<Schedule> {
  const names = Object.entries(weights).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  const step = fc.record({
    does: fc.constantFrom(...names),
    pick: fc.nat(11),
    ms: fc.integer({ min: 1, max: 12 }),
    other: fc.boolean(),
    gap: fc.nat(5),
  });
  // Even odds: small numbers, which fast-check would draw more often, mean nothing here.
  return fc.noBias(
    fc.record({
      exact: fc.constantFrom(true, true, false),
      steps: fc.array(step, { maxLength: 40, size: "max" }),
    }),
  );
}
