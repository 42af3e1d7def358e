import { type AnyLayer, gate, Semaphore } from "@sluice/core";
import { turn } from "@sluice/test-kit";
import { VirtualClock } from "@sluice/testing";
import { describe, expect, test } from "vitest";
import { eachLayer } from "./helper/each-layer.ts";
import { stacked } from "./helper/stacked.ts";
import { Workshop } from "./helper/workshop.ts";

/** As loggers write it: a layer, a service or an error in the fields of a line. */
const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The readable members of a layer: its label, and all strings, numbers and booleans. */
function readable(layer: object): Record<string, unknown> {
  const plain = Object.entries(layer).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  const { about } = layer as Pick<AnyLayer, "about">;
  return written({ label: about?.label, ...Object.fromEntries(plain) }) as Record<string, unknown>;
}

describe.each(Object.keys(eachLayer))("%s, written as JSON", (name) => {
  test("is its name and all that it counts, at rest, while calls run and while others wait", async () => {
    const clock = new VirtualClock();
    const layer = eachLayer[name]!(clock);
    const workshop = new Workshop();
    const limit = gate(new Semaphore(2), { name: "two" });
    const service = stacked([layer, limit], workshop.service);
    expect(written(layer)).toEqual(readable(layer));
    for (let caller = 0; caller < 20; caller++) service.call(`${caller}`).catch(() => {});
    await turn();
    expect(workshop.begun.length).toBeGreaterThan(0);
    expect(written(layer)).toEqual(readable(layer));
    expect(written(layer)).toMatchObject({ name: layer.name });
    // Its internal state may be cyclic, and is not part of the output.
    expect(() => JSON.stringify(service)).not.toThrow();
  });
});
