import assert from "node:assert/strict";
import { Semaphore, type Service, ServiceBuilder } from "@sluice/core";
import { balance } from "@sluice/balance";
import { cache } from "@sluice/cache";
import { keyed } from "@sluice/keyed";
import { concurrencyLimit } from "@sluice/limit";

/** The result: words and figures, each with its unit. */
export interface Look {
  readonly what: string;
  readonly held: string;
  readonly bytes: number;
  readonly each: string;
}

const strangers = 1_000_000;

/** The size of the heap, after a collection. */
function heap(): number {
  // Twice: objects that the first collection finalises may hold further garbage.
  globalThis.gc!();
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}

/** CPU time in microseconds, so other load of the machine does not count. */
function cpuSince(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin);
  return user + system;
}

/** One call for each new key, in turn. Returns the largest heap of 20 measurements, and the CPU time of a call. */
async function passBy(service: Service<string, string>): Promise<{ readonly bytes: number; readonly ns: number }> {
  // The first calls also allocate code and object shapes.
  for (let nth = 0; nth < 10; nth++) await service.call(`early-${nth}`);
  const before = heap();
  let most = 0;
  let micros = 0;
  const part = strangers / 20;
  for (let first = 0; first < strangers; first += part) {
    const begin = process.cpuUsage();
    for (let nth = first; nth < first + part; nth++) await service.call(`stranger-${nth}`);
    micros += cpuSince(begin);
    most = Math.max(most, heap() - before);
  }
  return { bytes: most, ns: (micros * 1e3) / strangers };
}

async function throughKeyed(): Promise<Look> {
  const perUser = keyed({ key: (user: string) => user, gate: () => new Semaphore(4) });
  const { bytes, ns } = await passBy(new ServiceBuilder().layer(perUser).serviceFn((user: string) => `hello ${user}`));
  assert.equal(perUser.size, perUser.maxKeys);
  assert.ok(perUser.evicted >= strangers - perUser.maxKeys);
  return {
    what: "1,000,000 strangers through `keyed`",
    held: "10,000 semaphores",
    bytes,
    each: `${ns.toFixed(0)} ns a stranger`,
  };
}

async function throughCache(): Promise<Look> {
  const answers = cache<string, string>({ key: (user) => user, ttl: 3_600_000 });
  const { bytes, ns } = await passBy(new ServiceBuilder().layer(answers).serviceFn((user: string) => `hello ${user}`));
  return {
    what: "1,000,000 strangers through `cache`",
    held: "1,000 answers",
    bytes,
    each: `${ns.toFixed(0)} ns a stranger`,
  };
}

/** Callers who wait in the lines of four of 100 endpoints each, and then leave. */
async function inBalance(): Promise<Look> {
  const count = 1_000;
  const never = (): Promise<string> => new Promise(() => {});
  const endpoints = Array.from({ length: 100 }, (_, nth) => {
    const service = new ServiceBuilder().layer(concurrencyLimit(1)).serviceFn(never);
    return [nth, service] as const;
  });
  const service = balance({ endpoints });
  for (let nth = 0; nth < 100; nth++) void service.call("first");
  const round = async () => {
    const signals = Array.from({ length: count }, () => new AbortController());
    const calls: Promise<unknown>[] = [];
    const before = heap();
    const begin = process.cpuUsage();
    for (const { signal } of signals) calls.push(service.call("x", { signal }).catch(() => {}));
    const join = cpuSince(begin) / count;
    assert.equal(service.waiting, count);
    const bytes = heap() - before;
    const leaving = process.cpuUsage();
    for (const controller of signals) controller.abort("enough");
    const leave = cpuSince(leaving) / count;
    await Promise.all(calls);
    assert.equal(service.waiting, 0);
    return { bytes, join, leave, left: heap() - before };
  };
  for (let rounds = 0; rounds < 5; rounds++) await round();
  const { bytes, join, leave, left } = await round();
  // The remaining heap is less than one waiter has taken.
  assert.ok(left < bytes / 10, `${left} bytes stay behind of ${bytes}`);
  const each = `${(bytes / count / 1_000).toFixed(1)} kB a waiter, ${join.toFixed(0)} µs to join, ${leave.toFixed(0)} µs to leave`;
  return {
    what: "1,000 callers waiting in `balance`",
    held: "four lines each, of 100 endpoints that are full",
    bytes,
    each,
  };
}

/** Each is taken in a separate process. */
export const looks: ReadonlyMap<string, () => Promise<Look>> = new Map([
  ["keyed", throughKeyed],
  ["cache", throughCache],
  ["balance", inBalance],
]);
