import { describe, expect, test } from "vitest";
import { gate, identity, layerFn, type Layer, middleware, Semaphore, type Service, serviceFn } from "../src/index.ts";
import { Foreign } from "./helper/foreign.ts";
import { answering, Leaf } from "./helper/leaf.ts";
import { hops, turn, unhandledIn } from "@sluice/test-kit";

const limit = (max = 10): Layer => gate(new Semaphore(max), { name: "limit" });
const through = (): Layer => middleware("through", (request, next, options) => next(request, options));
const own = (): Layer => middleware("own", async (request, next, options) => next(request, options));

/** Stacks by name, outermost layer first. */
const stacks: Record<string, () => Layer[]> = {
  "no layer": () => [],
  identity: () => [identity()],
  "a layer that hands on": () => [layerFn("own", (inner) => inner)],
  "one gate": () => [limit()],
  "three gates": () => [limit(), limit(), limit()],
  "a middleware": () => [through()],
  "a gate around a middleware": () => [limit(), through()],
  "a middleware around a gate": () => [through(), limit()],
  "gates and middleware in turn": () => [through(), limit(), through(), limit(), through(), limit()],
  "a middleware with an answer of its own": () => [own()],
  "a gate around one with an answer of its own": () => [limit(), own()],
  "one with an answer of its own around a gate": () => [own(), limit()],
  "ten gates": () => Array.from({ length: 10 }, () => limit()),
};
const observing = Object.keys(stacks).filter((name) => !name.includes("of its own"));

const stacked = (layers: Layer[], leaf: Service<unknown, unknown>): Service<unknown, unknown> =>
  layers.reduceRight((inner, layer) => layer.wrap(inner), leaf);
const built = (name: string, leaf: Service<unknown, unknown>): Service<unknown, unknown> =>
  stacked(stacks[name]!(), leaf);

describe("promise 11: free where idle", () => {
  test.each(Object.keys(stacks))("%s adds no microtask to readiness", async (name) => {
    const service = built(name, answering("ok"));
    expect(service.tryReady()).toBeDefined();
    expect(await hops(service.ready())).toBe(0);
  });

  test.each(Object.keys(stacks))("%s begins the work in the same turn", (name) => {
    const leaf = new Leaf();
    const service = built(name, leaf.service);
    void service.call("a");
    expect(leaf.calls).toHaveLength(1);
    void service.tryReady()?.call("b");
    expect(leaf.calls).toHaveLength(2);
  });

  test.each(observing)("%s adds at most one microtask to the answer, at its edge", async (name) => {
    const added = name === "no layer" || name === "identity" || name === "a layer that hands on" ? 0 : 1;
    expect(await hops(built(name, answering("ok")).call("x"))).toBe(added);
    expect(await hops(built(name, answering("ok")).tryReady()!.call("x"))).toBe(added);
    const failing = (): Service<unknown, unknown> => {
      const failure = Promise.reject(new Error("no"));
      failure.catch(() => {});
      return built(
        name,
        serviceFn(() => failure),
      );
    };
    expect(await hops(failing().call("x"))).toBe(added);
  });

  test("a call that waited is answered as soon as one that did not", async () => {
    const leaf = new Leaf();
    const service = stacked([limit(1), limit()], leaf.service);
    const first = service.call("first");
    const second = service.call("second");
    leaf.last.respond();
    expect(await hops(first)).toBe(1);
    await turn();
    leaf.last.respond();
    expect(await hops(second)).toBe(1);
  });

  test("layers that only observe add none to each other's", async () => {
    const one = await hops(stacked([limit()], answering("ok")).call("x"));
    const many = await hops(
      stacked(
        Array.from({ length: 50 }, () => limit()),
        answering("ok"),
      ).call("x"),
    );
    expect(many).toBe(one);
  });
});

describe("promise 11: an ignored failure is reported, a handled one is not", () => {
  const error = new Error("nobody looks");
  const failing = (): Service<unknown, unknown> => serviceFn(() => Promise.reject(error));
  const leaves: Record<string, () => Service<unknown, unknown>> = {
    "that rejects": failing,
    "that throws": () =>
      serviceFn(() => {
        throw error;
      }),
    "of another's making": () => new Foreign(9, () => Promise.reject(error)),
  };

  describe.each(Object.keys(stacks))("%s", (name) => {
    test.each(Object.keys(leaves))("around a service %s", async (leaf) => {
      const service = (): Service<unknown, unknown> => built(name, leaves[leaf]!());
      expect(await unhandledIn(() => void service().call("x"))).toEqual([error]);
      expect(await unhandledIn(() => void service().tryReady()?.call("x"))).toEqual([error]);
      expect(
        await unhandledIn(
          () =>
            void service()
              .call("x")
              .catch(() => {}),
        ),
      ).toEqual([]);
      expect(
        await unhandledIn(
          () =>
            void service()
              .tryReady()
              ?.call("x")
              .catch(() => {}),
        ),
      ).toEqual([]);
      // One who looks on makes it no less handled, and one who does not makes it no less ignored.
      expect(
        await unhandledIn(() => {
          const call = service().call("x");
          call.catch(() => {});
          void call.then(() => {});
        }),
      ).toEqual([error]);
    });

    test("when the call had to wait", async () => {
      for (const outermost of [true, false]) {
        const semaphore = new Semaphore(0);
        const waits = gate(semaphore, { name: "waits" });
        const make = (): Service<unknown, unknown> =>
          stacked(outermost ? [waits, ...stacks[name]!()] : [...stacks[name]!(), waits], failing());
        const letIn = (): void => {
          semaphore.max = 1;
        };
        expect(
          await unhandledIn(() => {
            void make().call("x");
            letIn();
          }),
        ).toEqual([error]);
        semaphore.max = 0;
        expect(
          await unhandledIn(() => {
            make()
              .call("x")
              .catch(() => {});
            letIn();
          }),
        ).toEqual([]);
        semaphore.max = 0;
      }
    });
  });

  test("a wait that is given up is reported where nobody looks, once", async () => {
    for (const ask of [
      (service: Service<unknown, unknown>, signal: AbortSignal) => service.call("x", { signal }),
      (service: Service<unknown, unknown>, signal: AbortSignal) => service.ready({ signal }),
    ]) {
      const service = stacked([limit(), limit(0)], answering("ok"));
      const giveUp = (handled: boolean): void => {
        const controller = new AbortController();
        const asked = ask(service, controller.signal);
        if (handled) asked.catch(() => {});
        controller.abort(error);
      };
      expect(
        await unhandledIn(() => {
          giveUp(false);
        }),
      ).toEqual([error]);
      expect(
        await unhandledIn(() => {
          giveUp(true);
        }),
      ).toEqual([]);
    }
  });

  test("what is handed up and fails is nobody's, and not reported twice", async () => {
    const early: Layer = middleware("early", (request, next, options) => (void next(request, options), "early"));
    for (const layers of [() => [limit(), early], () => [limit(), early, limit()], () => [early, limit()]]) {
      const leaf = new Leaf();
      const service = stacked(layers(), leaf.service);
      const reported = await unhandledIn(() => {
        void service.call("x");
        void turn().then(() => {
          leaf.last.fail(error);
        });
      });
      expect(reported).toEqual([]);
    }
  });
});
