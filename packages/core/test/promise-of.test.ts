import { describe, expect, test } from "vitest";
import { promiseOf } from "../src/kit.ts";

const boom = new Error("boom");

function throwing(): never {
  throw boom;
}

describe("a promise of something", () => {
  test("is the promise itself where that is as the platform made it", () => {
    const promise = Promise.resolve(1);
    expect(promiseOf(promise)).toBe(promise);
  });

  test("is kept for a value, and follows a promise of another class", async () => {
    class Mine<T> extends Promise<T> {}
    expect(await promiseOf(5)).toBe(5);
    expect(await promiseOf(Mine.resolve(5))).toBe(5);
    expect(Object.getPrototypeOf(promiseOf(Mine.resolve(5)))).toBe(Promise.prototype);
  });

  test("never throws, and tells once, where somebody has replaced its members", async () => {
    const telling = (resolve: (value: unknown) => void, reject: (reason: unknown) => void): void => {
      resolve("first");
      resolve("second");
      reject(boom);
    };
    const replaced = (members: object): Promise<number> => Object.assign(Promise.resolve(1), members);
    const unreadable = (member: string): Promise<number> =>
      Object.defineProperty<Promise<number>>(Promise.resolve(1), member, { get: throwing });
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    expect(await promiseOf(replaced({ then: telling }))).toBe("first");
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    await expect(promiseOf(replaced({ then: throwing }))).rejects.toBe(boom);
    await expect(promiseOf(unreadable("then"))).rejects.toBe(boom);
    await expect(promiseOf(unreadable("constructor"))).rejects.toBe(boom);
  });
});
