import type { Clock } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { VirtualClock } from "../src/index.ts";

const clock = new VirtualClock();
expectTypeOf(clock).toExtend<Clock>();
expectTypeOf(clock.advance(1)).resolves.toBeVoid();

// @ts-expect-error time is moved by advance and jump
clock.pending = 0;
// @ts-expect-error times are numbers
void clock.advance("1s");
