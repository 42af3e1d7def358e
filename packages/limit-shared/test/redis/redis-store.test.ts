import { createHash } from "node:crypto";
import { failureOf } from "@sluice/test-kit";
import { describe, expect, test } from "vitest";
import { redisStore, type Send } from "../../src/redis/index.ts";
import { shareScript } from "../../src/redis/share-script.ts";
import { takeScript } from "../../src/redis/take-script.ts";
import { shareAsk, takeAsk } from "../helper/asks.ts";

/** Answers as the script of the last question would: its echo, then `rest`. */
function answering(rest: readonly unknown[]): { readonly send: Send; readonly sent: string[][] } {
  const sent: string[][] = [];
  return {
    sent,
    send: (args) => {
      sent.push(args);
      return Promise.resolve([args.at(-1), ...rest]);
    },
  };
}

const took = ["2", "-150.5", "17", "3"];
const shared = ["2", "4", "1", "0", "99", "3"];

describe("the digests", () => {
  test.for([
    ["take", takeScript],
    ["share", shareScript],
  ] as const)("of %s is that of its text", ([, { text, digest }]) => {
    expect(digest).toBe(createHash("sha1").update(text).digest("hex"));
  });
});

describe("what is sent", () => {
  test("is EVALSHA, with the keys of the limit and the question", async () => {
    const { send, sent } = answering(took);
    await redisStore({ send }).take("search", takeAsk({ count: 2, ahead: 0.1, stamp: "5", unused: 1, fresh: "empty" }));
    const [name, digest, count, ...rest] = sent[0] as string[];
    expect([name, digest, count]).toEqual(["EVALSHA", takeScript.digest, "2"]);
    expect(rest.slice(0, 2)).toEqual(["sluice:{search}:bucket", "sluice:{search}:members"]);
    expect(rest.slice(2, -1)).toEqual(["10", "1000", "10", "2", "0.1", "0", "1", "5", "a", "1", "empty"]);
  });

  test("is given with the key that a cluster's client chooses the node by", async () => {
    const keys: string[] = [];
    const store = redisStore({
      prefix: "mine",
      send: (args, key) => {
        keys.push(key);
        return Promise.resolve([args.at(-1), ...(args[1] === takeScript.digest ? took : shared)]);
      },
    });
    await store.take("a", takeAsk({ count: 2 }));
    await store.share("b", shareAsk({ want: 2 }));
    expect(keys).toEqual(["mine:{a}:bucket", "mine:{b}:slots"]);
  });

  test.for([
    "NOSCRIPT No matching script.",
    "An error was signalled by the server: - NoScriptError: No matching script.",
  ])("is the script itself where the answer is: %s", async (message) => {
    const sent: string[][] = [];
    const send: Send = async (args) => {
      sent.push(args);
      if (args[0] === "EVALSHA") throw new Error(message);
      return [args.at(-1), ...shared];
    };
    expect(await redisStore({ send }).share("b", shareAsk({ want: 2 }))).toMatchObject({ more: 2, level: 4 });
    expect(sent.map(([name, script]) => [name, script])).toEqual([
      ["EVALSHA", shareScript.digest],
      ["EVAL", shareScript.text],
    ]);
    expect(sent[1]?.slice(2)).toEqual(sent[0]?.slice(2));
  });

  test("has keys that no other limit has, whatever the characters", async () => {
    const odd = [
      "{",
      "}",
      "%",
      "%7b",
      "%7B",
      "%25",
      "%257b",
      "{}",
      "}{",
      "a}b",
      "\ud83d",
      "\ude00",
      "\ufffd",
      "%d83d",
      "😀",
      " ",
    ];
    const seen = new Set<string>();
    for (const key of odd) {
      const { send, sent } = answering(took);
      await redisStore({ send }).take(key, takeAsk({ count: 2 }));
      const bucket = String(sent[0]?.[3]);
      // The tag is all between the first brace and the next closing one, and is not empty.
      expect(bucket).toMatch(/^sluice:\{[^{}]+\}:bucket$/);
      // As it goes over the wire.
      seen.add(Buffer.from(bucket).toString("utf8"));
    }
    expect(seen.size).toBe(odd.length);
  });
});

describe("what is answered", () => {
  test("is read from strings, from numbers and from bytes", async () => {
    const expected = { granted: 2, first: -150.5, stamp: "17", members: 3, conflict: undefined };
    const kinds = [took, [2, -150.5, 17, 3], took.map((value) => Buffer.from(value))];
    for (const kind of kinds) {
      const { send } = answering(kind);
      expect(await redisStore({ send }).take("a", takeAsk({ count: 2 }))).toStrictEqual(expected);
    }
    const inBytes: Send = async (args) =>
      [String(args.at(-1)), ...took].map((value) => new TextEncoder().encode(value));
    expect(await redisStore({ send: inBytes }).take("é", takeAsk({ count: 2 }))).toStrictEqual(expected);
  });

  test("has what another member said, where that is something else", async () => {
    const { send } = answering([...took, "5", "2000", "3.5"]);
    expect(await redisStore({ send }).take("a", takeAsk({ count: 2 }))).toMatchObject({
      conflict: { limit: 5, interval: 2_000, burst: 3.5 },
    });
    const slots = answering([...shared, "6"]);
    expect(await redisStore({ send: slots.send }).share("a", shareAsk({ want: 2 }))).toMatchObject({
      conflict: { max: 6 },
    });
  });
});

