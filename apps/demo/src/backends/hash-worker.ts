// About 20 ms of one core for each message.
import { pbkdf2Sync } from "node:crypto";
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (id: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads of one process have no origin
  parentPort?.postMessage(pbkdf2Sync(id, "sluice", 200_000, 32, "sha256").toString("hex"));
});
