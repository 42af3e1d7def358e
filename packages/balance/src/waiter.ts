import type { Permit, ReadyOptions } from "@sluice/core";
import {
  type AbortListener,
  abortReason,
  abortWith,
  LinkedNode,
  listen,
  throwIfAborted,
  unlisten,
} from "@sluice/core/kit";
import type { Endpoint, EndpointLease } from "./endpoint.ts";
import { Refusals } from "./refusals.ts";
import type { Waiting } from "./waiting.ts";

/** The abort reason with which a waiter leaves the other lines. No caller sees it. */
const servedElsewhere = Object.freeze({ name: "AbortError", message: "Served by another endpoint." });

/** Tells a waiter which endpoints to join, and makes its permit. */
export interface Guide {
  /** Another endpoint that the waiter may join; undefined where there is none. */
  next(waiter: Waiter): Endpoint | undefined;
  /** Makes the caller's permit from the one that `endpoint` granted. */
  held(permit: Permit<any, any, any>, endpoint: Endpoint): Permit<any, any, any>;
}

/** A caller in the lines of several endpoints at the same time. The first that grants a permit serves it. */
export class Waiter extends LinkedNode<Waiter> implements AbortListener {
  readonly options: ReadyOptions<unknown>;
  private readonly owner: Waiting;
  private readonly guide: Guide;
  private readonly resolve: (permit: Permit<any, any, any>) => void;
  private readonly reject: (reason: unknown) => void;
  /** The endpoints in whose lines it waits. */
  private at: Endpoint[] = [];
  /** The endpoints whose readiness has failed for it. */
  private failed: Set<Endpoint> | undefined = undefined;
  private readonly refusals: Refusals = new Refusals();
  private over = false;
  /** Its signal takes the waiter out of all lines; undefined before it is in one. */
  private controller: AbortController | undefined = undefined;
  /** The endpoints that it joins when it wakes. */
  private offered: Endpoint[] = [];
  private resume: () => void = nothing;

  constructor(
    owner: Waiting,
    options: ReadyOptions<unknown>,
    guide: Guide,
    resolve: (permit: Permit<any, any, any>) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.owner = owner;
    this.options = options;
    this.guide = guide;
    this.resolve = resolve;
    this.reject = reject;
  }

  /**
   * Begins to listen to the caller's signal.
   *
   * @throws when the signal is not an `AbortSignal`; its reason, where it is aborted: by a function that an endpoint has called when it was asked
   */
  follow(): void {
    const { signal } = this.options;
    throwIfAborted(signal);
    if (signal !== undefined) listen(signal, this);
  }

  /** Begins to wait. Called in the caller's turn, so in its async context. */
  begin(): void {
    // First: what it asks may run functions of the user's, and these may offer it something.
    this.sleep();
    this.fill();
  }

  /** Whether it does not wait at `endpoint`, and its readiness has not failed there. */
  mayJoin(endpoint: Endpoint): boolean {
    return !this.standsAt(endpoint) && !this.failed?.has(endpoint);
  }

  /** Whether it waits at `endpoint`, or is about to. */
  standsAt(endpoint: Endpoint): boolean {
    return this.at.includes(endpoint) || this.offered.includes(endpoint);
  }

  /** Lets it join `endpoint`, which may have room. It joins in its own async context; new callers are admitted after it. */
  offer(endpoint: Endpoint): void {
    endpoint.joining++;
    this.offered.push(endpoint);
    this.resume();
  }

  /** Lets it look for an endpoint: the one at which it waited was deleted, or there was none. */
  wake(): void {
    this.resume();
  }

  /** @internal the caller aborted */
  aborted(reason: unknown): void {
    this.fail(reason);
  }

  /** Waits for an offer. A promise, so that it resumes in the async context of the caller. */
  private sleep(): void {
    void new Promise<void>((resolve) => {
      this.resume = resolve;
    }).then(() => this.goOn());
  }

  private goOn(): void {
    const { offered } = this;
    this.offered = [];
    if (!this.over) this.sleep();
    for (const endpoint of offered) {
      endpoint.joining--;
      if (endpoint.deleted || this.standsAt(endpoint)) continue;
      this.failed?.delete(endpoint);
      // It has been served or has aborted: offers the endpoint to another waiter.
      if (this.over) this.owner.left(endpoint);
      else this.stand(endpoint);
    }
    if (this.over) return;
    this.at = this.at.filter(({ deleted }) => !deleted);
    this.fill();
  }

  /** Joins as many lines as it may. Where no line is left, it fails with the failure of readiness. */
  private fill(): void {
    try {
      while (!this.over && this.at.length + this.offered.length < this.owner.lines) {
        const endpoint = this.guide.next(this);
        if (endpoint === undefined) break;
        // After those who are about to join its line.
        if (endpoint.joining > 0) this.offer(endpoint);
        else this.stand(endpoint);
      }
    } catch (error) {
      this.fail(error);
    }
    // Without endpoints it waits for the first to be added.
    const isNowhere = this.at.length + this.offered.length === 0;
    if (isNowhere && !this.owner.isEmpty && this.refusals.failed) this.fail(this.refusals.reason);
  }

  private fail(reason: unknown): void {
    if (this.end()) this.reject(reason);
  }

  private stand(endpoint: Endpoint): void {
    this.at.push(endpoint);
    this.controller ??= new AbortController();
    const { request, deadline } = this.options;
    const granted = endpoint.wait({ request, signal: this.controller.signal, deadline });
    const lease = endpoint.latest;
    endpoint.latest = undefined;
    granted.then(
      (permit) => this.granted(endpoint, permit, lease),
      (reason: unknown) => this.refused(endpoint, reason),
    );
  }

  private granted(endpoint: Endpoint, permit: Permit<any, any, any>, lease: EndpointLease | undefined): void {
    const { signal } = this.options;
    const mayUse = this.owner.mayUse(endpoint);
    if (!this.over && mayUse && !signal?.aborted) {
      lease?.count();
      this.end();
      this.resolve(this.guide.held(permit, endpoint));
      return;
    }
    permit.release();
    // Offers the endpoint to another waiter.
    this.owner.left(endpoint);
    if (signal?.aborted) this.fail(abortReason(signal));
    else if (!this.over && !mayUse) {
      // It was ejected meanwhile.
      this.at = this.at.filter((other) => other !== endpoint);
      this.fill();
    }
  }

  private refused(endpoint: Endpoint, reason: unknown): void {
    if (this.over) return;
    this.at = this.at.filter((other) => other !== endpoint);
    if (!endpoint.deleted) {
      this.refusals.threw(reason);
      (this.failed ??= new Set()).add(endpoint);
    }
    this.fill();
  }

  /** Leaves all lines; false where it already has. */
  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    this.owner.leave(this);
    const { signal } = this.options;
    if (signal !== undefined) unlisten(signal, this);
    if (this.controller !== undefined) abortWith(this.controller, servedElsewhere);
    return true;
  }
}

const nothing = (): void => {};
