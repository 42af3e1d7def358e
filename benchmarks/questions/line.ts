import { ServiceBuilder } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import type { Question, Variant } from "../harness/question.ts";

const answer = async (request: number): Promise<number> => request;

/** A limit and a line as one would write them by hand: an array that is read from a moving head. */
function lineByHand(max: number): (request: number) => Promise<number> {
  let active = 0;
  let head = 0;
  let waiting: (() => void)[] = [];
  const left = (): void => {
    active--;
    if (head === waiting.length) return;
    waiting[head++]!();
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    }
  };
  const run = (request: number): Promise<number> => {
    active++;
    const answered = answer(request);
    answered.then(left, left);
    return answered;
  };
  return (request) => {
    if (active < max) return run(request);
    return new Promise((resolve) => {
      waiting.push(() => {
        resolve(run(request));
      });
    });
  };
}

function waiters(count: number): readonly Variant[] {
  const allAtOnce =
    (call: (request: number) => Promise<unknown>) =>
    async (times: number): Promise<void> => {
      await Promise.all(Array.from({ length: times }, (_, index) => call(index)));
    };
  return [
    { name: `${count} by hand`, count, prepare: () => allAtOnce(lineByHand(10)) },
    {
      name: `${count}`,
      count,
      prepare: () => {
        const service = new ServiceBuilder().layer(concurrencyLimit(10)).serviceFn(answer);
        return allAtOnce((request) => service.call(request));
      },
    },
    {
      name: `${count}, all leave`,
      count,
      prepare: () => {
        const service = new ServiceBuilder().layer(concurrencyLimit(0)).serviceFn(answer);
        return async (times) => {
          const controller = new AbortController();
          const { signal } = controller;
          const waiting = Array.from({ length: times }, (_, index) => service.call(index, { signal }));
          controller.abort("enough");
          await Promise.allSettled(waiting);
        };
      },
    },
  ];
}

export const question: Question = {
  title: "what does it cost to wait in the line of a limit of 10, and to leave it, however long it is?",
  unit: "caller",
  reference: "1000 by hand",
  variants: [1_000, 10_000, 100_000, 1_000_000].flatMap(waiters),
};
