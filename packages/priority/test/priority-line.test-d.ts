import { type Lease, type OverloadedError, Semaphore, type WaitingLine } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { type LevelCount, priorityLine, type PriorityLine } from "../src/index.ts";

interface Ask {
  readonly urgent: boolean;
}

const line = priorityLine({ priority: (request: Ask) => (request.urgent ? 0 : 3) });
expectTypeOf(line).toEqualTypeOf<PriorityLine<Ask>>();
expectTypeOf(line.levels).toEqualTypeOf<readonly LevelCount[]>();
expectTypeOf(line<Lease>(() => {})).toEqualTypeOf<WaitingLine<Lease, Ask>>();
expectTypeOf(new Semaphore(1, { line })).toEqualTypeOf<Semaphore>();

// A line that refuses callers says so.
const bounded = priorityLine({ priority: () => 0, maxWaiting: 10 });
expectTypeOf(bounded).toEqualTypeOf<PriorityLine<unknown, OverloadedError>>();
expectTypeOf(priorityLine({ priority: ({ urgent }: Ask) => (urgent ? 0 : 3), codel: true })).toEqualTypeOf<
  PriorityLine<Ask, OverloadedError>
>();
expectTypeOf(priorityLine({ priority: () => 0, codel: { target: 20 } })).toEqualTypeOf<
  PriorityLine<unknown, OverloadedError>
>();
expectTypeOf(new Semaphore(1, { line: bounded })).toEqualTypeOf<Semaphore<OverloadedError>>();
// @ts-expect-error who takes a line for one that refuses nobody is told otherwise
const patient: PriorityLine = bounded;
void patient;

// @ts-expect-error how important a request is must be said
priorityLine({});
// @ts-expect-error a word is no level
priorityLine({ priority: () => "critical" });
// @ts-expect-error there is no such order
priorityLine({ priority: () => 0, order: "lifo" });
// @ts-expect-error without codel is undefined
priorityLine({ priority: () => 0, codel: false });
// @ts-expect-error it is an option, and no line itself
line.join({});
