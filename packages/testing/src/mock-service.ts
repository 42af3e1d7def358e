import { type CallOptions, refuse, type Service } from "@sluice/core";
import {
  type Behaviour,
  Line,
  nothing,
  requireNumber,
  Reservation,
  type Stack,
  stackService,
} from "@sluice/core/internal";

/** A call that reached a mock service. It is in flight until it is answered; the first answer counts. */
export interface MockRequest<out Req, in Res> {
  /** What was asked. */
  readonly request: Req;
  /** What the layers further out passed down: `signal`, `deadline`, `waitUntil`. */
  readonly options: CallOptions;
  /** Whether it has been answered. */
  readonly answered: boolean;
  /** Answers. The response is on its way as soon as this returns. */
  readonly respond: (response: Res) => void;
  /** Fails the call. */
  readonly fail: (error: unknown) => void;
}

/** The other end of a mock service. */
export interface MockHandle<out Req, in Res> {
  /** How many more may be reserved: Infinity at first. A permit that is released gives its share back, a call does not. */
  readonly allowed: number;
  /** Permits held, neither called nor released. */
  readonly reserved: number;
  /** Callers who wait to reserve. */
  readonly waiting: number;
  /** Calls in flight. */
  readonly active: number;
  /** Calls that arrived, from the beginning. */
  readonly calls: number;
  /** Permits that were released unused, from the beginning. */
  readonly released: number;
  /**
   * Sets how many more may be reserved, whatever it was; those who wait are served in order.
   *
   * @param count a whole number of 0 or more, or Infinity
   * @throws TypeError | RangeError when it is none
   */
  allow(count: number): void;
  /** The next call, in the order they arrived; waits for it when there is none. Each is handed out once. */
  nextRequest(): Promise<MockRequest<Req, Res>>;
  /** @throws Error when a call has arrived that nobody took */
  expectNoRequest(): void;
  /**
   * Readiness fails, once: for all who wait, or, when nobody does, for the next one to ask. `ready` then rejects, and
   * `tryReady` throws, with `error` itself.
   */
  sendFailure(error: unknown): void;
}

/**
 * A service whose readiness and answers are up to the test, and the handle to them.
 *
 * @example
 * const [inner, handle] = mockService<string, number>();
 * const service = new ServiceBuilder().layer(concurrencyLimit(1)).service(inner);
 * const answer = service.call("seven");
 * const { request, respond } = await handle.nextRequest();
 * respond(request.length);
 * await answer; // 5
 */
export function mockService<Req = any, Res = any, Err = never>(): [Service<Req, Res, Err>, MockHandle<Req, Res>] {
  const mock = new Mock<Req, Res>();
  return [stackService(mock), mock];
}

class Mock<Req, Res> implements MockHandle<Req, Res>, Stack {
  allowed: number = Number.POSITIVE_INFINITY;
  reserved = 0;
  active = 0;
  calls = 0;
  released = 0;
  private failure: { readonly error: unknown } | undefined;
  /** Calls that nobody took; empty while somebody waits for one. */
  private readonly arrived: MockRequest<Req, Res>[] = [];
  private readonly takers: ((request: MockRequest<Req, Res>) => void)[] = [];
  private readonly line: Line<Reservation> = new Line(() => {
    this.serve();
  });
  private readonly behaviour: Behaviour<undefined> = {
    start: (_reservation, request, options) => {
      this.reserved--;
      return this.receive(request as Req, options);
    },
    cancel: () => {
      this.reserved--;
      this.released++;
      this.allowed++;
      this.serve();
    },
  };

  get waiting(): number {
    return this.line.size;
  }

  readonly tryReserve: Stack["tryReserve"] = () => {
    if (this.failure !== undefined) {
      const { error } = this.failure;
      this.failure = undefined;
      throw error;
    }
    return this.line.blocked || this.allowed === 0 ? refuse("mockService") : this.take();
  };

  readonly reserve: Stack["reserve"] = (options, granted, failed) => {
    let reservation: Reservation | undefined;
    try {
      reservation = this.tryReserve(options.request);
    } catch (error) {
      failed(error);
      return;
    }
    if (reservation !== undefined) granted(reservation);
    else {
      this.line.join(options).then((late) => {
        // The abort may have come between the grant and now.
        if (options.signal?.aborted) {
          late.cancel();
          failed(options.signal.reason);
        } else granted(late);
      }, failed);
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

  private take(): Reservation {
    this.allowed--;
    this.reserved++;
    return new Reservation<any>(this.behaviour, undefined, nothing);
  }

  private serve(): void {
    while (this.line.size > 0 && this.allowed > 0) this.line.grant(this.take());
  }

  private receive(request: Req, options: CallOptions): Promise<Res> {
    this.calls++;
    this.active++;
    // The promise that is resolved is the one that the layers get: nothing stands between `respond` and them.
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
      const taker = this.takers.shift();
      if (taker === undefined) this.arrived.push(call);
      else taker(call);
    });
  }
}
