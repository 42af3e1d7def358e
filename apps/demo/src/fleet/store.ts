// The store of the fleet: a real server, and a process that looks after it. Redis does not notice when the demo is killed; this process does.
import { redisServer } from "@sluice/test-kit/redis";
import type { StoreSays, StoreTold } from "./messages.ts";

// The one who started it says when it ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
const starting = redisServer();

async function end(): Promise<void> {
  const server = await starting;
  await server[Symbol.asyncDispose]();
  process.exit(0);
}

process.on("disconnect", () => void end());
process.on("message", (told: StoreTold) => {
  if (told === "end") void end();
  else void starting.then((server) => server[told]());
});

const { port } = await starting;
process.send?.({ kind: "listening", port } satisfies StoreSays, () => {});