describe("when send does not do as it should", () => {
  test("and rejects: the store rejects with the same", async () => {
    const down = new Error("Connection is closed.");
    const store = redisStore({ send: () => Promise.reject(down) });
    expect(await failureOf(store.take("a", takeAsk()))).toBe(down);
    expect(await failureOf(store.share("a", shareAsk()))).toBe(down);
  });

  test("and throws: the store rejects, and does not throw", async () => {
    const broken = new TypeError("client is undefined");
    const store = redisStore({
      send: () => {
        throw broken;
      },
    });
    expect(await failureOf(store.take("a", takeAsk()))).toBe(broken);
  });

  test("and rejects with anything: the store rejects with the same", async () => {
    const unreadable = {
      get message(): string {
        throw new Error("no");
      },
    };
    for (const reason of [undefined, null, "no", 0, unreadable]) {
      const store = redisStore({ send: () => Promise.reject(reason) });
      expect(await failureOf(store.take("a", takeAsk()))).toBe(reason);
    }
  });

  test("and the script is not known even when it was sent: the store rejects, and does not ask for ever", async () => {
    let times = 0;
    const send: Send = async () => {
      times++;
      throw new Error("NOSCRIPT No matching script.");
    };
    expect(await failureOf(redisStore({ send }).take("a", takeAsk()))).toMatchObject({ message: /NOSCRIPT/ });
    expect(times).toBe(2);
  });

  test("and never answers: the store waits with it, and other questions do not", async () => {
    let first = true;
    const { send } = answering(took);
    const store = redisStore({
      send: (args, key) => {
        if (!first) return send(args, key);
        first = false;
        return new Promise(() => {});
      },
    });
    let settled = false;
    void store.take("a", takeAsk({ count: 2 })).finally(() => (settled = true));
    expect(await store.take("a", takeAsk({ count: 2, number: 2 }))).toMatchObject({ granted: 2 });
    expect(settled).toBe(false);
  });

  const rubbish: readonly unknown[] = [
    undefined,
    null,
    "OK",
    42,
    {},
    [],
    [undefined],
    ["2", "0", "17", "3"],
    { length: 5 },
    new Map(),
  ];
  test.for(rubbish.map((reply) => [reply] as const))(
    "and answers %j: the store rejects, and says so",
    async ([reply]) => {
      const store = redisStore({ send: () => Promise.resolve(reply) });
      expect(await failureOf(store.take("a", takeAsk()))).toMatchObject({ message: /^redisStore: send answered take/ });
      expect(await failureOf(store.share("a", shareAsk()))).toMatchObject({
        message: /^redisStore: send answered share/,
      });
    },
  );

  const wrongTakes = [
    ["3", "0", "17", "3"],
    ["-1", "0", "17", "3"],
    ["1.5", "0", "17", "3"],
    ["x", "0", "17", "3"],
    ["", "0", "17", "3"],
    [null, "0", "17", "3"],
    ["1", "NaN", "17", "3"],
    ["1", "Infinity", "17", "3"],
    ["1", "0", "17", "x"],
    ["1", "0", "17"],
    ["1", "0", "17", "3", "5"],
  ];
  test.for(wrongTakes.map((reply) => [reply] as const))(
    "and grants %j where 2 were wanted: the store rejects",
    async ([reply]) => {
      const { send } = answering(reply);
      expect(await failureOf(redisStore({ send }).take("a", takeAsk({ count: 2 })))).toBeInstanceOf(Error);
    },
  );

  test("and gives more slots than were wanted: the store rejects", async () => {
    const { send } = answering(["3", "4", "1", "0", "99", "3"]);
    expect(await failureOf(redisStore({ send }).share("a", shareAsk({ keep: 1, want: 3 })))).toBeInstanceOf(Error);
  });

  test("and answers another question, as a connection that lost count would: the store rejects", async () => {
    const { send, sent } = answering(took);
    await redisStore({ send }).take("a", takeAsk({ count: 2 }));
    const lastEcho = sent[0]?.at(-1);
    const late = redisStore({ send: () => Promise.resolve([lastEcho, ...took]) });
    expect(await late.take("a", takeAsk({ count: 2 }))).toMatchObject({ granted: 2 });
    for (const [key, ask] of [
      ["b", takeAsk({ count: 2 })],
      ["a", takeAsk({ count: 2, number: 2 })],
      ["a", takeAsk({ count: 2, member: "b" })],
    ] as const) {
      expect(await failureOf(late.take(key, ask))).toMatchObject({ message: /the reply to this question/ });
    }
  });
});

test("a key that is empty is refused: it would have no hash tag", async () => {
  const { send, sent } = answering(took);
  const store = redisStore({ send });
  expect(await failureOf(store.take("", takeAsk()))).toBeInstanceOf(TypeError);
  expect(await failureOf(store.share("", shareAsk()))).toBeInstanceOf(TypeError);
  expect(sent).toEqual([]);
});

test("a prefix with braces is refused: it would be the hash tag of all limits, or an empty one", () => {
  const { send } = answering(took);
  for (const prefix of ["{", "}", "{}", "{a}"]) expect(() => redisStore({ send, prefix })).toThrow(RangeError);
});
