import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Conditions } from "../src/live/conditions.ts";
import type { Live } from "../src/live/live.ts";
import { type PageServer, servePage } from "../src/live/page-server.ts";

let server: PageServer;
const watch = vi.fn<Live["watch"]>((watcher) => {
  watcher.begin([]);
  return () => {};
});

beforeAll(async () => {
  // Whoever watches starts gateways: here it is only seen that somebody does.
  server = await servePage({ watching: 0, watch } as unknown as Live, new Conditions());
});

afterAll(() => server.close());

async function ask(method: string, path: string, headers: Record<string, string> = {}) {
  const asked: ClientRequest = request({ host: "127.0.0.1", port: server.port, path, method, headers });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return { response, leave: () => void asked.destroy() };
}

test("another site that shows the frames as an image, without an origin, starts nothing", async () => {
  watch.mockClear();
  for (const site of ["cross-site", "same-site"]) {
    const { response, leave } = await ask("GET", "/frames", { "sec-fetch-site": site });
    expect(response.statusCode).toBe(403);
    leave();
  }
  expect(watch).not.toHaveBeenCalled();
  // A link to the page is followed.
  const { response: shown, leave: close } = await ask("GET", "/", { "sec-fetch-site": "cross-site" });
  expect(shown.statusCode).toBe(200);
  close();
  for (const headers of [{}, { "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }]) {
    const { response, leave } = await ask("GET", "/frames", headers);
    expect(response.statusCode).toBe(200);
    leave();
  }
  expect(watch).toHaveBeenCalledTimes(3);
});

test("who asks for the head of the frames gets it, and watches nothing", async () => {
  watch.mockClear();
  const { response } = await ask("HEAD", "/frames");
  expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "text/event-stream"]);
  await once(response.resume(), "end");
  expect(watch).not.toHaveBeenCalled();
});
