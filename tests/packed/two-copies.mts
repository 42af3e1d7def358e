// A process may have two copies of a package, and then a program has two of its types: those that `import` finds and those
// that `require` finds. This file is compiled against the packed tarballs, where they are two; in the workspace they are one. What is
// of one copy fits the other. (That it works at run time is tested in tests/test/two-copies.test.ts.)
import { buffer, BufferClosedError } from "@sluice/buffer";
import type * as bufferThere from "@sluice/buffer" with { "resolution-mode": "require" };
import {
  type FailureOf,
  gate,
  OverloadedError,
  Semaphore,
  type Service,
  ServiceBuilder,
  serviceFn,
} from "@sluice/core";
import type * as coreThere from "@sluice/core" with { "resolution-mode": "require" };
import { concurrencyLimit } from "@sluice/limit";
import type * as limitThere from "@sluice/limit" with { "resolution-mode": "require" };
import { retry, retryBudget, retryPolicy } from "@sluice/retry";
import type * as retryThere from "@sluice/retry" with { "resolution-mode": "require" };
import type * as testingThere from "@sluice/testing" with { "resolution-mode": "require" };
import { timeout, TimeoutError } from "@sluice/timeout";
import type * as timeoutThere from "@sluice/timeout" with { "resolution-mode": "require" };
import { andThen, callAll, mapRequest, recover } from "@sluice/util";
import type * as utilThere from "@sluice/util" with { "resolution-mode": "require" };
import { boxed, routingTable } from "@sluice/util-box";

type There = typeof bufferThere &
  typeof coreThere &
  typeof limitThere &
  typeof retryThere &
  typeof testingThere &
  typeof timeoutThere &
  typeof utilThere;

/** Compiles, and is never run. */
export function twoCopies(there: There, leaf: coreThere.Service<string, number, RangeError>): void {
  // Services, and stacks of layers of both.
  const timed = new ServiceBuilder().layer(timeout(1)).service(leaf);
  timed satisfies Service<string, number, RangeError | TimeoutError>;
  const stack = new ServiceBuilder()
    .layer(recover(OverloadedError, () => "busy" as const))
    .layer(there.recover(TimeoutError, () => "slow" as const))
    .layer(recover(BufferClosedError, () => "closed" as const))
    .layer(there.rateLimit({ limit: 1, interval: 1 }))
    .layer(there.concurrencyLimit(1))
    .layer(there.buffer({ capacity: 1 }))
    .layer(buffer({ capacity: 1 }))
    .layer(timeout(2))
    .layer(there.timeout(1))
    .layer(retry(there.retryPolicy({ maxRetries: 1, budget: retryBudget() })))
    .layer(there.retry(retryPolicy({ maxRetries: 1, budget: there.retryBudget() })))
    .layer(mapRequest((n: number) => String(n)))
    .layer(there.gate(new Semaphore(1), { name: "here" }))
    .layer(gate(new there.Semaphore(1), { name: "there" }))
    .serviceFn((text) => text.length);
  stack satisfies Service<number, number | "busy" | "slow" | "closed", never>;
  stack satisfies coreThere.Service<number, number | "busy" | "slow" | "closed", never>;
  undefined as FailureOf<typeof stack> satisfies never;
  callAll(leaf, ["a"]);
  andThen(there.serviceFn((n: number) => n));
  routingTable({ key: (text: string) => text, routes: new Map([["a", boxed(leaf)]]) });

  // What a layer takes: semaphores, clocks, budgets.
  concurrencyLimit(new there.Semaphore(1));
  there.concurrencyLimit(new Semaphore(1));
  timeout({ call: 1, clock: new there.VirtualClock() });
  // Failures.
  there.serviceFn((n: number) => n, there.raises<OverloadedError>()) satisfies Service<
    number,
    number,
    coreThere.OverloadedError
  >;
  serviceFn(() => new there.OverloadedError()) satisfies Service<unknown, OverloadedError, never>;
}
