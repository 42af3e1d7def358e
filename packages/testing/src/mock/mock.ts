import { type CallOptions, type ReadyOptions, refuse } from "@sluice/core";
import { type Behaviour, nothing, Reservation, spentAlready, type Stack } from "@sluice/core/internal";
import { abortReason, Line, requireNumber } from "@sluice/core/kit";
import type { MockHandle, MockRequest } from "./mock-handle.ts";

/** Notified while a mock service is used. */
export interface MockObserver<Req, Res> {
  /** Readiness is asked for, for a request (undefined: blindly). */
  asked?(request: unknown): void;
  /** A caller is about to wait for readiness. */
  waits?(options: ReadyOptions): void;
  /** A reservation was released. */
  gaveBack?(): void;
  /** A call arrived, on a reservation that was made for the request `reservedFor`. */
  arrived?(call: MockRequest<Req, Res>, reservedFor: unknown): void;
  /** A reservation was spent or released a second time. */
  misused?(how: string): void;
}

/** A reservation of one more call. */
interface Share {
  readonly reservedFor: unknown;
  over: boolean;
}

/** Both ends of a mock service. */
export class Mock<Req, Res> implements MockHandle<Req, Res>, Stack {
  allowed: number = Number.POSITIVE_INFINITY;
  reserved = 0;
  active = 0;
  calls = 0;
  released = 0;
  /** The failure of readiness that the next caller to ask gets. */
  failure: { readonly error: unknown } | undefined;
  /** Calls that `nextRequest` has not returned; empty while `takers` is not. */
  private readonly arrived: MockRequest<Req, Res>[] = [];
  private readonly takers: ((request: MockRequest<Req, Res>) => void)[] = [];
  private readonly line: Line<Reservation> = new Line(() => {
    this.serve();
  });
  private readonly observer: MockObserver<Req, Res>;
  private readonly behaviour: Behaviour<Share> = {
    start: ({ state }, request, options) => {
      if (this.isOver(state, "spent")) return spentAlready();
      this.reserved--;
      return this.receive(request as Req, options, state);
    },
    cancel: ({ state }) => {
      if (this.isOver(state, "given back")) return;
      this.reserved--;
      this.released++;
      this.allowed++;
      this.observer.gaveBack?.();
      this.serve();
    },
  };

  constructor(observer: MockObserver<Req, Res> = {}) {
    this.observer = observer;
  }

  get waiting(): number {
    return this.line.size;
  }

  readonly tryReserve: Stack["tryReserve"] = (request) => {
    this.observer.asked?.(request);
    if (this.failure !== undefined) {
      const { error } = this.failure;
      this.failure = undefined;
      throw error;
    }
    return this.line.blocks() || this.allowed === 0 ? refuse("mockService") : this.take(request);
  };

  readonly reserve: Stack["reserve"] = (asker) => {
    const { request, signal, deadline } = asker;
    let reservation: Reservation | undefined;
    try {
      reservation = this.tryReserve(request);
    } catch (error) {
      asker.failed(error);
      return;
    }
    if (reservation !== undefined) asker.granted(reservation);
    else {
      const options = { request, signal, deadline };
      this.observer.waits?.(options);
      this.line.join(options).then(
        (late) => {
          // The signal may have aborted between the grant and now.
          if (signal?.aborted) {
            late.cancel();
            asker.failed(abortReason(signal));
          } else asker.granted(late);
        },
        (reason) => {
          asker.failed(reason);
        },
      );
    }
  };

  allow(count: number): void {
    this.allowed = requireNumber("mockService", "allow", count, { min: 0, integer: true, infinity: true });
    this.serve();
  }

  nextRequest(): Promise<MockRequest<Req, Res>> {
    const request = this.arrived.shift();
    if (request !== undefined) return Promise.resolve(request);
    return new Promise((resolve) => {
      this.takers.push(resolve);
    });
  }

  expectNoRequest(): void {
    if (this.arrived.length > 0) {
      throw new Error(`mockService: expected no request, and ${this.arrived.length} arrived.`);
    }
  }

  sendFailure(error: unknown): void {
    if (this.line.size === 0) this.failure = { error };
    while (this.line.size > 0) this.line.refuse(error);
  }

  private take(reservedFor: unknown): Reservation {
    this.allowed--;
    this.reserved++;
    const share: Share = { reservedFor, over: false };
    return new Reservation<any>(this.behaviour, share, nothing);
  }

  /** Reservations inside a stack are unchecked, so a layer that uses one twice is seen here. */
  private isOver(share: Share, how: string): boolean {
    if (share.over) this.observer.misused?.(how);
    const { over } = share;
    share.over = true;
    return over;
  }

  private serve(): void {
    while (this.line.size > 0 && this.allowed > 0) this.line.grant(this.take(this.line.first?.options.request));
  }

  private receive(request: Req, options: CallOptions, { reservedFor }: Share): Promise<Res> {
    this.calls++;
    this.active++;
    // The layers get this promise itself, so that `respond` settles it synchronously.
    return new Promise((resolve, reject) => {
      let answered = false;
      const answer = (settle: () => void): void => {
        if (answered) return;
        answered = true;
        this.active--;
        settle();
      };
      const call: MockRequest<Req, Res> = {
        request,
        options,
        get answered() {
          return answered;
        },
        respond(response) {
          answer(() => {
            resolve(response);
          });
        },
        fail(error) {
          answer(() => {
            reject(error);
          });
        },
      };
      this.observer.arrived?.(call, reservedFor);
      const taker = this.takers.shift();
      if (taker === undefined) this.arrived.push(call);
      else taker(call);
    });
  }
}
