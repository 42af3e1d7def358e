import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Conditions } from "./conditions.ts";
import { control } from "./control.ts";
import { eventOf, type Live } from "./live.ts";
import { pageFiles } from "./page-files.ts";

export interface PageServer {
  readonly port: number;
  close(): void;
}

/** More pages than anybody has open. */
const mostWatchers = 50;

const headers = {
  // Nothing comes from outside of this machine, and no other page shows this one.
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

const frameHeaders = { ...headers, "content-type": "text/event-stream" };

/** Serves the live page on loopback, and what its buttons do, for curl, too. */
export async function servePage(live: Live, conditions: Conditions): Promise<PageServer> {
  const files = await pageFiles();
  const server = createServer((request, response) => {
    request.resume();
    void answer(request, response);
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const say = (status: number, text: string) => response.writeHead(status, headers).end(`${text}\n`);
    const url = URL.parse(request.url ?? "/", "http://page");
    if (url === null) return void say(400, "That is no address.");
    const { pathname, searchParams } = url;
    const file = files.get(pathname);
    const isFrames = pathname === "/frames";
    if (!isOurs(request) || (isFrames && isOfAnotherSite(request))) say(403, "Only this page may ask that.");
    else if (request.method === "POST") {
      try {
        const { status, text } = await control(live, conditions, pathname.slice(1), searchParams);
        say(status, text);
      } catch (error) {
        say(500, String(error));
      }
    } else if (request.method !== "GET" && request.method !== "HEAD") say(405, "GET or POST");
    else if (isFrames && request.method === "HEAD") response.writeHead(200, frameHeaders).end();
    else if (isFrames) tell(response);
    else if (file === undefined) say(404, "There is no such page.");
    else response.writeHead(200, { ...headers, "content-type": file.type }).end(file.body);
  };

  /** Server-sent events, until the page goes. */
  const tell = (response: ServerResponse): void => {
    if (live.watching >= mostWatchers) {
      response.writeHead(503, { ...headers, "retry-after": "5" }).end("Too many watch.\n");
      return;
    }
    response.writeHead(200, frameHeaders);
    const leave = live.watch({
      begin: (points) => void response.write(eventOf("begin", points)),
      // Who reads too slowly misses a frame, and nothing piles up.
      look: (text) => void (response.writableNeedDrain || response.write(text)),
    });
    response.once("close", leave);
  };

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Another site in the same browser can send requests here, also under a name of its own. It is not to turn anything on. */
function isOurs({ headers: { host = "", origin } }: IncomingMessage): boolean {
  const isLoopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  return isLoopback && (origin === undefined || origin === `http://${host}`);
}

/** What another site asks for as an image has no origin. A link there may show the page: that turns nothing on by itself. */
function isOfAnotherSite({ headers: { "sec-fetch-site": site } }: IncomingMessage): boolean {
  return site === "cross-site" || site === "same-site";
}
