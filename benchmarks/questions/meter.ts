import { type AnyLayer, type Service, serviceFn } from "@sluice/core";
import { concurrencyLimit } from "@sluice/limit";
import { type Meter, meter, type MeterOptions } from "@sluice/meter";
import { answer, oneByOne } from "../harness/calls.ts";
import { perCall, type Question, type Variant } from "../harness/question.ts";
import { countedByHand, timedByHand } from "../references/meter.ts";
import type { Work } from "../references/work.ts";

const bare: Variant = oneByOne("bare", "bare", () => answer);

/** Meters are referenced, or they would be collected. */
const held: Meter[] = [];

function metered(options?: MeterOptions): Meter {
  const made = meter("measured", options);
  held.push(made);
  return made;
}

function stack(name: string, ...make: readonly (() => AnyLayer)[]): Variant {
  return oneByOne(name, "sluice", () => {
    let service: Service<number, number> = serviceFn(answer);
    for (const layer of [...make].reverse()) service = layer().wrap(service as never) as Service<number, number>;
    return (request: number) => service.call(request);
  });
}

function byHand(name: string, counted: (work: Work<number, number>) => Work<number, number>): Variant {
  return oneByOne(name, "hand", () => {
    const service = serviceFn(counted(answer));
    return (request: number) => service.call(request);
  });
}

const limit = () => concurrencyLimit(10);
const all = () => metered();
const counts = () => metered({ durations: false });
const off = () => metered({ enabled: false });

export const question: Question = {
  title: "What does a meter cost, where nobody has to wait?",
  about:
    "One call after the other around an async function that answers with its argument. The goals compare what a meter adds to `serviceFn` with " +
    "what `concurrencyLimit` adds to it, in the same run. With durations a call reads the clock twice, and each reading is a large part of it. " +
    "By hand is the least that counts calls, and that times them: it keeps few of the promises.",
  groups: [
    {
      title: "A meter alone, beside a limit alone",
      columns: perCall,
      reference: "serviceFn",
      variants: [
        bare,
        stack("serviceFn"),
        stack("concurrencyLimit", limit),
        stack("meter, off", off),
        stack("meter, counts alone", counts),
        stack("meter", all),
        byHand("by hand, two counters", countedByHand),
        byHand("by hand, and two readings of the clock", timedByHand),
      ],
      goals: [
        { of: "meter, off", figure: "ns", to: "serviceFn", difference: true, most: 10 },
        { of: "meter, off", figure: "bytes", to: "serviceFn", difference: true, most: 1 },
        { of: "meter, counts alone", figure: "ns", to: "concurrencyLimit", over: "serviceFn", most: 0.7 },
        { of: "meter", figure: "ns", to: "concurrencyLimit", over: "serviceFn", most: 1.5 },
      ],
    },
    {
      title: "Meters around a limit",
      columns: perCall,
      reference: "concurrencyLimit",
      variants: [
        bare,
        stack("serviceFn"),
        stack("concurrencyLimit", limit),
        stack("meter, off, and limit", off, limit),
        stack("meter, counts alone, and limit", counts, limit),
        stack("meter and limit", all, limit),
        stack("meter, limit and meter", all, limit, all),
      ],
      goals: [{ of: "meter, limit and meter", figure: "hops", to: "concurrencyLimit", difference: true, most: 0 }],
    },
  ],
};
