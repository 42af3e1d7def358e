import { type Service, serviceFn } from "@sluice/core";
import { timeout } from "@sluice/timeout";
import type { Call } from "../harness/calls.ts";
import { inFlight } from "../harness/in-flight.ts";
import type { Group, Question } from "../harness/question.ts";

/** The signal of a server that is to stop one day. */
const { signal } = new AbortController();

function listenerByHand(work: Call): Call {
  return (request) =>
    new Promise((resolve, reject) => {
      const aborted = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", aborted, { once: true });
      void work(request).then((response) => {
        signal.removeEventListener("abort", aborted);
        resolve(response);
      }, reject);
    });
}

function anyByHand(work: Call): Call {
  return (request) => {
    const both = AbortSignal.any([signal, new AbortController().signal]);
    return both.aborted ? Promise.reject(both.reason as Error) : work(request);
  };
}

const timed =
  (options?: { readonly signal: AbortSignal }) =>
  (work: Call): Call => {
    const service = timeout(60_000).wrap(serviceFn(work)) as Service<number, unknown>;
    return (request) => service.call(request, options);
  };
const atOnce = (count: number): Group => ({
  title: `${count.toLocaleString("en")} at once on one signal`,
  columns: [
    { figure: "ns", label: "ns/call" },
    { figure: "bytes", label: "bytes/call" },
  ],
  reference: "timeout, no signal",
  variants: [
    inFlight("timeout, no signal", "sluice", count, timed()),
    inFlight("timeout", "sluice", count, timed({ signal })),
    inFlight("addEventListener by hand", "hand", count, listenerByHand),
    inFlight("AbortSignal.any, nobody listens", "hand", count, anyByHand),
  ],
  rounds: 7,
});

export const question: Question = {
  title: "What do many calls on one long-lived signal cost?",
  about:
    "The calls of a layer that follows the caller's signal, all with the same one. An EventTarget looks through its listeners to add or remove one, so that by hand each costs more the more there are.",
  groups: [atOnce(1_000), atOnce(10_000)],
};
