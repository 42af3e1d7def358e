import * as fc from "fast-check";

/** One step. It reads only the members that it needs. */
export interface Step {
  readonly does: string;
  /** Chooses among the possible callers. */
  readonly pick: number;
  readonly ms: number;
  readonly other: boolean;
  /** How much runs before the next step: 0 means nothing, so that both happen in one turn. */
  readonly gap: number;
}

export interface Schedule {
  /**
   * Whether the layer is compared with the model after each turn. Otherwise steps also fall between any two microtasks, and only the
   * conditions for any time and for the end are checked.
   */
  readonly exact: boolean;
  readonly steps: readonly Step[];
}

/** The actions of callers in most models, and their weights. */
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

/** Random schedules. */
export function schedules(weights: Readonly<Record<string, number>>): fc.Arbitrary<Schedule> {
  const names = Object.entries(weights).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  const step = fc.record({
    does: fc.constantFrom(...names),
    pick: fc.nat(11),
    ms: fc.integer({ min: 1, max: 12 }),
    other: fc.boolean(),
    gap: fc.nat(5),
  });
  // Uniform: fast-check would draw small numbers more often, which has no meaning here.
  return fc.noBias(
    fc.record({
      exact: fc.constantFrom(true, true, false),
      steps: fc.array(step, { maxLength: 40, size: "max" }),
    }),
  );
}
