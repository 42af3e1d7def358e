import type { Permit, ReadyOptions } from "@sluice/core";
import { type AbortListener, abortReason, abortWith, LinkedNode, listen, unlisten } from "@sluice/core/kit";
import type { Endpoint, EndpointLease } from "./endpoint.ts";
import { Refusals } from "./refusals.ts";
import type { Waiting } from "./waiting.ts";

/** What a waiter leaves the other lines with. Nobody sees it. */
const servedElsewhere = Object.freeze({ name: "AbortError", message: "Served by another endpoint." });

/** Where waiters go, and what they get there. */
export interface Guide {
  /** Which endpoint a waiter may join, too; undefined: no other. */
  next(waiter: Waiter): Endpoint | undefined;
  /** The permit for the caller, of the one that `endpoint` granted. */
  held(permit: Permit<any, any, any>, endpoint: Endpoint): Permit<any, any, any>;
}

/** A caller in the lines of several endpoints at once. Whichever grants first serves it. */
export class Waiter extends LinkedNode<Waiter> implements AbortListener {
  readonly options: ReadyOptions<unknown>;
  private readonly owner: Waiting;
  private readonly guide: Guide;
  private readonly resolve: (permit: Permit<any, any, any>) => void;
  private readonly reject: (reason: unknown) => void;
  /** In whose lines it stands. */
  private at: Endpoint[] = [];
  /** Whose readiness has failed for it. */
  private failed: Set<Endpoint> | undefined = undefined;
  private readonly refusals: Refusals = new Refusals();
  private over = false;
  /** Takes it out of all lines; undefined before it is in one. */
  private controller: AbortController | undefined = undefined;
  /** What it is to join when it wakes. */
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
   * Begins to follow the caller's signal.
   *
   * @throws what the signal throws, where it is none
   */
  follow(): void {
    const { signal } = this.options;
    if (signal !== undefined) listen(signal, this);
  }

  /** Begins to wait. Called in the caller's turn. */
  begin(): void {
    this.fill();
    if (!this.over) this.sleep();
  }

  /** Whether it neither stands at `endpoint`, nor has its readiness failed for it. */
  mayJoin(endpoint: Endpoint): boolean {
    return !this.at.includes(endpoint) && !this.failed?.has(endpoint);
  }

  /** Whether it stands in a line there. */
  standsAt(endpoint: Endpoint): boolean {
    return this.at.includes(endpoint);
  }

  /** It may join `endpoint`, where something changed. It does so in its own async context, and newcomers are let in after it. */
  offer(endpoint: Endpoint): void {
    endpoint.joining++;
    this.offered.push(endpoint);
    this.resume();
  }

  /** Looks for an endpoint again: the one at which it stood is gone, or there was none. */
  wake(): void {
    this.resume();
  }

  /** @internal the caller gave up */
  aborted(reason: unknown): void {
    this.fail(reason);
  }

  /** Waits for an offer. A promise, so that it goes on in the async context of the caller. */
  private sleep(): void {
    void new Promise<void>((resolve) => {
      this.resume = resolve;
    }).then(() => this.goOn());
  }

  private goOn(): void {
    const { offered } = this;
    this.offered = [];
    for (const endpoint of offered) {
      endpoint.joining--;
      if (endpoint.deleted || this.standsAt(endpoint)) continue;
      this.failed?.delete(endpoint);
      // It was served meanwhile, or has given up: then another may have use for it.
      if (this.over) this.owner.left(endpoint);
      else this.stand(endpoint);
    }
    if (this.over) return;
    this.at = this.at.filter(({ deleted }) => !deleted);
    this.fill();
    if (!this.over) this.sleep();
  }

  /** Stands in as many lines as it may. Where none is left to stand in, its readiness has failed. */
  private fill(): void {
    try {
      while (!this.over && this.at.length < this.owner.lines) {
        const endpoint = this.guide.next(this);
        if (endpoint === undefined) break;
        this.stand(endpoint);
      }
    } catch (error) {
      this.fail(error);
    }
    // Without any endpoint it waits for the first.
    if (this.at.length === 0 && !this.owner.isEmpty && this.refusals.failed) this.fail(this.refusals.reason);
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
    if (!this.over && !endpoint.deleted && !signal?.aborted) {
      lease?.count();
      this.end();
      this.resolve(this.guide.held(permit, endpoint));
      return;
    }
    permit.release();
    // Another may have use for it.
    if (!endpoint.deleted) this.owner.left(endpoint);
    if (signal?.aborted) this.fail(abortReason(signal));
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

  /** Leaves all lines; false where it has done so before. */
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
