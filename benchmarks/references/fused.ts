import { TimeoutList, type Timed } from "./timeout.ts";
import type { Work } from "./work.ts";

/** The options of the stack of five layers. */
export interface FusedOptions {
  readonly max: number;
  readonly limit: number;
  readonly interval: number;
  readonly maxRetries: number;
  readonly base: number;
  readonly cap: number;
  readonly ms: number;
}

/**
 * Shed, rate, limit, retry and timeout, the five layers of the composed stack, in one hand-written function: the clock is read once, with
 * one promise and one object.
 *
 * It keeps the cheap promises: it refuses at the limit and above the rate without waiting; an attempt that takes too long is aborted by its
 * signal and retried; the slot is held until all work has settled, abandoned work included; a failure that the caller ignores is reported.
 * It leaves out a line, permits, the caller's signal and deadline.
 */
export function fused<Req, Res>(work: Work<Req, Res>, options: FusedOptions): Work<Req, Res> {
  const { max, interval, maxRetries, base, cap, ms } = options;
  const token = interval / options.limit;
  const tolerance = interval - token;
  const timeouts = new TimeoutList(ms);
  let active = 0;
  let theoretical = 0;

  /** Abandoned work also holds the slot: `pending` counts the request and each such attempt. */
  class Fused {
    readonly request: Req;
    readonly resolve: (response: Res) => void;
    readonly reject: (reason: unknown) => void;
    retries = 0;
    pending = 1;

    constructor(request: Req, resolve: (response: Res) => void, reject: (reason: unknown) => void) {
      this.request = request;
      this.resolve = resolve;
      this.reject = reject;
    }

    attempt(now: number): void {
      const timed: Timed = timeouts.add(now);
      let givenUp = false;
      timed.giveUp = (error) => {
        givenUp = true;
        this.pending++;
        this.failed(error);
      };
      void work(this.request, timed).then(
        (response) => {
          if (givenUp) this.left();
          else {
            timeouts.remove(timed);
            this.left();
            this.resolve(response);
          }
        },
        (reason: unknown) => {
          if (givenUp) this.left();
          else {
            timeouts.remove(timed);
            this.failed(reason);
          }
        },
      );
    }

    failed(reason: unknown): void {
      if (this.retries === maxRetries) {
        this.left();
        this.reject(reason);
      } else {
        const delay = Math.random() * Math.min(cap, base * 2 ** this.retries++);
        setTimeout(() => this.attempt(performance.now()), delay);
      }
    }

    left(): void {
      if (--this.pending === 0) active--;
    }
  }

  return (request) => {
    if (active >= max) return Promise.reject(new Error("full"));
    const now = performance.now();
    if (theoretical < now) theoretical = now;
    if (theoretical - now > tolerance) return Promise.reject(new Error("too often"));
    theoretical += token;
    active++;
    return new Promise((resolve, reject) => {
      new Fused(request, resolve, reject).attempt(now);
    });
  };
}
