// One gateway of the fleet. What makes it a member is the key of its limit, in a store that the others know, too.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { events, ServiceBuilder } from "@sluice/core";
import { guard, harden, serverOptions } from "@sluice/http/node";
import { sharedRateLimit } from "@sluice/limit-shared";
import { redisStore } from "@sluice/limit-shared/redis";
import { loadShed } from "@sluice/load-shed";
import { Redis } from "ioredis";
import { attach } from "../process/parent.ts";
import { machineTime, memberHeader, type MemberSays, type MemberSettings } from "./messages.ts";
import { terms } from "./plan.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as MemberSettings;
const parent = attach<never, MemberSays>(() => {});

const redis = new Redis({
  host: "127.0.0.1",
  port: settings.store,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => 50,
  lazyConnect: true,
});
// The limit says what a lost connection means to it.
redis.on("error", () => {});
await redis.connect();

const store = redisStore({ send: ([name, ...args]) => redis.call(name, ...args) });
const rate = sharedRateLimit({ store, key: "prices", ...terms });
/** A member that was idle has to ask the store first: callers wait for that. Who would wait for longer than this is refused: ms. */
const patience = 50;

const limited = guard(new ServiceBuilder().layer(loadShed({ wait: patience })).layer(rate), {
  wait: true,
  answers: { ERR_SLUICE_STORE_DOWN: () => ({ status: 503, detail: "The store of the limit cannot be reached." }) },
  onError: console.error,
}).handle(async (_request: IncomingMessage, response: ServerResponse, { signal }) => {
  const answer = await fetch(`http://127.0.0.1:${settings.backend}/`, {
    headers: { [memberHeader]: settings.name },
    signal: signal ?? null,
  });
  response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
});

events.subscribe(({ type, to }) => {
  if (type === "state" && (to === "up" || to === "down")) parent.tell({ kind: "state", to, at: machineTime() });
});

const server = createServer(serverOptions({ keepAliveTimeout: 60_000 }), limited);
harden(server);
server.listen(0, "127.0.0.1", () => {
  parent.tell({ kind: "listening", port: (server.address() as AddressInfo).port });
});
