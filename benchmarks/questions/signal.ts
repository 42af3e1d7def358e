import { type Service, serviceFn } from "@sluice/core";
import { ownController } from "@sluice/core/kit";
import { timeout } from "@sluice/timeout";
import { answer, type Call, oneByOne } from "../harness/calls.ts";
import { inFlight } from "../harness/in-flight.ts";
import { type Group, perCall, type Question } from "../harness/question.ts";

/** A long-lived signal, as for the shutdown of a server. */
const longLived = new AbortController().signal;

const one = (): AbortSignal => longLived;
const another = (): AbortSignal => new AbortController().signal;
/** The signal that a guard makes for each request. */
const own = (): AbortSignal => ownController().signal;

function listenerByHand(work: Call, signalOf: () => AbortSignal = one): Call {
  return (request) =>
    new Promise((resolve, reject) => {
      const signal = signalOf();
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
    const both = AbortSignal.any([longLived, new AbortController().signal]);
    return both.aborted ? Promise.reject(both.reason as Error) : work(request);
  };
}

const timed =
  (signalOf?: () => AbortSignal) =>
  (work: Call): Call => {
    const service = timeout(60_000).wrap(serviceFn(work)) as Service<number, unknown>;
    return signalOf === undefined
      ? (request) => service.call(request)
      : (request) => service.call(request, { signal: signalOf() });
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
    inFlight("timeout", "sluice", count, timed(one)),
    inFlight("addEventListener by hand", "hand", count, listenerByHand),
    inFlight("AbortSignal.any, nobody listens", "hand", count, anyByHand),
  ],
  rounds: 7,
});

const each: Group = {
  title: "One call after the other, each with a signal of its own",
  columns: perCall,
  reference: "listener by hand, a signal each",
  variants: [
    oneByOne("bare", "bare", () => answer),
    oneByOne("listener by hand, a signal each", "hand", () => listenerByHand(answer, another)),
    oneByOne("timeout, no signal", "sluice", () => timed()(answer)),
    oneByOne("timeout, one signal", "sluice", () => timed(one)(answer)),
    oneByOne("timeout, a signal each", "sluice", () => timed(another)(answer)),
    oneByOne("timeout, a signal each, followed without an event", "sluice", () => timed(own)(answer)),
  ],
  goals: [
    {
      of: "timeout, a signal each, followed without an event",
      figure: "ns",
      to: "timeout, a signal each",
      over: "timeout, no signal",
      most: 0.5,
    },
  ],
};

export const question: Question = {
  title: "What does it cost to follow the caller's signal?",
  about:
    "The calls of a layer that follows it. An EventTarget looks through its listeners to add or remove one, so that by hand each costs more the more there are on one long-lived signal.",
  groups: [atOnce(1_000), atOnce(10_000), each],
};
