import type { CallOptions, Service } from "@sluice/core";
import { show } from "@sluice/core/kit";
import { lookAtRest } from "./at-rest.ts";
import type { Chronicle } from "./trace.ts";
import { Errand, type Held } from "./operation.ts";
import { type Arrival, type Inside, nobody } from "./inner-service.ts";
import { nameOf } from "./name-of.ts";
import type { Subject } from "./subject.ts";

/** Those who use the layer. What they do are methods, and each looks for promises that are broken by it. */
export class Callers {
  readonly errands: Errand[] = [];
  held: readonly Held[] = [];
  /** Permits that were spent or given back. */
  readonly used: Held[] = [];
  /** Whether somebody has waited for readiness. */
  waited = false;
  /** Whether those who are served inside come to the next line, if there is one, before anybody else can. */
  orderKnown = true;
  /** Somebody called without options, so that nothing could be handed up to them. */
  bare = false;
  /** Somebody reserved blindly, or for another request than was called. */
  crossed = false;
  readonly service: Service<unknown, unknown>;
  readonly inside: Inside;
  readonly subject: Subject;
  readonly chronicle: Chronicle;

  constructor(service: Service<unknown, unknown>, inside: Inside, subject: Subject, chronicle: Chronicle) {
    this.service = service;
    this.inside = inside;
    this.subject = subject;
    this.chronicle = chronicle;
  }

  /** Errands that are not over, with all that goes on because of them. */
  get going(): readonly Errand[] {
    return this.errands.filter(({ open, works }) => open || works > 0);
  }

  /** `service.tryReady(request)`; undefined also when it throws. */
  tryReady(request: unknown, told = true): Held | undefined {
    const { chronicle } = this;
    const what = `tryReady(${told ? show(request) : ""})`;
    const first = chronicle.hasty ? undefined : this.firstInLine(request, told);
    let permit: Held["permit"] | undefined;
    try {
      permit = this.subject.context.run(nobody, () => this.service.tryReady(told ? request : undefined));
    } catch (error) {
      chronicle.did(`${what} throws ${nameOf(error)}`);
      return undefined;
    }
    chronicle.did(`${what}: ${permit === undefined ? "none" : "a permit"}`);
    if (permit === undefined) return undefined;
    if (first !== undefined) {
      chronicle.whenSettled(() => {
        // Whoever was about to be refused or has given up is not overtaken.
        if (first.state !== "failed")
          chronicle.broken("notOvertaken", `tryReady got a permit while #${first.id} was in line`);
      });
    }
    return this.hold({ permit, request, told });
  }

  /** `service.ready({ request, signal, deadline })`. */
  ready(request: unknown, told = true): Errand {
    const errand = this.errand("ready", request, told);
    this.chronicle.did(`#${errand.id} ready(${told ? show(request) : ""})`);
    this.askReady(errand);
    return errand;
  }

  /** `service.call(request, options)`; without options where `bare`. */
  call(request: unknown, bare = false): Errand {
    const errand = this.errand("call", request, true);
    this.chronicle.did(`#${errand.id} call(${show(request)}${bare ? "" : ", options"})`);
    this.start(errand, bare, (options) => this.service.call(request, options));
    return errand;
  }

  /** `permit.call(request, options)`: the request that it was reserved for, or another. */
  spend(held: Held, request: unknown = held.request): Errand {
    const errand = this.errand("call", request, held.told && Object.is(request, held.request));
    const nothingInside = this.unreserved > 0;
    this.use(held);
    this.chronicle.did(`#${errand.id} permit.call(${show(request)}, options)`);
    const { asked, mock } = this.inside;
    const { calls } = mock;
    this.start(errand, false, (options) => held.permit.call(request, options));
    if (this.reservesInside && errand.told && this.inside.asked > asked && (nothingInside || mock.calls === calls)) {
      this.chronicle.broken("exactlyOne", "a call on a permit asked for readiness inside once more");
    }
    return errand;
  }

  /** `permit.release()`. */
  release(held: Held): void {
    // Whoever moves meanwhile may have reserved what another permit lacks.
    const isReserved = this.chronicle.calm && this.going.length === 0 && this.unreserved <= 0;
    this.use(held);
    this.chronicle.did("permit.release()");
    const { mock } = this.inside;
    const { released } = mock;
    this.subject.context.run(nobody, () => {
      held.permit.release();
    });
    if (this.reservesInside && isReserved && mock.released === released) {
      this.chronicle.broken("inOrder", "release returned before what was reserved inside had been given back");
    }
  }

