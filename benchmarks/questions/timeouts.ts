import { type Service, serviceFn } from "@sluice/core";
import { timeout } from "@sluice/timeout";
import type { Call } from "../harness/calls.ts";
import { inFlight } from "../harness/in-flight.ts";
import type { Question, Variant } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { timeoutByHand, timerByHand } from "../references/timeout.ts";

const count = 100_000;
const each = (name: string, by: Variant["by"], make: (work: Call) => Call | Promise<Call>): Variant =>
  inFlight(name, by, count, make);

export const question: Question = {
  title: "What do 100,000 timeouts in flight cost?",
  about:
    "All calls are begun, then their work is answered, in the order in which they came; no timeout fires. The time is for both together; the bytes are what the heap holds " +
    "for each call that is in flight, the promise of its work and its place in an array included.",
  groups: [
    {
      title: "100,000 at once",
      columns: [
        { figure: "ns", label: "ns/call" },
        { figure: "bytes", label: "bytes/call" },
      ],
      reference: "shared list by hand",
      variants: [
        each("bare", "bare", (work) => work),
        each("shared list by hand", "hand", (work) => timeoutByHand(work, 60_000)),
        each("setTimeout by hand", "hand", (work) => timerByHand(work, 60_000)),
        each("timeout", "sluice", (work) => {
          const service = timeout(60_000).wrap(serviceFn(work)) as Service<number, unknown>;
          return (request) => service.call(request);
        }),
        each("p-timeout, no message", "peer", (work) => peers.pTimeout(work, { message: false, ms: 60_000 })),
        each("opossum", "peer", (work) => peers.opossum(work, { ms: 60_000 })),
        each("cockatiel timeout", "peer", (work) => peers.cockatiel(work, "timeout", { ms: 60_000 })),
      ],
      goals: [{ of: "timeout", figure: "ns", to: "shared list by hand", most: 1.6 }],
      rounds: 7,
    },
  ],
};
