import { gate, type Permit, Semaphore, ServiceBuilder } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type BoxService, routingTable, steer } from "../src/index.ts";
import { turn } from "@sluice/test-kit";

type Route = BoxService<string, string>;

/** A request for one of three routes, the last of which may not be there. */
const request = fc.constantFrom("a", "b", "c");
const act = fc.oneof(
  fc.record({ act: fc.constant("call" as const), request }),
  fc.record({ act: fc.constant("hold" as const), request: fc.option(request, { nil: undefined }) }),
  fc.record({ act: fc.constant("await" as const), request: fc.option(request, { nil: undefined }) }),
  fc.record({ act: fc.constant("spend" as const), request }),
  fc.record({ act: fc.constantFrom("release" as const, "settle" as const, "fail" as const, "abort" as const) }),
  fc.record({ act: fc.constantFrom("add" as const, "delete" as const) }),
);

test.each([
  ["routingTable", (routes: Map<string, Route>) => routingTable({ key: (name: string) => name, routes })],
  [
    "steer",
    (routes: Map<string, Route>) => {
      const names = [...routes.keys()];
      return steer([...routes.values()], (name: string) => names.indexOf(name));
    },
  ],
])("promises 3 and 9: %s gives back all that it took, whatever is done in whatever order", async (_name, make) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 2 })),
      async (acts, sizes) => {
        const semaphores = new Map<string, Semaphore>();
        const tooMany: string[] = [];
        const inFlight: { resolve: (value: string) => void; reject: (reason: unknown) => void }[] = [];
        const routeOf = (name: string, max: number): Route => {
          const semaphore = new Semaphore(max);
          semaphores.set(name, semaphore);
          let running = 0;
          return new ServiceBuilder().layer(gate(semaphore, { name })).serviceFn((_request: string) => {
            if (++running > max) tooMany.push(name);
            return new Promise<string>((resolve, reject) => {
              inFlight.push({ resolve, reject });
            }).finally(() => {
              running--;
            });
          });
        };
        const routes = new Map(["a", "b"].map((name, index) => [name, routeOf(name, sizes[index] ?? 1)]));
        const late = routeOf("c", 1);
        const service = make(routes);
        const held: Permit<string, string>[] = [];
        let controller = new AbortController();
        const ignore = (): void => {};
        for (const step of acts) {
          const { signal } = controller;
          switch (step.act) {
            case "call":
              service.call(step.request, { signal }).catch(ignore);
              break;
            case "hold":
              try {
                const permit = service.tryReady(step.request);
                if (permit !== undefined) held.push(permit);
              } catch {
                // Steer knows no third service.
              }
              break;
            case "await":
              service.ready({ request: step.request, signal }).then((permit) => held.push(permit), ignore);
              break;
            case "spend":
              held.shift()?.call(step.request, { signal }).catch(ignore);
              break;
            case "release":
              held.shift()?.release();
              break;
            case "settle":
              inFlight.shift()?.resolve("done");
              break;
            case "fail":
              inFlight.shift()?.reject(new Error("failed"));
              break;
            case "abort":
              controller.abort();
              controller = new AbortController();
              break;
            case "add":
              routes.set("c", late);
              break;
            case "delete":
              routes.delete("c");
              break;
          }
          if (step.act === "settle" || step.act === "abort") await turn();
        }
        controller.abort();
        await turn();
        for (const permit of held) permit.release();
        for (const { resolve } of inFlight) resolve("done");
        await turn();
        expect(tooMany).toEqual([]);
        for (const { active, waiting } of semaphores.values()) expect([active, waiting]).toEqual([0, 0]);
      },
    ),
    { numRuns: 200 },
  );
});