  /** Aborts what an errand asked for. */
  abort(errand: Errand): void {
    const { chronicle, going } = this;
    const { calm } = chronicle;
    const { id, reason, kind, watched } = errand;
    const [arrival, ...more] = this.inside.inFlight;
    chronicle.did(`#${id} aborts`);
    this.subject.context.run(nobody, () => {
      watched.abort(reason);
    });
    const mustReject = (who: string): void => {
      chronicle.whenSettled(() => {
        if (errand.open || (calm && errand.failure !== reason)) {
          chronicle.broken("leavesAtOnce", `#${id}, ${who}, did not reject with signal.reason itself at once`);
        }
      });
    };
    if (kind === "ready") {
      if (errand.waiting) mustReject("who waited");
      return;
    }
    // Which call inside is whose is only certain where there is one.
    if (this.bare || !calm || going.length !== 1 || going[0] !== errand) return;
    if (arrival === undefined) mustReject("which was not running");
    else if (more.length === 0) this.mustPassOn(errand, arrival);
  }

  private mustPassOn(errand: Errand, { call }: Arrival): void {
    const { chronicle } = this;
    chronicle.whenSettled(() => {
      if (call.options.signal?.aborted !== true) {
        chronicle.broken("passedDown", `the abort of #${errand.id} was not passed on to the work inside`);
      }
      if (!errand.open && errand.works === 0 && !call.answered) {
        chronicle.broken("passedDown", `#${errand.id} settled when it was aborted, and its work inside went on`);
      }
    });
  }

  /** Everything has come to rest: who waits, and what goes on? */
  settled(): void {
    for (const errand of this.errands) errand.waiting = errand.open && !errand.aborted;
    this.waited ||= this.errands.some(({ kind, waiting }) => kind === "ready" && waiting);
    lookAtRest(this);
  }

  /** Somebody waits inside, and has not been told of the caller's deadline. */
  waitsForEver(): void {
    if (!this.bare) this.chronicle.broken("loseNothing", "who waits inside was not told of the deadline");
  }

  /** Whether a permit of the layer must have one inside. */
  get reservesInside(): boolean {
    return this.subject.absorbs === false && !this.inside.unready;
  }

  /** Permits in hand for which nothing is reserved inside: whoever recovers from a failure answers by itself. */
  private get unreserved(): number {
    return this.held.length - this.inside.mock.reserved;
  }

  errand(kind: Errand["kind"], request: unknown, told: boolean): Errand {
    const errand = new Errand(this.errands.length, kind, request, told);
    errand.hasty = this.chronicle.hasty;
    this.errands.push(errand);
    if (!told) this.crossed = true;
    return errand;
  }

  private hold(held: Held): Held {
    if (!held.told) this.crossed = true;
    this.held = [...this.held, held];
    return held;
  }

  use(held: Held): void {
    this.held = this.held.filter((other) => other !== held);
    this.used.push(held);
  }

  askReady(errand: Errand): void {
    const { request, told, readyOptions } = errand;
    this.follow(
      errand,
      () => this.service.ready(readyOptions),
      (permit) => {
        this.chronicle.saw(`#${errand.id} has a permit`);
        this.hold({ permit, request, told });
        this.lookForOvertaken(errand);
      },
    );
  }

  start(errand: Errand, bare: boolean, run: (options: CallOptions | undefined) => Promise<unknown>): void {
    errand.bare = bare;
    this.bare ||= bare;
    const options = errand.callOptions(() => {
      this.chronicle.broken("handedUp", `work of #${errand.id} was handed up only after its answer`);
    });
    this.follow(
      errand,
      () => run(bare ? undefined : options),
      (response) => {
        this.chronicle.saw(`#${errand.id} is answered: ${show(response)}`);
      },
    );
  }

  private follow<T>(errand: Errand, run: () => Promise<T>, kept: (value: T) => void): void {
    let promise: Promise<T>;
    try {
      promise = this.subject.context.run(errand.id, run);
    } catch (error) {
      this.chronicle.broken("neverThrows", `#${errand.id} was told by a synchronous throw: ${nameOf(error)}`);
      promise = Promise.reject(error);
    }
    promise.then(
      (value) => {
        errand.state = "kept";
        kept(value);
      },
      (reason: unknown) => {
        errand.state = "failed";
        errand.failure = reason;
        this.chronicle.saw(`#${errand.id} rejects: ${nameOf(reason)}`);
      },
    );
  }

  /** Who was waiting for the same when everything had come to rest, and was not heard of since. */
  private firstInLine(request: unknown, told: boolean): Errand | undefined {
    // Whoever recovers from a failure of readiness has a permit without one inside: that overtakes nobody.
    if (this.inside.unready) return undefined;
    return this.errands.find((errand) => errand.inLine && errand.told === told && Object.is(errand.request, request));
  }

  private lookForOvertaken({ id, hasty, request, told }: Errand): void {
    const first = hasty ? undefined : this.firstInLine(request, told);
    if (!this.orderKnown || first === undefined || first.id > id) return;
    this.chronicle.whenSettled(() => {
      // Where there was enough for both, who hears of it first says nothing.
      if (first.open) this.chronicle.broken("firstCome", `#${id} was served before #${first.id}, who came first`);
    });
  }
}
