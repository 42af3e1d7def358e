import { OverloadedError, ServiceBuilder } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { oneByOne, type Question } from "../harness/question.ts";

const answer = async (request: number): Promise<number> => request;

/**
 * What the stack does, in one function: refuse at the limit and beyond the rate, try again what failed, give up in time.
 * One timer for all calls, in order of time, armed while there are any.
 */
function fused(): (request: number) => Promise<number> {
  interface Call {
    readonly due: number;
    readonly giveUp: (error: Error) => void;
    done: boolean;
  }
  let active = 0;
  let full = 0;
  let calls: Call[] = [];
  let timer: NodeJS.Timeout | undefined;
  const ring = (): void => {
    const now = performance.now();
    calls = calls.filter((call) => {
      if (!call.done && call.due <= now) call.giveUp(new Error("too late"));
      return !call.done && call.due > now;
    });
    timer = calls.length > 0 ? setTimeout(ring, calls[0]!.due - now) : undefined;
  };
  return (request) => {
    const now = performance.now();
    // A token bucket: when it will be full again.
    full = Math.max(full, now - 1_000) + 0.0001;
    if (active >= 10 || full > now + 1_000) return Promise.reject(new OverloadedError());
    active++;
    return new Promise((resolve, reject) => {
      const attempt = (left: number): void => {
        const call: Call = { due: now + 1_000, giveUp: reject, done: false };
        calls.push(call);
        timer ??= setTimeout(ring, 1_000);
        answer(request).then(
          (response) => {
            call.done = true;
            active--;
            if (active === 0) calls = [];
            resolve(response);
          },
          (error: unknown) => {
            call.done = true;
            if (left > 0) attempt(left - 1);
            else {
              active--;
              reject(error);
            }
          },
        );
      };
      attempt(3);
    });
  };
}

const stack = new ServiceBuilder()
  .layer(loadShed())
  .layer(rateLimit({ limit: 10_000_000, interval: 1_000, algorithm: "token-bucket" }))
  .layer(concurrencyLimit(10))
  .layer(retry(retryPolicy({ maxRetries: 3 })));

export const question: Question = {
  title: "what does a stack of shed, rate, limit, retry and timeout cost?",
  unit: "call",
  reference: "fused by hand",
  variants: [
    { name: "bare", prepare: () => oneByOne(answer) },
    { name: "fused by hand", prepare: () => oneByOne(fused()) },
    {
      name: "4 layers, no timeout",
      prepare: () => {
        const service = stack.serviceFn(answer);
        return oneByOne((request) => service.call(request));
      },
    },
    {
      name: "5 layers",
      prepare: () => {
        const service = stack.layer(timeout(1_000)).serviceFn(answer);
        return oneByOne((request) => service.call(request));
      },
    },
    {
      name: "5 layers and trace",
      prepare: () => {
        const service = new ServiceBuilder().layer(trace()).service(stack.layer(timeout(1_000)).serviceFn(answer));
        return oneByOne((request) => service.call(request));
      },
    },
  ],
};
