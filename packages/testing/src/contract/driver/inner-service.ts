import { type AnyService, refuse, Semaphore } from "@sluice/core";
import { stackService } from "@sluice/core/internal";
import { show } from "@sluice/core/kit";
import type { MockRequest } from "../../mock/mock-handle.ts";
import { Mock } from "../../mock/mock.ts";
import { ForeignService } from "./foreign-service.ts";
import { nameOf } from "./name-of.ts";
import type { Subject } from "./subject.ts";
import type { Trace } from "./trace.ts";

/** A call that reached the inner service. */
export interface Arrival {
  readonly call: MockRequest<unknown, unknown>;
  /** Its number in the report: `call 0`. */
  readonly number: number;
}

/** The async context of code that belongs to no operation: the inner service, time, and synchronous methods. */
export const nobody = -1;

/** The service that the layer wraps: a mock that records what reaches it, and so shows breaches of the layer. */
export class InnerService {
  readonly mock: Mock<unknown, unknown>;
  /** All calls that arrived. */
  readonly arrivals: Arrival[] = [];
  /** How often readiness was asked for. */
  asked = 0;
  /** The operations on whose behalf readiness was asked for, as far as async contexts tell. */
  readonly askedFor: Set<number> = new Set();
  /** The request that readiness was last asked for. */
  lastRequest: unknown;
  /** Called, while it is set, when a reservation is released. */
  whenGivenBack: (() => void) | undefined;
  /** Whether readiness has failed. From then on a permit of a layer that recovers from failures may have nothing reserved here. */
  unready = false;
  /** Functions that resolve the pending work that was registered with `waitUntil`. */
  private readonly ends: (() => void)[] = [];
  /** The request that it is not ready for, while it is ready for others. */
  private closed: { readonly to: unknown; readonly line: Semaphore } | undefined;
  private readonly subject: Subject;
  private readonly trace: Trace;

  /**
   * @param arrived called for each call, with the request that it was reserved for
   * @param waitsForEver called when a caller is about to wait without a deadline
   */
  constructor(
    subject: Subject,
    trace: Trace,
    arrived: (arrival: Arrival, reservedFor: unknown) => void,
    waitsForEver: () => void,
  ) {
    this.subject = subject;
    this.trace = trace;
    this.mock = new Mock<unknown, unknown>({
      asked: (request) => {
        this.asked++;
        this.lastRequest = request;
        this.askedFor.add(subject.context.current ?? nobody);
      },
      waits: ({ request, deadline }) => {
        if (request !== undefined && deadline === undefined) waitsForEver();
      },
      gaveBack: () => {
        this.whenGivenBack?.();
      },
      arrived: (call, reservedFor) => {
        const arrival = { call, number: this.arrivals.length };
        this.arrivals.push(arrival);
        arrived(arrival, reservedFor);
      },
      misused: (how) => {
        trace.broken("returnedOnce", `a reservation inside was ${how}, and it had been spent or released before`);
      },
    });
  }

  /**
   * The service that the layer gets: one of core, which layers use as a stack, or a {@link ForeignService}, which they use through its
   * permits.
   */
  service(foreign: boolean): AnyService {
    const { mock } = this;
    const ours = stackService({
      tryReserve: (request) => (this.isClosed(request) ? refuse("inside") : mock.tryReserve(request)),
      reserve: (asker) => {
        const { request, signal } = asker;
        if (!this.isClosed(request)) mock.reserve(asker);
        else {
          this.closed?.line.acquire({ request, signal }).then(
            () => {
              mock.reserve(asker);
            },
            (reason) => {
              asker.failed(reason);
            },
          );
        }
      },
    });
    return foreign ? new ForeignService(ours) : ours;
  }

  /** Calls that are not answered. */
  get inFlight(): readonly Arrival[] {
    return this.arrivals.filter(({ call }) => !call.answered);
  }

  /** How many works were registered with `waitUntil` and are pending. */
  get pendingWork(): number {
    return this.ends.length;
  }

  respond({ call, number }: Arrival): void {
    const { responses } = this.subject;
    const response = responses[number % responses.length];
    this.does(`call ${number} is answered: ${show(response)}`, () => {
      call.respond(response);
    });
  }

  fail({ call, number }: Arrival): void {
    this.does(`call ${number} fails`, () => {
      call.fail(new Error(`failure of call ${number}`));
    });
  }

  /** Registers work with `waitUntil`, and answers while that work is pending. */
  handUp(arrival: Arrival): void {
    const { waitUntil } = arrival.call.options;
    if (waitUntil !== undefined) {
      const work = new Promise<void>((resolve) => {
        this.ends.push(resolve);
      });
      this.does(`call ${arrival.number} registers work with waitUntil`, () => {
        try {
          waitUntil(work);
        } catch (error) {
          this.trace.broken("loseNothing", `waitUntil, called by itself, threw ${nameOf(error)}`);
        }
      });
    }
    this.respond(arrival);
  }

  /** Resolves registered work. There must be some at `index`. */
  endWork(index: number): void {
    const [end] = this.ends.splice(index, 1);
    this.does("work that was registered with waitUntil settles", () => end?.());
  }

  /** Sets how many more may be reserved. */
  allow(count: number): void {
    this.does(`allow(${count})`, () => {
      this.mock.allow(count);
    });
  }

  /** Fails readiness for all waiting callers, or for the next one to ask. */
  failReadiness(): void {
    this.unready = true;
    this.does("readiness fails", () => {
      this.mock.sendFailure(new Error("readiness failed"));
    });
  }

  /** Makes callers with this request wait, and no others; undefined opens it again. */
  closeTo(request: unknown): void {
    const { closed } = this;
    this.closed = request === undefined ? undefined : { to: request, line: new Semaphore(0) };
    this.does(request === undefined ? "ready for all" : `not ready for ${show(request)}`, () => {
      if (closed !== undefined) closed.line.max = Number.POSITIVE_INFINITY;
    });
  }

  private isClosed(request: unknown): boolean {
    return this.closed !== undefined && Object.is(this.closed.to, request);
  }

  /** Ends everything in progress here: answers all calls, resolves all work, and admits all callers. */
  finish(): void {
    this.mock.failure = undefined;
    if (this.closed !== undefined) this.closeTo(undefined);
    if (this.mock.allowed !== Number.POSITIVE_INFINITY) this.allow(Number.POSITIVE_INFINITY);
    for (const arrival of this.inFlight) this.respond(arrival);
    while (this.pendingWork > 0) this.endWork(0);
  }

  private does(line: string, run: () => void): void {
    this.trace.did(`inside, ${line}`);
    this.subject.context.run(nobody, run);
  }
}
