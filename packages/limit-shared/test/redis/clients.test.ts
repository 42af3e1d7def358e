import { redisCluster, redisServer, serverForTests } from "@sluice/test-kit/redis";
import { describe, expect, test } from "vitest";
import { redisStore } from "../../src/redis/redis-store.ts";
import type { Store } from "../../src/store/store.ts";
import { shareAsk, takeAsk } from "../helper/asks.ts";
import { clientKinds } from "./helper/clients.ts";

const real = await serverForTests();

/** Keys on all nodes, and of characters that have a meaning to somebody. */
const keys = [
  "plain",
  "}{",
  "{a}{b}",
  "{}",
  "",
  "%7b",
  "with space\r\nand line\0",
  "söme ünicode 🚰",
  "half \ud83d",
  "x".repeat(200),
].filter((key) => key !== "");

/** Each limit gives what it has, and no more, whatever its key: no two share one. */
async function useAll(store: Store): Promise<void> {
  for (const key of keys) {
    // An hour, so that nothing is gained meanwhile.
    const took = await store.take(key, takeAsk({ count: 7, interval: 3_600_000 }));
    const rest = await store.take(key, takeAsk({ number: 2, count: 7, interval: 3_600_000 }));
    expect({ key, took, rest }).toMatchObject({ key, took: { granted: 7 }, rest: { granted: 3, stamp: took.stamp } });
    const first = await store.share(key, shareAsk({ want: 5 }));
    const second = await store.share(key, shareAsk({ member: "b", want: 5 }));
    expect({ key, first, second }).toMatchObject({ key, first: { more: 5 }, second: { more: 3, members: 2 } });
  }
}

describe.skipIf(real.missing)(`over ${real.name}`, () => {
  describe("one server", () => {
    test.for(clientKinds)("$name", { timeout: 60_000 }, async (kind) => {
      await using server = await redisServer();
      await using client = await kind.single(server.port);
      await useAll(redisStore({ send: client.send }));
      await server.command("SCRIPT", "FLUSH");
      await server.command("FLUSHALL");
      await useAll(redisStore({ send: client.send }));
      expect(await server.command("DBSIZE")).toBe(3 * keys.length);
    });
  });

  test("a cluster of three: every client", { timeout: 120_000 }, async () => {
    await using cluster = await redisCluster(3);
    const ports = cluster.servers.map(({ port }) => port);
    for (const kind of clientKinds) {
      await using client = await kind.cluster(ports);
      await useAll(redisStore({ send: client.send, prefix: kind.name }));
    }
    // Otherwise it would say nothing of clusters.
    for (const server of cluster.servers) expect(await server.command("DBSIZE")).toBeGreaterThan(0);
  });
});
