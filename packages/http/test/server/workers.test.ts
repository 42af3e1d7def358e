import { Hono } from "hono";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The edge as it is in Workers, and a handler that answers when the test says so. */
async function edge() {
  vi.resetModules();
  vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
  const { ServiceBuilder } = await import("@sluice/core");
  const { toFetchHandler } = await import("../../src/index.ts");
  const answers: ((response: Response) => void)[] = [];
  const handler = toFetchHandler(
    new ServiceBuilder().serviceFn(
      (_request: Request) =>
        new Promise<Response>((resolve) => {
          answers.push(resolve);
        }),
    ),
  );
  return { handler, answer: () => answers.shift()!(new Response("done")) };
}

describe("in Cloudflare Workers, which end a request when its client leaves", () => {
  test("the runtime is told of each call, so that it ends and gives its permits back", async () => {
    const { handler, answer } = await edge();
    const works: Promise<unknown>[] = [];
    const context = { waitUntil: (work: Promise<unknown>) => works.push(work) };
    const response = handler(new Request("http://test/"), {}, context);
    expect(works.length).toBe(1);
    const settled = vi.fn<() => void>();
    void works[0]!.then(settled);
    await Promise.resolve();
    expect(settled).not.toHaveBeenCalled();
    answer();
    await response;
    await works[0];
    expect(settled).toHaveBeenCalledOnce();
  });

  test("so it is with Hono", async () => {
    vi.resetModules();
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    const { ServiceBuilder } = await import("@sluice/core");
    const { guard } = await import("../../src/hono/index.ts");
    const app = new Hono();
    app.use(guard(new ServiceBuilder()));
    app.get("/", (context) => context.text("done"));
    const waitUntil = vi.fn<(work: Promise<unknown>) => void>();
    const context = { waitUntil, passThroughOnException() {}, props: {} };
    expect(await (await app.fetch(new Request("http://test/"), {}, context)).text()).toBe("done");
    // Of the call, and of the body that it was answered with.
    expect(waitUntil).toHaveBeenCalledTimes(2);
    await Promise.all(waitUntil.mock.calls.map(([work]) => work));
  });

  test("and without a context it answers all the same", async () => {
    const { handler, answer } = await edge();
    const response = handler(new Request("http://test/"));
    answer();
    expect(await (await response).text()).toBe("done");
  });
});
