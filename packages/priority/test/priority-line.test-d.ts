import { type Lease, Semaphore, type WaitingLine } from "@sluice/core";
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
