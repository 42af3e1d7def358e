import type { CallOptions, Service } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { type Arrival, type InnerService, nobody } from "./inner-service.ts";
import { nameOf } from "./name-of.ts";
import { type Held, Operation } from "./operation.ts";
import { checkNewcomer, checkServed, firstInLine } from "./order.ts";
import type { Subject } from "./subject.ts";
import type { Trace } from "./trace.ts";

/**
 * The callers of the service under check. Each method is an action of a caller, and checks what the contract promises for it, now or after
 * all microtasks have run.
 */
export class Clients {
  readonly operations: Operation[] = [];
  /** Permits that are neither spent nor released, in the order in which they were reserved. */
  held: readonly Held[] = [];
  /** Permits that were spent or released. */
  readonly used: Held[] = [];
  /** Whether an operation has waited for readiness. */
  waited = false;
  /**
   * Whether the order in which the layer serves waiters shows in the order in which they have their permits. It does not where the inner
   * service is foreign and the layer waits for several services: a microtask between two lines is then not the layer's fault.
   */
  orderKnown = true;
  /** Whether a call had no options, so nothing could be registered with `waitUntil`: its caller may not know of running work. */
  bare = false;
  /** Whether a reservation was blind, or for another request than was called: reservations inside and permits may differ in number. */
  crossed = false;
  readonly service: Service<unknown, unknown>;
  readonly inner: InnerService;
  readonly subject: Subject;
  readonly trace: Trace;

  constructor(service: Service<unknown, unknown>, inner: InnerService, subject: Subject, trace: Trace) {
    this.service = service;
    this.inner = inner;
    this.subject = subject;
    this.trace = trace;
  }

  /** Operations that are pending, or have registered work that is pending. */
  get going(): readonly Operation[] {
    return this.operations.filter(({ open, pendingWork }) => open || pendingWork > 0);
  }

  /** `service.tryReady(request)`, blindly unless `told`. Returns undefined also where it throws. */
  tryReady(request: unknown, told = true): Held | undefined {
    const { trace } = this;
    const what = `tryReady(${told ? show(request) : ""})`;
    const first = trace.hasty ? undefined : firstInLine(this, request, told);
    const { asked } = this.inner;
    let permit: Held["permit"] | undefined;
    try {
      permit = this.subject.context.run(nobody, () => this.service.tryReady(told ? request : undefined));
    } catch (error) {
      trace.did(`${what} throws ${nameOf(error)}`);
      return undefined;
    }
    trace.did(`${what}: ${permit === undefined ? "none" : "a permit"}`);
    if (permit === undefined) return undefined;
    const comparable = !this.subject.answers || this.inner.asked > asked;
    if (first !== undefined && comparable) checkNewcomer(this, first);
    return this.hold({ permit, request, told });
  }

  /** `service.ready({ request, signal, deadline })`, blindly unless `told`. */
  ready(request: unknown, told = true): Operation {
    const operation = this.begin("ready", request, told);
    this.trace.did(`#${operation.id} ready(${told ? show(request) : ""})`);
    this.askReady(operation);
    return operation;
  }

  /** `service.call(request, options)`; without options where `bare`. */
  call(request: unknown, bare = false): Operation {
    const operation = this.begin("call", request, true);
    this.trace.did(`#${operation.id} call(${show(request)}${bare ? "" : ", options"})`);
    this.start(operation, bare, (options) => this.service.call(request, options));
    return operation;
  }

  /** `permit.call(request, options)`, with the request that it was reserved for or another. */
  spend(held: Held, request: unknown = held.request): Operation {
    const operation = this.begin("call", request, held.told && Object.is(request, held.request));
    const lacksOne = this.unreserved > 0;
    this.use(held);
    this.trace.did(`#${operation.id} permit.call(${show(request)}, options)`);
    const { asked, mock } = this.inner;
    const { calls } = mock;
    this.start(operation, false, (options) => held.permit.call(request, options));
    // A hedge may ask again once its call inside has begun. Otherwise the permit must already hold the reservation.
    if (this.reservesInside && operation.told && this.inner.asked > asked && (lacksOne || mock.calls === calls)) {
      this.trace.broken("exactlyOne", "a call on a permit asked for readiness inside once more");
    }
    return operation;
  }

  /** `permit.release()`. */
  release(held: Held): void {
    // Known only at rest: another operation may have reserved what this permit lacks.
    const isReserved = this.trace.calm && this.going.length === 0 && this.unreserved <= 0;
    this.use(held);
    this.trace.did("permit.release()");
    const { mock } = this.inner;
    const { released } = mock;
    this.subject.context.run(nobody, () => {
      held.permit.release();
    });
    if (this.reservesInside && isReserved && mock.released === released) {
      this.trace.broken("inOrder", "release returned before the reservation inside was released");
    }
  }

