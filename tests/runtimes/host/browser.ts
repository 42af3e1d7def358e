import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { haveChromium, startChromium } from "@sluice/test-kit/chromium";
import type { Result } from "../suite.ts";

const within = 90_000;

/** Runs the suite in a page of Chromium; undefined where there is none. */
export async function runBrowser(bundles: {
  readonly page: string;
  readonly worker: string;
}): Promise<readonly Result[] | undefined> {
  const chromium = await haveChromium();
  if (chromium === undefined) return undefined;
  const files: Readonly<Record<string, string>> = { "/page.js": bundles.page, "/service-worker.js": bundles.worker };
  const server = createServer(({ url = "" }, response) => {
    const file = files[url];
    if (file !== undefined) response.setHeader("content-type", "text/javascript").end(readFileSync(file));
    else
      response
        .setHeader("content-type", "text/html")
        .end('<!doctype html><script type="module" src="/page.js"></script>');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await using browser = await startChromium(chromium);
    const page = await browser.newPage();
    page.setDefaultTimeout(within);
    const broken = new Promise<never>((_resolve, reject) => {
      page.on("pageerror", reject);
      setTimeout(() => reject(new Error("The page had no results in time.")), within).unref();
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // As text, for this file is compiled without the types of a page.
    return await Promise.race([page.evaluate<Result[]>("globalThis.results"), broken]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
