import { type RedisServer, redisServer, respClient, serverForTests, slowLink } from "@sluice/test-kit/redis";
import { Redis } from "ioredis";
import { failureOf } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { redisStore } from "../../src/redis/redis-store.ts";
import type { Store } from "../../src/store/store.ts";
import { shareAsk, takeAsk } from "../helper/asks.ts";

const real = await serverForTests();

/** An hour, so that nothing is gained while a test runs. */
const interval = 3_600_000;

async function withServer(run: (server: RedisServer, store: Store) => Promise<void>): Promise<void> {
  await using server = await redisServer();
  // A connection for each command: none is lost with the server.
  const send = (args: string[]) => server.command(...args);
  await run(server, redisStore({ send }));
}

describe.skipIf(real.missing)(`over ${real.name}`, () => {
  test("SCRIPT FLUSH fails no question and loses nothing", () =>
    withServer(async (server, store) => {
      await store.take("a", takeAsk({ count: 4, interval }));
      await store.share("a", shareAsk({ want: 3 }));
      await server.command("SCRIPT", "FLUSH");
      expect(await store.take("a", takeAsk({ count: 9, interval, number: 2 }))).toMatchObject({ granted: 6 });
      expect(await store.share("a", shareAsk({ member: "b", want: 8 }))).toMatchObject({ more: 5 });
    }));

  test.for(["FLUSHALL", "a restart"])("%s forgets what was taken, and nothing else has to start anew", (fault) =>
    withServer(async (server, store) => {
      await store.take("full", takeAsk({ count: 4, interval }));
      await store.take("empty", takeAsk({ count: 4, interval, fresh: "empty" }));
      await store.share("a", shareAsk({ want: 3 }));
      if (fault === "FLUSHALL") {
        await server.command("FLUSHALL");
      } else {
        await server.kill();
        await server.start();
      }
      expect(await store.take("full", takeAsk({ count: 20, interval, number: 3 }))).toMatchObject({ granted: 10 });
      expect(await store.take("empty", takeAsk({ count: 20, interval, number: 3, fresh: "empty" }))).toMatchObject({
        granted: 0,
      });
      // Who holds says so; who comes meanwhile is given what seems to be free.
      expect(await store.share("a", shareAsk({ member: "b", want: 8 }))).toMatchObject({ more: 8, lacking: 0 });
      expect(await store.share("a", shareAsk({ number: 2, keep: 3, want: 3 }))).toMatchObject({ more: 0, lacking: 3 });
    }),
  );

  test("a server that is gone: the store rejects with what the client says", () =>
    withServer(async (server, store) => {
      await server.kill();
      expect(await failureOf(store.take("a", takeAsk()))).toMatchObject({ code: "ECONNREFUSED" });
    }));

  test("a server that is paused answers when it goes on: nothing is lost meanwhile", () =>
    withServer(async (server, store) => {
      await store.take("a", takeAsk({ interval }));
      server.pause();
      const late = store.take("a", takeAsk({ count: 3, interval, number: 2 }));
      server.resume();
      expect(await late).toMatchObject({ granted: 3 });
    }));

  // ioredis #2130: a command whose reply was lost with the connection is sent again after a reconnect.
  test("a question that the client sends again counts once", () =>
    withServer(async (server) => {
      await using link = await slowLink(server.port, 0);
      const redis = new Redis({ host: "127.0.0.1", port: link.port, retryStrategy: () => 10 });
      redis.on("error", () => {});
      try {
        const store = redisStore({ send: ([name, ...args]) => redis.call(name, ...args) });
        const { stamp } = await store.take("a", takeAsk({ count: 8, interval }));
        link.deaf = true;
        const answer = store.take("a", takeAsk({ count: 1, unused: 4, stamp, interval, number: 2 }));
        const until = performance.now() + 10_000;
        while (!String(await server.command("HGET", "sluice:{a}:members", "a")).startsWith("2 ")) {
          expect(performance.now()).toBeLessThan(until);
        }
        link.cut();
        link.deaf = false;
        // What it was granted at first is lost with the first reply, and four came back once: 2 + 4 - 1 are left.
        expect(await answer).toMatchObject({ granted: 0 });
        expect(await store.take("a", takeAsk({ count: 10, interval, number: 3 }))).toMatchObject({ granted: 5 });
      } finally {
        redis.disconnect();
      }
    }));

  test("every key has a time to live, and lives until nothing is lost by its end", () =>
    withServer(async (server, store) => {
      await store.take("a", takeAsk({ count: 10, interval }));
      await store.take("b", takeAsk({ count: 10 }));
      await store.take("c", takeAsk({ count: 10, fresh: "empty" }));
      await store.share("a", shareAsk({ want: 3, ttl: 5_000 }));
      await store.share("a", shareAsk({ want: 3, member: "b", ttl: 60_000 }));
      await store.share("a", shareAsk({ want: 3, member: "c", ttl: 5_000 }));
      const keys = (await server.command("KEYS", "*")) as readonly string[];
      expect([...keys].sort()).toEqual(
        ["a}:bucket", "a}:members", "a}:slots", "b}:bucket", "b}:members", "c}:bucket", "c}:members"].map(
          (key) => `sluice:{${key}`,
        ),
      );
      const immortal: string[] = [];
      for (const key of keys) if (Number(await server.command("PTTL", key)) <= 0) immortal.push(key);
      expect(immortal).toEqual([]);
      expect(await server.command("PTTL", "sluice:{a}:bucket")).toBeGreaterThan(interval);
      // The member that is counted for longest decides, not the last one.
      expect(await server.command("PTTL", "sluice:{a}:slots")).toBeGreaterThan(60_000);
      expect(await server.command("PTTL", "sluice:{c}:bucket")).toBeGreaterThan(23 * 3_600_000);
    }));

  test("members that have left are forgotten in the end", () =>
    withServer(async (server, store) => {
      const slots = "sluice:{a}:slots";
      await store.share("a", shareAsk({ want: 3, ttl: 1_000 }));
      await store.share("a", shareAsk({ number: 2, want: 0, ttl: 1_000 }));
      const left = Number(await server.command("PTTL", slots));
      expect(left > 0 && left <= 10_000).toBe(true);
      // As if it had been long ago.
      await server.command("HSET", slots, "/a", "2 0 0 1000 10000 -");
      expect(await store.share("a", shareAsk({ member: "b" }))).toMatchObject({ members: 1 });
      expect(await server.command("HEXISTS", slots, "/a")).toBe(0);
    }));

  test("a server that has no memory left refuses, and the store says with what", () =>
    withServer(async (server, store) => {
      await server.command("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction");
      expect(await failureOf(store.take("a", takeAsk()))).toMatchObject({ message: /OOM/ });
      await server.command("CONFIG", "SET", "maxmemory", "0");
      expect(await store.take("a", takeAsk({ number: 2 }))).toMatchObject({ granted: 1 });
    }));

  test("a user that may run scripts and touch the keys needs no other right", () =>
    withServer(async (server) => {
      const rights = "+evalsha +eval +time +get +set +hget +hgetall +hset +hdel +hlen +pexpire";
      await server.command(
        "ACL",
        "SETUSER",
        "sluice",
        "on",
        "nopass",
        "resetkeys",
        "~sluice:*",
        "-@all",
        ...rights.split(" "),
      );
      using client = await respClient(server.port);
      await client.send(["AUTH", "sluice", ""]);
      const store = redisStore({ send: (args) => client.send(args) });
      expect(await store.take("a", takeAsk())).toMatchObject({ granted: 1 });
      expect(await store.share("a", shareAsk())).toMatchObject({ more: 1 });
    }));

  test("fields that nobody here has written change nothing", () =>
    withServer(async (server, store) => {
      await store.take("a", takeAsk({ count: 4, interval }));
      await store.share("a", shareAsk({ want: 3 }));
      await server.command("HSET", "sluice:{a}:members", "stranger", "x");
      await server.command("HSET", "sluice:{a}:slots", "/stranger", "x");
      expect(await store.take("a", takeAsk({ count: 9, interval, number: 2 }))).toMatchObject({ granted: 6 });
      expect(await store.share("a", shareAsk({ member: "b", want: 9 }))).toMatchObject({ more: 5, members: 2 });
      // What is no bucket is none.
      await server.command("SET", "sluice:{a}:bucket", "x");
      expect(await store.take("a", takeAsk({ count: 20, interval, number: 3 }))).toMatchObject({ granted: 10 });
    }));

  test("keys that are of another kind are an error, and no answer", () =>
    withServer(async (server, store) => {
      await server.command("LPUSH", "sluice:{a}:bucket", "mine");
      expect(await failureOf(store.take("a", takeAsk()))).toMatchObject({ message: /WRONGTYPE/ });
    }));
});
