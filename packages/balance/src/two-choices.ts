import { type Permit, type ReadyOptions, refuse, takeRefusal } from "@sluice/core";
import type { Chooser } from "./chooser.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EndpointSet } from "./endpoint-set.ts";
import { type LoadMeasure, measureOf } from "./load.ts";
import { layerName, type Settings } from "./options.ts";
import { Refusals } from "./refusals.ts";
import type { Guide, Waiter } from "./waiter.ts";
import type { Waiting } from "./waiting.ts";

/**
 * Takes two random endpoints and tries the less busy one first, then the other, then all others. After Mitzenmacher, "The Power of Two
 * Choices in Randomized Load Balancing" (2001).
 */
export class TwoChoices implements Chooser, Guide {
  private readonly set: EndpointSet;
  private readonly waiting: Waiting;
  private readonly measure: LoadMeasure;
  private readonly settings: Settings;

  constructor(set: EndpointSet, waiting: Waiting, settings: Settings) {
    this.set = set;
    this.waiting = waiting;
    this.settings = settings;
    this.measure = measureOf(settings.load);
  }

  tryReady(request: unknown): Permit<any, any, any> | undefined {
    const { usable } = this.set;
    const { label } = this.settings;
    // Discards what an earlier, unrelated question has left.
    takeRefusal();
    if (usable.length === 0) return refuse(layerName, { label, reason: "endpoints" });
    const refusals = new Refusals();
    const been = this.set.repeats?.of(request) ?? nowhere;
    if (been.length === 0) return this.tryTwo(usable, request, refusals) ?? refusals.leave(label);
    const fresh = usable.filter((endpoint) => !been.includes(endpoint));
    const again = usable.filter((endpoint) => been.includes(endpoint));
    const permit = this.tryFrom(fresh, request, refusals) ?? this.tryFrom(again, request, refusals);
    return permit ?? refusals.leave(label);
  }

  wait(options: ReadyOptions<unknown>): Promise<Permit<any, any, any>> {
    return this.waiting.join(options, this);
  }

  held(permit: Permit<any, any, any>): Permit<any, any, any> {
    return permit;
  }

  /** Tries two of all usable endpoints, chosen by weight, and then the others. */
  private tryTwo(usable: readonly Endpoint[], request: unknown, refusals: Refusals): Permit<any, any, any> | undefined {
    const count = usable.length;
    if (count === 1) return tryAt(usable[0]!, request, refusals);
    const first = this.set.place();
    let second = this.set.place();
    // No loop: an endpoint with a large weight could be drawn many times in a row.
    if (second === first) second = (first + 1 + this.set.below(count - 1)) % count;
    return this.tryPair(usable, first, second, request, refusals);
  }

  /** Tries two of `some`, and then the others of them. */
  private tryFrom(some: readonly Endpoint[], request: unknown, refusals: Refusals): Permit<any, any, any> | undefined {
    const count = some.length;
    if (count < 2) return count === 0 ? undefined : tryAt(some[0]!, request, refusals);
    const first = this.set.below(count);
    return this.tryPair(some, first, (first + 1 + this.set.below(count - 1)) % count, request, refusals);
  }

  private tryPair(
    some: readonly Endpoint[],
    first: number,
    second: number,
    request: unknown,
    refusals: Refusals,
  ): Permit<any, any, any> | undefined {
    let one = some[first]!;
    let other = some[second]!;
    const now = one.latency === undefined ? 0 : this.set.now();
    if (this.measure(other, now) < this.measure(one, now)) [one, other] = [other, one];
    const permit = tryAt(one, request, refusals) ?? tryAt(other, request, refusals);
    if (permit !== undefined || some.length === 2) return permit;
    const start = this.set.below(some.length);
    for (let step = 0; step < some.length; step++) {
      const endpoint = some[(start + step) % some.length]!;
      if (endpoint === one || endpoint === other) continue;
      const rest = tryAt(endpoint, request, refusals);
      if (rest !== undefined) return rest;
    }
    return undefined;
  }

  /** A random endpoint whose line `waiter` may join as well; one where its request has not been, if there is one. */
  next(waiter: Waiter): Endpoint | undefined {
    const { usable } = this.set;
    const been = this.set.repeats?.of(waiter.options.request) ?? nowhere;
    const start = this.set.below(usable.length);
    let again: Endpoint | undefined;
    for (let step = 0; step < usable.length; step++) {
      const endpoint = usable[(start + step) % usable.length]!;
      if (!waiter.mayJoin(endpoint)) continue;
      if (!been.includes(endpoint)) return endpoint;
      again ??= endpoint;
    }
    return again;
  }
}

const nowhere: readonly Endpoint[] = [];

/** Asks an endpoint for a permit, and records why it granted none. */
export function tryAt(endpoint: Endpoint, request: unknown, refusals: Refusals): Permit<any, any, any> | undefined {
  // Callers that are about to join its line come first.
  if (endpoint.joining > 0) {
    refusals.full = true;
    return undefined;
  }
  try {
    const permit = endpoint.tryReady(request);
    if (permit === undefined) refusals.refused();
    return permit;
  } catch (error) {
    refusals.threw(error);
    return undefined;
  }
}
