import { type CallOptions, OverloadedError, type Permit, type ReadyOptions, refuse, takeRefusal } from "@sluice/core";
import { permit as permitOf, show, throwIfAborted } from "@sluice/core/kit";
import type { Chooser } from "./chooser.ts";
import type { ConsistentHash, HashPlaces } from "./consistent-hash.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EndpointSet } from "./endpoint-set.ts";
import { layerName, type Settings } from "./options.ts";
import { Refusals } from "./refusals.ts";
import { tryAt } from "./two-choices.ts";
import type { Guide, Waiter } from "./waiter.ts";
import type { Waiting } from "./waiting.ts";

type Key = string | number;
type Held = Permit<any, any, any>;

/** Chooses the endpoint by the request's key. Callers wait for an endpoint without room; an endpoint whose readiness fails is skipped. */
export class ByKey implements Chooser {
  private readonly set: EndpointSet;
  private readonly waiting: Waiting;
  private readonly hash: ConsistentHash;
  private readonly label: string | undefined;
  private places: HashPlaces | undefined = undefined;
  /** The version of the set that {@link places} belongs to. */
  private version = -1;

  constructor(set: EndpointSet, waiting: Waiting, { pick, label }: Settings) {
    this.set = set;
    this.waiting = waiting;
    this.hash = pick!;
    this.label = label;
  }

  tryReady(request: unknown): Held | undefined {
    takeRefusal();
    if (this.set.all.length === 0) return refuse(layerName, { label: this.label, reason: "endpoints" });
    if (request === undefined) return this.oneOfEach();
    const key = this.keyOf(request);
    const refusals = new Refusals();
    const failed = new Set<Endpoint>();
    for (;;) {
      const endpoint = this.find(key, (other) => !failed.has(other));
      if (endpoint === undefined) return refusals.leave(this.label);
      const permit = tryAt(endpoint, request, refusals);
      if (permit !== undefined) return this.exchangeable(permit, endpoint, key);
      if (refusals.full) return refusals.leave(this.label);
      failed.add(endpoint);
    }
  }

  wait(options: ReadyOptions<unknown>): Promise<Held> {
    if (options.request === undefined) return this.waitForEach(options);
    const key = this.keyOf(options.request);
    const guide: Guide = {
      next: (waiter: Waiter) => this.find(key, (endpoint) => waiter.mayJoin(endpoint)),
      held: (permit, endpoint) => this.exchangeable(permit, endpoint, key),
    };
    return this.waiting.join(options, guide);
  }

  /** The endpoint for `key`, among those that are accepted. */
  private find(key: Key, accepts: (endpoint: Endpoint) => boolean): Endpoint | undefined {
    // First: whoever is told of what it readmits may change the set.
    const { usable } = this.set;
    const { all, weight } = this.set;
    if (usable.length === 0) return undefined;
    if (this.version !== this.set.version) {
      this.places = this.hash.place(all);
      // Last: where it throws, the next caller is told, too.
      this.version = this.set.version;
    }
    const { boundedLoad } = this.hash;
    const mayUse = (endpoint: Endpoint): boolean => this.set.mayUse(endpoint) && accepts(endpoint);
    const first = (accept: (endpoint: Endpoint) => boolean): Endpoint | undefined =>
      all[this.places!.find(key, (index) => accept(all[index]!))];
    if (boundedLoad === undefined) return first(mayUse);
    // With this one. Calls at endpoints that are deleted or ejected are no load of those in use.
    const pending = usable.reduce((sum, endpoint) => sum + endpoint.pending, 1);
    const share = (boundedLoad * pending) / weight;
    const bounded = first((endpoint) => mayUse(endpoint) && endpoint.pending < Math.ceil(share * endpoint.weight));
    // An endpoint above the bound is better than none.
    return bounded ?? first(mayUse);
  }

  /** The key of a request; a random one where the request may go to any endpoint. */
  private keyOf(request: unknown): Key {
    const key: unknown = this.hash.key(request);
    if (typeof key === "string" || typeof key === "number") return key;
    if (key === undefined) return this.set.below(2 ** 32);
    throw new TypeError(`${layerName}: key must return a string, a number or undefined; received ${show(key)}`);
  }

