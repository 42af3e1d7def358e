import { type Adds, gate, identity, type Layer, type MapsRequest, Semaphore } from "@sluice/core";
import { expectTypeOf } from "vitest";
import { checkContract, type ContractReport } from "../src/contract/index.ts";
import type { VirtualClock } from "../src/index.ts";

declare const adds: Layer<Adds<RangeError, string>>;
declare const maps: Layer<MapsRequest<string, number>>;

// Layers of every kind, and gates.
expectTypeOf(checkContract(() => identity())).resolves.toEqualTypeOf<ContractReport>();
void checkContract(() => adds, { requests: ["a"] });
void checkContract(() => maps);
void checkContract(() => gate(new Semaphore(1), { name: "one" }));
void checkContract(() => new Semaphore(1));

void checkContract(({ clock }) => {
  expectTypeOf(clock).toEqualTypeOf<VirtualClock>();
  return new Semaphore(1, { clock });
});

void checkContract(() => identity(), {
  badOptions: [() => new Semaphore(-1), { option: "max", value: -1, make: (max: number) => new Semaphore(max) }],
});

/** A limit whose slots arrive later. */
class LateLimit extends Semaphore {
  readonly arrived: Promise<void> = Promise.resolve();
}

// `ready` is told what `make` returned: a gate as it is, and not the layer that is made of it.
void checkContract(({ clock }) => new LateLimit(1, { clock }), {
  ready(limit) {
    expectTypeOf(limit).toEqualTypeOf<LateLimit>();
    return limit.arrived;
  },
});
// @ts-expect-error a semaphore has no such member
void checkContract(() => new Semaphore(1), { ready: (limit) => limit.arrived });
// @ts-expect-error it answers with a promise
void checkContract(() => new LateLimit(1), { ready: (limit) => limit.active });

// @ts-expect-error what it makes must be a layer or a gate
void checkContract(() => 1);
// @ts-expect-error requests come as a list
void checkContract(() => identity(), { requests: 1 });

declare const report: ContractReport;
// @ts-expect-error a report is there to be read
report.ok = true;
