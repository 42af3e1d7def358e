import { type AnyLayer, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { eachLayer, observing } from "./helper/each-layer.ts";
import { gateway, stacks } from "./helper/gateway.ts";
import { permitOf, stacked } from "./helper/stacked.ts";
import { turn, unhandledIn } from "@sluice/test-kit";

const failure = new Error("ignored");
const all: Readonly<Record<string, () => AnyLayer[]>> = {
  ...Object.fromEntries(Object.entries(eachLayer).map(([name, make]) => [name, () => [make(new VirtualClock())]])),
  "no layer at all": () => [],
  "all that only look on": () => observing.map((name) => eachLayer[name]!(new VirtualClock())),
  "all layers": () => Object.values(eachLayer).map((make) => make(new VirtualClock())),
};

const leaves = {
  "that rejects": () => serviceFn((_request: string): Promise<string> => Promise.reject(failure)),
  "that throws": () =>
    serviceFn((_request: string): string => {
      throw failure;
    }),
  "that rejects later": () =>
    serviceFn(async (_request: string): Promise<string> => {
      await turn();
      throw failure;
    }),
};

describe.each(Object.entries(leaves))("promise 11: work %s", (_leaf, leaf) => {
  describe.each(Object.entries(all))("through %s", (_name, layers) => {
    test("is reported as unhandled, once, when its failure is ignored", async () => {
      expect(
        await unhandledIn(async () => {
          void stacked(layers(), leaf()).call("x");
          await turn();
          await turn();
        }),
      ).toEqual([failure]);
      expect(
        await unhandledIn(async () => {
          void permitOf(stacked(layers(), leaf()), "x").call("x");
          await turn();
          await turn();
        }),
      ).toEqual([failure]);
    });

    test("is not when it is handled", async () => {
      const seen: unknown[] = [];
      const handle = (error: unknown): void => {
        seen.push(error);
      };
      expect(
        await unhandledIn(async () => {
          await stacked(layers(), leaf()).call("x").catch(handle);
          await permitOf(stacked(layers(), leaf()), "x").call("x").catch(handle);
          await permitOf(stacked(layers(), leaf())).call("x").then(undefined, handle);
        }),
      ).toEqual([]);
      expect(seen).toEqual([failure, failure, failure]);
    });

    test("neither when the call had to wait", async () => {
      const limit = concurrencyLimit(1);
      const service = stacked([limit, ...layers()], leaf());
      const reported = async (use: (answer: Promise<string>) => unknown): Promise<readonly unknown[]> =>
        unhandledIn(async () => {
          const permit = await service.ready({ request: "x" });
          use(service.call("x"));
          permit.release();
          await turn();
          await turn();
        });
      expect(await reported(() => {})).toEqual([failure]);
      expect(await reported((answer) => answer.catch(() => {}))).toEqual([]);
    });
  });
});

describe.each(Object.keys(stacks))("promise 11: in %s", (stack) => {
  test("an ignored time-out is reported once, and neither is the work that ends badly after it", async () => {
    const each = gateway(stack);
    const reported = await unhandledIn(async () => {
      void each.service.call("x");
      const { fail } = await each.handle.nextRequest();
      await each.clock.advance(1_000);
      fail(failure);
    });
    expect(reported).toEqual([expect.objectContaining({ code: "ERR_SLUICE_TIMEOUT" })]);
  });

  test("a time-out that was handled leaves nothing to report, whatever the work does", async () => {
    const each = gateway(stack);
    const reported = await unhandledIn(async () => {
      const answer = each.service.call("x").catch(() => "handled");
      const { fail, options } = await each.handle.nextRequest();
      options.waitUntil?.(Promise.reject(new Error("of work that was handed up")));
      await each.clock.advance(1_000);
      fail(failure);
      expect(await answer).toBe("handled");
    });
    expect(reported).toEqual([]);
  });

  test("a wait that was aborted is the caller's to handle, and nobody else's", async () => {
    const each = gateway(stack);
    each.handle.allow(0);
    const reason = new Error("left");
    const reported = (use: (answer: Promise<unknown>) => unknown): Promise<readonly unknown[]> =>
      unhandledIn(async () => {
        const controller = new AbortController();
        use(each.service.call("x", { signal: controller.signal }));
        await each.clock.advance(1);
        controller.abort(reason);
        await turn();
      });
    expect(await reported((answer) => answer.catch(() => {}))).toEqual([]);
    expect(await reported(() => {})).toHaveLength(1);
  });

  test("an answer that is ignored is no failure", async () => {
    const each = gateway(stack);
    expect(
      await unhandledIn(async () => {
        void each.service.call("x");
        (await each.handle.nextRequest()).respond("fine");
      }),
    ).toEqual([]);
  });
});

test("promise 6: a body that breaks off is nobody's failure but its reader's", async () => {
  const until = (response: { readonly ended: Promise<void> }) => response.ended;
  const body = { ended: Promise.reject(new Error("broken off")) };
  const limit = concurrencyLimit(1, { until });
  expect(
    await unhandledIn(async () => {
      await limit.wrap(serviceFn((_request: string) => body)).call("x");
      await turn();
    }),
  ).toEqual([]);
  expect(limit.active).toBe(0);
});
