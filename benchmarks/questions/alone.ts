import { buffer } from "@sluice/buffer";
import { type AnyLayer, middleware, serviceFn } from "@sluice/core";
import { concurrencyLimit, rateLimit } from "@sluice/limit";
import { loadShed } from "@sluice/load-shed";
import { retry, retryPolicy } from "@sluice/retry";
import { timeout } from "@sluice/timeout";
import { trace } from "@sluice/trace";
import { mapRequest } from "@sluice/util";
import { oneByOne, type Question, type Variant } from "../harness/question.ts";

const answer = async (request: number): Promise<number> => request;

/** A limit as one would write it into the function itself: a counter, and an observer at the side. */
function limitByHand(): (request: number) => Promise<number> {
  let active = 0;
  const left = (): void => {
    active--;
  };
  return (request) => {
    if (active >= 10) return Promise.reject(new Error("full"));
    active++;
    const answered = answer(request);
    answered.then(left, left);
    return answered;
  };
}

function layered(name: string, make: () => AnyLayer): Variant {
  return {
    name,
    prepare: () => {
      const service = make().wrap(serviceFn(answer) as never) as ReturnType<typeof serviceFn<number, number>>;
      return oneByOne((request) => service.call(request));
    },
  };
}

export const question: Question = {
  title: "what does each middleware cost alone, where nobody has to wait?",
  unit: "call",
  reference: "limit by hand",
  variants: [
    { name: "bare", prepare: () => oneByOne(answer) },
    { name: "limit by hand", prepare: () => oneByOne(limitByHand()) },
    {
      name: "serviceFn",
      prepare: () => {
        const service = serviceFn(answer);
        return oneByOne((request) => service.call(request));
      },
    },
    layered("middleware", () => middleware("passed", (request, next, options) => next(request, options))),
    layered("mapRequest", () => mapRequest((request: number) => request + 1)),
    layered("loadShed", loadShed),
    layered("concurrencyLimit", () => concurrencyLimit(10)),
    layered("rateLimit", () => rateLimit({ limit: 10_000_000, interval: 1_000, algorithm: "token-bucket" })),
    layered("retry", () => retry(retryPolicy({ maxRetries: 3 }))),
    layered("buffer", () => buffer({ capacity: 10 })),
    layered("timeout", () => timeout(1_000)),
    layered("trace", trace),
  ],
};
