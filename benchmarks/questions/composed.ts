import { trace } from "@sluice/trace";
import { answer, oneByOne } from "../harness/calls.ts";
import { perCall, type Question } from "../harness/question.ts";
import * as peers from "../peers/peers.ts";
import { asyncFunctions, closures, fusedStack, layered, strictFusedStack } from "../references/stack.ts";

const five = () => {
  const service = layered(answer);
  return (request: number) => service.call(request);
};
const six = () => {
  const service = layered(answer, { outside: [trace()] });
  return (request: number) => service.call(request);
};

const ours = "5 layers";
const strict = "fused, with the same promises";

export const question: Question = {
  title: "What does a stack of shed, rate, limit, retry and timeout cost?",
  about:
    "One call after the other through the whole stack, which has room. The fused code has one object for five layers, a signal that a spread loses and a timer " +
    "that stays armed; the one that keeps the same promises has neither, and hands work up. The peers do what they can of the five: opossum a breaker with a timeout and a " +
    "capacity; mollitia rate, bulkhead, retry and timeout; cockatiel and Effect a limit, retry and timeout; p-* are p-limit, p-retry and p-timeout.",
  groups: [
    {
      title: "Five in one",
      columns: perCall,
      reference: "fused by hand",
      variants: [
        oneByOne("bare", "bare", () => answer),
        oneByOne("fused by hand", "hand", () => fusedStack(answer)),
        oneByOne(strict, "hand", () => strictFusedStack(answer)),
        oneByOne("closures by hand", "hand", () => closures(answer)),
        oneByOne("async functions by hand", "hand", () => asyncFunctions(answer)),
        oneByOne(ours, "sluice", five),
        oneByOne(`${ours}, megamorphic`, "sluice", five, { mixed: true }),
        oneByOne(`${ours} and trace`, "sluice", six),
        oneByOne("opossum", "peer", () => peers.opossum(answer, { capacity: 10 })),
        oneByOne("mollitia", "peer", () => peers.mollitia(answer)),
        oneByOne("cockatiel", "peer", () => peers.cockatiel(answer)),
        oneByOne("Effect", "peer", () => peers.effect(answer)),
        oneByOne("p-limit, p-retry, p-timeout", "peer", () => peers.pAll(answer)),
      ],
      goals: [
        { of: ours, figure: "ns", to: strict, most: 2.1 },
        { of: "opossum", figure: "ns", to: ours, least: 2.5 },
        { of: "cockatiel", figure: "ns", to: ours, least: 15 },
        { of: "Effect", figure: "ns", to: ours, least: 15 },
        { of: "p-limit, p-retry, p-timeout", figure: "ns", to: ours, least: 15 },
        { of: `${ours}, megamorphic`, figure: "ns", to: ours, most: 1.5 },
        { of: ours, figure: "hops", most: 3 },
        { of: ours, figure: "bytes", most: 1_850 },
      ],
    },
  ],
};
