import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { inLine } from "../harness/line.ts";
import type { Group, Question, Subject, Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";

/** `count` callers wait, and a hundred of them, spread over the line, abort. */
function leaving(name: string, by: Variant["by"], count: number, make: () => Promise<peers.LeavingCall>): Variant {
  const leavers = 100;
  const leave = async (length: number): Promise<number> => {
    const call = await make();
    const left: Promise<unknown>[] = [];
    const controllers: AbortController[] = [];
    for (let index = 0; index < length; index++) {
      if (index % (length / leavers) > 0) void call(index);
      else {
        const controller = new AbortController();
        controllers.push(controller);
        left.push(call(index, controller.signal).catch(() => undefined));
      }
    }
    globalThis.gc?.();
    const begin = performance.now();
    for (const controller of controllers) controller.abort("enough");
    await Promise.all(left);
    return ((performance.now() - begin) * 1e6) / leavers;
  };
  const prepare = async (): Promise<Subject> => {
    for (let times = 0; times < 20; times++) await leave(1_000);
    return { round: async () => ({ ns: await leave(count) }) };
  };
  return { name, by, prepare };
}

const sizes = [1_000, 10_000, 100_000] as const;
const never = () => new Promise<never>(() => {});

const leave: Group = {
  title: "One of them leaves",
  columns: [{ figure: "ns", label: "ns/leave" }],
  variants: [
    ...sizes.map((count) =>
      leaving(`concurrencyLimit, ${count.toLocaleString("en")} in line`, "sluice", count, async () => {
        const service = new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(never);
        return (request, signal) => service.call(request, { signal });
      }),
    ),
    ...sizes.map((count) =>
      leaving(`p-queue, ${count.toLocaleString("en")} in line`, "peer", count, async () => {
        const call = await peers.pQueue(never, 1);
        // The caller that is admitted.
        void call(0);
        return call;
      }),
    ),
  ],
  goals: [{ of: "concurrencyLimit, 100,000 in line", figure: "ns", to: "concurrencyLimit, 1,000 in line", most: 2 }],
  rounds: 7,
};

export const question: Question = {
  title: "What does it cost to wait in line, and to leave it?",
  about:
    "All come at once to a limit of 10 and are served in order. The bytes are what the heap holds for each while all wait. The ring keeps the async context of whoever " +
    "waits, as the layer does, but cannot be left. Leaving: a hundred callers, evenly spread over the line, give up.",
  groups: [...[1_000, 10_000, 100_000].map((count) => inLine(count)), leave],
};
