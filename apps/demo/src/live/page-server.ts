import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isRoute } from "../routes.ts";
import type { Conditions } from "./conditions.ts";
import type { Frame, Point } from "./frame.ts";
import type { Live } from "./live.ts";
import { most } from "./load-levels.ts";
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

/** Serves the live page on loopback, and what its buttons do, for curl, too. */
export async function servePage(live: Live, conditions: Conditions): Promise<PageServer> {
  const files = await pageFiles();
  const server = createServer((request, response) => {
    request.resume();
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://page");
    const say = (status: number, text: string) => response.writeHead(status, headers).end(`${text}\n`);
    if (!isOurs(request)) return void say(403, "Only this page may ask that.");
    if (request.method === "POST") {
      const doing = control(pathname.slice(1), searchParams);
      if (typeof doing === "string") return void say(pathname.slice(1) in usage ? 400 : 404, doing);
      return void doing.then(
        (done) => say(200, done),
        (error: unknown) => say(500, String(error)),
      );
    }
    const file = files.get(pathname);
    if (request.method !== "GET" && request.method !== "HEAD") say(405, "GET or POST");
    else if (pathname === "/frames") tell(response);
    else if (file === undefined) say(404, "There is no such page.");
    else response.writeHead(200, { ...headers, "content-type": file.type }).end(file.body);
  });

  /** Does what is asked for; answers with text where that cannot be done. */
  const control = (what: string, asked: URLSearchParams): Promise<string> | string => {
    const number = (name: string) => Number(asked.get(name) ?? Number.NaN);
    const [factor, freeze, times] = [number("factor"), number("freeze"), number("times")];
    if (what === "load") {
      if (!(times >= 0 && times <= most)) return usage.load;
      live.offer(times);
      return Promise.resolve(`${times} times what the backends can do, while somebody watches`);
    }
    if (what === "anew") return live.startAnew().then(() => "started anew");
    if (!isRoute(what)) return Object.values(usage).join("\n");
    if (asked.has("restart")) return conditions.restart(what).then(() => "started anew");
    if (asked.has("kill")) return conditions.set(what, { kind: "killed" }).then(() => "killed");
    if (freeze > 0 && freeze <= 60_000)
      return conditions.set(what, { kind: "silent", ms: freeze }).then(() => `silent for ${freeze} ms`);
    if (factor > 0 && factor <= 100) {
      const condition = factor === 1 ? ({ kind: "up" } as const) : ({ kind: "slow", factor } as const);
      return conditions.set(what, condition).then(() => `${factor} times as long`);
    }
    return usage[what];
  };

  /** Server-sent events, until the page goes. */
  const tell = (response: ServerResponse): void => {
    if (live.watching >= mostWatchers) {
      response.writeHead(503, { ...headers, "retry-after": "5" }).end("Too many watch.\n");
      return;
    }
    response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
    const send = (event: string, text: string) => response.write(`event: ${event}\ndata: ${text}\n\n`);
    const leave = live.watch({
      begin: (points: readonly Point[]) => send("begin", JSON.stringify(points)),
      // Who reads too slowly misses a frame, and nothing piles up.
      look: (frame: Frame) => void (response.writableNeedDrain || send("frame", JSON.stringify(frame))),
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

const ofRoute = "?factor=<times> (above 0, at most 100), ?freeze=<ms> (above 0, at most 60000), ?kill or ?restart";
const usage = {
  quote: `POST /quote${ofRoute}`,
  report: `POST /report${ofRoute}`,
  fares: `POST /fares${ofRoute}`,
  hash: `POST /hash${ofRoute}`,
  load: `POST /load?times=<0 to ${most}>`,
  anew: "POST /anew",
} as const;

/** Another site in the same browser can send requests here, also under a name of its own. It is not to turn anything on. */
function isOurs({ headers: { host = "", origin } }: IncomingMessage): boolean {
  const isLoopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
  return isLoopback && (origin === undefined || origin === `http://${host}`);
}