  /** Aborts the signal of an operation. */
  abort(operation: Operation): void {
    const { trace, going } = this;
    const { calm } = trace;
    const { id, reason, kind, watched } = operation;
    const [arrival, ...more] = this.inner.inFlight;
    trace.did(`#${id} aborts`);
    this.subject.context.run(nobody, () => {
      watched.abort(reason);
    });
    const mustReject = (who: string): void => {
      trace.whenSettled(() => {
        // If it was not at rest, it may have been granted or refused before the abort.
        if (operation.open || (calm && operation.failure !== reason)) {
          trace.broken("leavesAtOnce", `#${id}, ${who}, did not reject with signal.reason itself at once`);
        }
      });
    };
    if (kind === "ready") {
      if (operation.waiting) mustReject("who waited");
      return;
    }
    // With several operations or calls, which call inside belongs to which operation is not certain.
    if (this.bare || !calm || going.length !== 1 || going[0] !== operation) return;
    // With single flight, a permit in hand may wait for the answer of that call.
    if (this.subject.answers && this.held.length > 0) return;
    if (arrival === undefined) mustReject("which was not running");
    else if (more.length === 0) this.mustPassOn(operation, arrival);
  }

  /** The abort reaches the work inside, and the operation settles no earlier than that work, unless it registered the work. */
  private mustPassOn(operation: Operation, { call }: Arrival): void {
    const { trace } = this;
    trace.whenSettled(() => {
      if (call.options.signal?.aborted !== true) {
        trace.broken("passedDown", `the abort of #${operation.id} was not passed on to the work inside`);
      }
      if (!operation.open && operation.pendingWork === 0 && !call.answered) {
        trace.broken("passedDown", `#${operation.id} settled when it was aborted, and its work inside went on`);
      }
    });
  }

  /** All microtasks have run: operations that are still pending wait. */
  settled(): void {
    for (const operation of this.operations) operation.waiting = operation.open && !operation.aborted;
    this.waited ||= this.operations.some(({ kind, waiting }) => kind === "ready" && waiting);
  }

  /** Called when a caller waits inside without a deadline, although each operation has one. */
  waitsForEver(): void {
    if (!this.bare) this.trace.broken("loseNothing", "the deadline was not passed on to the wait for readiness inside");
  }

  /** Whether each permit of the layer must hold a reservation inside. */
  get reservesInside(): boolean {
    return this.subject.absorbs === false && !this.inner.unready;
  }

  /** How many held permits have no reservation inside, for a layer may answer by itself. */
  private get unreserved(): number {
    return this.held.length - this.inner.mock.reserved;
  }

  /** Begins the record of an operation. */
  begin(kind: Operation["kind"], request: unknown, told: boolean): Operation {
    const operation = new Operation(this.operations.length, kind, request, told);
    operation.hasty = this.trace.hasty;
    this.operations.push(operation);
    if (!told) this.crossed = true;
    return operation;
  }

  private hold(held: Held): Held {
    if (!held.told) this.crossed = true;
    this.held = [...this.held, held];
    return held;
  }

  /** Records that a permit is used. */
  use(held: Held): void {
    this.held = this.held.filter((other) => other !== held);
    this.used.push(held);
  }

  /** Asks for readiness on behalf of an operation. */
  askReady(operation: Operation): void {
    const { request, told, readyOptions } = operation;
    this.follow(
      operation,
      () => this.service.ready(readyOptions),
      (permit) => {
        this.trace.saw(`#${operation.id} has a permit`);
        this.hold({ permit, request, told });
        checkServed(this, operation);
      },
    );
  }

  /** Calls on behalf of an operation; without options where `bare`. */
  start(operation: Operation, bare: boolean, run: (options: CallOptions | undefined) => Promise<unknown>): void {
    operation.bare = bare;
    this.bare ||= bare;
    const options = operation.callOptions(() => {
      this.trace.broken("handedUp", `work of #${operation.id} was registered with waitUntil only after its answer`);
    });
    this.follow(
      operation,
      () => run(bare ? undefined : options),
      (response) => {
        this.trace.saw(`#${operation.id} is answered: ${show(response)}`);
      },
    );
  }

  /** Runs an operation in its own async context, and records how it settles. */
  private follow<T>(operation: Operation, run: () => Promise<T>, kept: (value: T) => void): void {
    let promise: Promise<T>;
    try {
      promise = this.subject.context.run(operation.id, run);
    } catch (error) {
      this.trace.broken("neverThrows", `#${operation.id} failed with a synchronous throw: ${nameOf(error)}`);
      promise = Promise.reject(error);
    }
    promise.then(
      (value) => {
        operation.state = "kept";
        kept(value);
      },
      (reason: unknown) => {
        operation.state = "failed";
        operation.failure = reason;
        this.trace.saw(`#${operation.id} rejects: ${nameOf(reason)}`);
      },
    );
  }
}