  /** A permit for `endpoint`. Spent on a request of another endpoint it is released, and that endpoint is tried once. */
  private exchangeable(permit: Held, endpoint: Endpoint, reservedFor: Key): Held {
    return permitOf(
      (request: unknown, options) => {
        let found: Endpoint | undefined;
        try {
          found = this.foundFor(request, reservedFor, endpoint);
        } catch (error) {
          permit.release();
          throw error;
        }
        if (found === endpoint) return permit.call(request, options);
        permit.release();
        return this.callAtOnce(found, request, options);
      },
      () => permit.release(),
    );
  }

  private foundFor(request: unknown, reservedFor: Key, endpoint: Endpoint): Endpoint | undefined {
    const key: unknown = this.hash.key(request);
    return key === undefined || Object.is(key, reservedFor) ? endpoint : this.find(this.keyOf(request), () => true);
  }

  private callAtOnce(endpoint: Endpoint | undefined, request: unknown, options: CallOptions): Promise<unknown> {
    if (endpoint === undefined) throw this.withoutEndpoint();
    takeRefusal();
    const permit = endpoint.tryReady(request);
    if (permit !== undefined) return permit.call(request, options);
    const refusal = takeRefusal();
    throw new OverloadedError(refusal?.layer ?? layerName, refusal ?? { label: this.label });
  }

  /** For a request that is not known yet: reserves a permit at each endpoint, or none. */
  private oneOfEach(): Held | undefined {
    const held = new Map<Endpoint, Held>();
    const refusals = new Refusals();
    for (const endpoint of this.set.usable) {
      const permit = tryAt(endpoint, undefined, refusals);
      if (permit !== undefined) held.set(endpoint, permit);
      else if (refusals.full) break;
    }
    if (!refusals.full && held.size > 0) return this.oneOf(held);
    giveBack(held);
    return refusals.leave(this.label);
  }

  /** As {@link oneOfEach}, but waits for each endpoint in turn, and holds the permits of those before it. */
  private async waitForEach(options: ReadyOptions<unknown>): Promise<Held> {
    const { signal, deadline } = options;
    const held = new Map<Endpoint, Held>();
    const refusals = new Refusals();
    try {
      // Without endpoints, it waits for the first to be added.
      if (this.set.all.length === 0) {
        const guide: Guide = {
          next: (waiter) => this.set.usable.find((endpoint) => waiter.mayJoin(endpoint)),
          held: (permit) => permit,
        };
        (await this.waiting.join({ signal, deadline }, guide)).release();
      }
      for (const endpoint of this.set.usable) {
        try {
          throwIfAborted(signal);
          const permit = tryAt(endpoint, undefined, new Refusals());
          held.set(endpoint, permit ?? (await this.waiting.join({ signal, deadline }, this.only(endpoint))));
        } catch (error) {
          throwIfAborted(signal);
          refusals.threw(error);
        }
      }
      if (held.size === 0) throw refusals.reason;
      return this.oneOf(held);
    } catch (error) {
      giveBack(held);
      throw error;
    }
  }

  private oneOf(held: Map<Endpoint, Held>): Held {
    return permitOf(
      (request: unknown, options) => {
        let found: Endpoint | undefined;
        let permit: Held | undefined;
        try {
          const key = this.keyOf(request);
          // Rather one where a permit is held: the readiness of the others has failed, or they are new.
          found = this.find(key, (endpoint) => held.has(endpoint)) ?? this.find(key, () => true);
          permit = found && held.get(found);
          if (found !== undefined) held.delete(found);
        } finally {
          giveBack(held);
        }
        return permit === undefined ? this.callAtOnce(found, request, options) : permit.call(request, options);
      },
      () => giveBack(held),
    );
  }

  /** Waits at one endpoint alone. */
  private only(endpoint: Endpoint): Guide {
    return {
      next: (waiter) => {
        if (!this.set.mayUse(endpoint)) throw this.withoutEndpoint();
        return waiter.mayJoin(endpoint) ? endpoint : undefined;
      },
      held: (permit) => permit,
    };
  }

  /** The refusal where there is no endpoint any more. */
  private withoutEndpoint(): OverloadedError {
    return new OverloadedError(layerName, { label: this.label, reason: "endpoints" });
  }
}

/** Releases all permits, the last first. */
function giveBack(held: ReadonlyMap<Endpoint, Held>): void {
  for (const permit of [...held.values()].reverse()) permit.release();
}
